"""What the name of a comic file says: series, number, volume, year, title, language.

There is no standard, only habits: "Series 012 (of 20) (2016) (Digital) (Group)", "Series v03
c012", "[Group] Series - Vol. 3 Ch. 12", "Series - T05 - Title", "Series #1.5". The name is read
from its most certain parts to its least certain: bracketed tags first (year, count, language,
scanner), then marked volumes and numbers ("v02", "Ch. 12", "#7"), then a bare number. What stands
before them is the series, what stands behind the title.

Of several bare numbers the last one counts, because series carry numbers in front ("100 Bullets
012", "Area 51 - 003"), unless dashes set an earlier one apart ("Asterix - 05 - Title"). A bare
number that looks like a year (1900 to 2099) belongs to the series ("Blade Runner 2049"), and so
does a name that is nothing but a number of three digits ("300").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from longbox.book import Metadata
from longbox.ingest.languages import known_language
from longbox.ingest.naming import COMIC_SUFFIXES, suffix_of

_LONGEST_NAME = 400
_NUMBER = r"[0-9]{1,5}(?:[.,][0-9]{1,3})?"
_TAIL = r"(?:½|¼|¾|[a-z]|\.?(?:AU|MU|INH|BEY|LR|NOW|HU|DEATHS))?"
_ISSUE = rf"-?(?:{_NUMBER}{_TAIL}|[½¼¾])"
_RANGE = r"(?:[-~–][0-9]{1,5}(?![0-9.]))?"
_START = r"(?:(?<![^\W_])|(?<=_))"
_END = r"(?![^\W_])"
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}|【([^【】]*)】")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DATES = (
    re.compile(
        r"(?P<year>(?:19|20)[0-9]{2})[-./ ](?P<month>[01]?[0-9])(?:[-./ ](?P<day>[0-3]?[0-9]))?"
    ),
    re.compile(r"(?P<month>[01]?[0-9])[-./](?P<year>(?:19|20)[0-9]{2})"),
    re.compile(
        r"(?P<word>[A-Za-z]{3,9})\.?,?\s*(?:(?P<day>[0-3]?[0-9]),?\s+)?(?P<year>(?:19|20)[0-9]{2})"
    ),
    re.compile(
        r"(?P<year>(?:19|20)[0-9]{2})(?:\s*[-–]\s*(?:(?:19|20)?[0-9]{2}|present)?)?", re.IGNORECASE
    ),
)
_COUNT = re.compile(
    rf"(?:(?P<number>{_NUMBER})\s*)?(?:of|/|von|de|sur)\s*(?P<count>[0-9]{{1,4}})", re.IGNORECASE
)
_BARE_COUNT = re.compile(
    rf"(?<![\w.])(?P<number>{_NUMBER})\s+of\s+(?P<count>[0-9]{{1,4}}){_END}", re.IGNORECASE
)
_VOLUME_WORDS = r"volumes?|vols?|v|tomes?|tomos?|t|band|bd|bind|том|season|s"
_VOLUME = re.compile(
    rf"{_START}(?:{_VOLUME_WORDS})[. _]*(?P<volume>[0-9]{{1,4}})(?:\.[0-9])?{_RANGE}"
    r"(?=$|[^\w.]|_|\.(?![0-9])|(?:c|ch|e)[0-9])",
    re.IGNORECASE,
)
_NUMBER_WORDS = (
    r"chapters?|chapitre|chap|ch|c|episodes?|épisode|episodio|ep|e|issues?|kapitel|kap|cap[ií]tulo|"
    r"cap|nummer|numéro|num|no|nr|n[º°]|№|#|folge|глава|heft"
)
_MARKED = re.compile(
    rf"(?:{_START}|(?<=[0-9]))(?!c2c)(?:{_NUMBER_WORDS})[. _]*(?P<number>{_ISSUE}{_RANGE}){_END}",
    re.IGNORECASE,
)
_EASTERN_VOLUME = re.compile(r"第?\s*(?P<volume>[0-9]{1,4})\s*[巻卷권集]")
_EASTERN_MARKED_VOLUME = re.compile(r"[巻卷권]\s*(?P<volume>[0-9]{1,4})")
_EASTERN_NUMBER = re.compile(rf"第?\s*(?P<number>{_NUMBER})\s*[話话章回화]")
_BARE = re.compile(
    rf"(?<![\w.,#&'’+-])(?P<number>{_ISSUE}{_RANGE})(?![\w%'’+&]|[.,][0-9])(?!\s*(?:st|nd|rd|th|%)\b)",
    re.IGNORECASE,
)
_LEADING = re.compile(rf"^(?P<number>{_NUMBER})(?:\s*[-–.:]\s+|\s*[-–]\s*)(?P<title>\D.*)$")
_EDGES = " \t-–—_.,:;~|"


@dataclass(slots=True)
class _Found:
    """What has been read out of a name so far."""

    number: str | None = None
    volume: int | None = None
    year: int | None = None
    month: int | None = None
    day: int | None = None
    language: str | None = None
    count: str | None = None
    tags: list[str] = field(default_factory=list)


def parse_name(name: str) -> Metadata:
    """Read a comic's file or folder name.

    Args:
        name: The name, with or without its comic suffix.

    Returns:
        What could be told; series is None when the name is nothing but numbers and tags.
        The issue count and the remaining tags are in `other` as Count and ScanInformation.
    """
    text = _spaced(_without_suffix(name[:_LONGEST_NAME]))
    found = _Found()
    text = _take_brackets(text, found)
    head, tail = _take_marked(text, found)
    if found.number is None and found.volume is None:
        head, tail = _take_bare(head, found)
    elif found.number is None:
        head, tail = _take_beside_volume(head, tail, found)
    series, title = _clean(head), _clean(tail)
    if not series and title and not (found.number or found.volume):
        series, title = title, ""
    other = [("Count", found.count)] if found.count else []
    other += [("ScanInformation", "; ".join(found.tags))] if found.tags else []
    return Metadata(
        title=title or None,
        series=series or None,
        number=found.number,
        volume=found.volume,
        year=found.year,
        month=found.month,
        day=found.day,
        language=found.language,
        other=tuple(other),
        sources=("filename",),
    )


def _without_suffix(name: str) -> str:
    suffix = suffix_of(name)
    return name[: -len(suffix)] if suffix in COMIC_SUFFIXES else name


def _spaced(text: str) -> str:
    """Turn the signs that stand for spaces into spaces."""
    text = text.replace("%20", " ").replace("\u3000", " ")
    outside = _BRACKETS.sub("", text).strip(_EDGES)
    if " " not in outside:
        if "_" in outside:
            text = text.replace("_", " ")
        elif outside.count("+") >= 2:
            text = text.replace("+", " ")
        elif outside.count(".") >= 2 or re.search(r"[^\W\d]\.|\.[^\W\d]", outside):
            text = re.sub(r"(?<=[0-9])\.(?=[0-9](?![0-9]))", "\0", text)
            text = text.replace(".", " ").replace("\0", ".")
        elif outside.count("-") >= 2 and outside == outside.lower():
            text = text.replace("-", " ")
    return " ".join(text.replace("_", " ").split())


def _take_brackets(text: str, found: _Found) -> str:
    """Read and cut out every bracketed tag; a tag in the middle separates series and title."""
    pieces: list[str] = []
    position = 0
    for match in _BRACKETS.finditer(text):
        inside = next((group for group in match.groups() if group is not None), "").strip()
        pieces.append(text[position : match.start()])
        position = match.end()
        kept = _read_tag(inside, found)
        pieces.append(f" {kept} " if kept else " ")
    pieces.append(text[position:])
    return " ".join("".join(pieces).split())


def _read_tag(inside: str, found: _Found) -> str:
    """Take what a tag says; return text that should be read like the rest of the name."""
    if not inside:
        return ""
    if count := _COUNT.fullmatch(inside):
        found.count = found.count or str(int(count["count"]))
        if count["number"]:
            found.number = found.number or _plain(count["number"])
        return ""
    if _take_date(inside, found):
        return ""
    is_word = re.fullmatch(r"[A-Za-zçãñê]{2,10}(?:[-_][A-Za-z]{2,4})?", inside)
    language = known_language(inside) if is_word else None
    if language and found.language is None:
        found.language = language
        return ""
    if (
        _VOLUME.fullmatch(inside)
        or _MARKED.fullmatch(inside)
        or re.fullmatch(r"#?[0-9]{1,4}", inside)
    ):
        return inside
    found.tags.append(inside)
    return ""


def _take_date(inside: str, found: _Found) -> bool:
    for pattern in _DATES:
        match = pattern.fullmatch(inside)
        if match is None:
            continue
        groups = match.groupdict()
        month = int(groups["month"]) if groups.get("month") else None
        if word := groups.get("word"):
            if word[:3].lower() not in _MONTHS:
                continue
            month = _MONTHS.index(word[:3].lower()) + 1
        day = int(groups["day"]) if groups.get("day") else None
        if found.year is None:
            found.year = int(groups["year"])
            found.month = month if month and month <= 12 else None
            found.day = day if day and 0 < day <= 31 else None
        return True
    return False


def _take_marked(text: str, found: _Found) -> tuple[str, str]:
    """Take marked volume, count and number; return the text before and behind them."""
    spans: list[tuple[int, int]] = []
    count = _BARE_COUNT.search(text)
    if count and found.number is None:
        found.number, found.count = _plain(count["number"]), str(int(count["count"]))
        spans.append(count.span())
    for pattern in (_EASTERN_VOLUME, _EASTERN_MARKED_VOLUME, _VOLUME):
        match = pattern.search(text)
        if match and found.volume is None:
            found.volume = int(match["volume"])
            spans.append(match.span())
    blanked = text
    for start, end in spans:
        blanked = blanked[:start] + "\0" * (end - start) + blanked[end:]
    for pattern in (_EASTERN_NUMBER, _MARKED):
        match = pattern.search(blanked)
        if match and found.number is None:
            found.number = _plain(match["number"])
            spans.append(match.span())
    if not spans:
        return text, ""
    spans.sort()
    first, last = spans[0][0], max(end for _, end in spans)
    between = " ".join(text[end:start] for (_, end), (start, _) in pairwise(spans) if end < start)
    head, tail = text[:first], text[last:]
    if not _clean(head) and _clean(between):
        head = between
    return head, tail


def _take_bare(text: str, found: _Found) -> tuple[str, str]:
    """Take an unmarked number; return the text before and behind it."""
    if match := _LEADING.match(text):
        found.number = _plain(match["number"])
        return "", match["title"]
    candidates = [match for match in _BARE.finditer(text) if match.start() > 0]
    candidates = [match for match in candidates if not _YEAR.fullmatch(match["number"])]
    if not candidates:
        if re.fullmatch(r"0[0-9]{1,4}|[0-9]{1,2}", text):
            found.number = _plain(text)
            return "", ""
        return text, ""
    chosen = next((match for match in candidates if _stands_alone(text, match)), candidates[-1])
    found.number = _plain(chosen["number"])
    return text[: chosen.start()], text[chosen.end() :]


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """Whether dashes set a number apart on both sides: "Asterix - 05 - Title"."""
    return bool(
        re.search(r"[-–]\s*$", text[: match.start()])
        and re.match(r"\s*[-–]\s", text[match.end() :])
    )


def _take_beside_volume(head: str, tail: str, found: _Found) -> tuple[str, str]:
    """With a volume but no number yet: take a bare one behind it or a padded one before."""
    behind = re.match(rf"[\s\-–.,]*(?P<number>{_ISSUE}{_RANGE})(?![\w%'’+&])", tail)
    if behind and not _YEAR.fullmatch(behind["number"]):
        found.number = _plain(behind["number"])
        return head, tail[behind.end() :]
    before = re.search(r"(?<![\w.])(?P<number>0[0-9]{1,4}(?:\.[0-9])?)\s*$", head)
    if before and before.start() > 0:
        found.number = _plain(before["number"])
        return head[: before.start()], tail
    return head, tail


def _plain(number: str) -> str:
    """Return a number as people say it: "012" is "12", "1,5" is "1.5", a range "1-5"."""
    parts = [part.strip() for part in re.split(r"(?<=[0-9])\s*[-~–]\s*", number.strip())]
    return "-".join(re.sub(r"^(-?)0+(?=[0-9])", r"\1", part.replace(",", ".")) for part in parts)


def _clean(text: str) -> str:
    text = " ".join(text.split())
    return "" if not re.search(r"\w", text) else text.strip(_EDGES).strip()
