"""Names of measures, spaces and numbers as people read them."""

from __future__ import annotations

from functools import cache

from longbox.analysis.measures import PAGE_NUMBERS, PANEL_NUMBERS, Measure
from longbox.vectors import Space
from longbox.web.map.routes import SPACE_WORDS
from longbox.wording import spoken

_LONGEST: int = 80
_COMPARED = {"<=": "at most", ">": "more than", "<": "less than", ">=": "at least", "=": "is"}


def space_name(space: str) -> str:
    """Return what people call a space; what is none stays as it is."""
    try:
        return SPACE_WORDS[Space(space)][0]
    except ValueError:
        return spoken(space[:_LONGEST]).capitalize()


def measure_name(measure: str) -> str:
    """Return what a measure is of: "panels on the page"; of a category what it says."""
    known = _measures().get(measure)
    return known.words if known else _category(measure)


def side_name(measure: str, *, is_more: bool) -> str:
    """Return what much or little of a measure is called: "many panels", "few panels"."""
    known = _measures().get(measure)
    if known:
        return known.high if is_more else known.low
    return f"{'more' if is_more else 'less'} often {_category(measure)}"


def rule_words(rule: str) -> str:
    """Put a leaf's conditions into words: "few panels (at most 2.5)"."""
    return ", ".join(_condition(each) for each in rule[:400].split(" and "))


def _condition(said: str) -> str:
    name, _, rest = said.strip().partition(" ")
    sign, _, value = rest.partition(" ")
    if name not in _measures() or sign not in _COMPARED:
        return spoken(said.strip())
    return f"{measure_name(name)} {_COMPARED[sign]} {value}"


def number(value: float | None, digits: int = 2) -> str:
    """Return a number as people read it; a dash for what is not known."""
    if value is None:
        return "–"
    said = f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.3g}"
    return said.replace("-", "−")


def signed(value: float | None, digits: int = 2) -> str:
    """Return a number with its sign."""
    said = number(value, digits)
    return f"+{said}" if value is not None and value > 0 else said


def percent(value: float | None) -> str:
    """Return a share in percent."""
    return "–" if value is None else f"{number(value * 100, 0)} %"


def chance_word(p: float | None) -> str:
    """Return a p as people read it."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else number(p, 3 if p < 0.1 else 2)


def _category(measure: str) -> str:
    column, sign, value = measure[:_LONGEST].partition(" = ")
    if sign:
        return f"{spoken(column)}: {spoken(value)}"
    return spoken(column.removeprefix("is_").removeprefix("has_"))


@cache
def _measures() -> dict[str, Measure]:
    return {measure.name: measure for measure in (*PANEL_NUMBERS, *PAGE_NUMBERS)}
