"""JSON out of a model's answer, and what had to be done to get it.

Strict JSON first. Then what models add around it: thoughts, prose, a code fence. Only then
json-repair, for unescaped quotes, commas that are missing and the like. An answer that stops
inside its JSON is told apart from one that is merely malformed by counting brackets outside
strings, where a quote ends a string only if JSON could go on after it: a repaired half is still a
half. Answers come from machines that read strangers' pictures, so length, depth and numbers are
bounded before any parser sees them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

MAX_CHARACTERS: Final = 200_000
_MAX_DEPTH: Final = 40
_MAX_DIGITS: Final = 18
_MAX_STARTS: Final = 20

# Thoughts may lack their beginning (the server put it into the prompt) or never end.
_THOUGHTS = re.compile(r"^.*</think(?:ing)?>|<think(?:ing)?>.*$", re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
# Where an answer may begin: an object with a key, or a list of objects.
_START = re.compile(r'\{\s*["\'}]|\[\s*\{')


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was found in an answer.

    Attributes:
        value: The JSON value, or None where there is none.
        repairs: What had to be put right, one short line each; empty for strict JSON.
        is_cut: The text ends inside its JSON.
        problem: Why there is no value.
    """

    value: Any = None
    repairs: tuple[str, ...] = ()
    is_cut: bool = False
    problem: str | None = None


def decode_answer(text: str) -> Decoded:
    """Read the JSON of an answer, however it is wrapped.

    Args:
        text: The answer as the model wrote it.

    Returns:
        The first value that could be an answer: an object, or a list of objects.
    """
    if len(text) > MAX_CHARACTERS:
        return Decoded(problem=f"the answer is {len(text):,} characters long")
    bare = _THOUGHTS.sub(" ", text).strip().removeprefix("\ufeff").strip()
    if not bare:
        return Decoded(problem="the answer is empty")
    if _is_too_deep(bare):
        return Decoded(problem="the answer is nested too deeply")
    repairs: list[str] = []
    try:
        return Decoded(_loads(bare, repairs), _told(repairs, bare != text.strip(), "thoughts"))
    except (ValueError, RecursionError):
        return _search(bare)


def _search(text: str) -> Decoded:
    """Look for the answer inside other text, else repair it."""
    start = 0
    first: Decoded | None = None
    for _ in range(_MAX_STARTS):
        match = _START.search(text, start)
        if match is None:
            break
        repairs: list[str] = []
        try:
            value, start = _decoder(repairs).raw_decode(text, match.start())
        except (ValueError, RecursionError):
            return _repaired(text, match.start())
        found = Decoded(value, _told(repairs, True, _around(text)))
        if isinstance(value, dict) and "panels" in value:
            return found
        first = first or found
    return first or Decoded(problem="the answer holds no JSON")


# What json_repair ends in where its own guesses do not fit each other.
_UNREPAIRABLE: Final = (
    ValueError,
    RecursionError,
    LookupError,
    AssertionError,
    TypeError,
    AttributeError,
)


def _repaired(text: str, start: int) -> Decoded:
    import json_repair

    end = _end_of_value(text, start)
    body = text[start:end].removesuffix("```")
    repairs = ["malformed JSON"]
    if start or (end is not None and text[end:].strip()):
        repairs.append(_around(text))
    try:
        value = json_repair.loads(body, skip_json_loads=True)
    except _UNREPAIRABLE as error:
        reason = ascii(" ".join(f"{type(error).__name__} {error}".split())[:80])
        return Decoded(is_cut=end is None, problem=f"the answer cannot be repaired ({reason})")
    return Decoded(value, tuple(repairs), is_cut=end is None)


def _end_of_value(text: str, start: int) -> int | None:
    """Return where the value that begins at `start` is closed, or None where it never is.

    Inside a string a quote counts as its end only before , : } ] or the end of the text.
    """
    depth = 0
    in_string = is_escaped = False
    for at in range(start, len(text)):
        char = text[at]
        if in_string:
            if is_escaped:
                is_escaped = False
            elif char == "\\":
                is_escaped = True
            elif char == '"':
                in_string = not _may_end_here(text, at)
        elif char == '"':
            in_string = True
        elif char in "{[":
            depth += 1
        elif char in "}]":
            depth -= 1
            if depth <= 0:
                return at + 1
    return None


_AFTER_STRING = re.compile(r"\s*(?:[}\]:]|$|,\s*(?:[\"'{\[}\]\d-]|null|true|false|$))")


def _may_end_here(text: str, at: int) -> bool:
    return _AFTER_STRING.match(text, at + 1) is not None


def _is_too_deep(text: str) -> bool:
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += 1 if match[0] in "{[" else -1
        if depth > _MAX_DEPTH:
            return True
        depth = max(depth, 0)
    return False


def _around(text: str) -> str:
    return "a code fence" if text.lstrip().startswith("```") else "text around the JSON"


def _told(repairs: list[str], is_wrapped: bool, wrapping: str) -> tuple[str, ...]:
    return (*([wrapping] if is_wrapped else []), *repairs)


def _loads(text: str, repairs: list[str]) -> Any:
    value, end = _decoder(repairs).raw_decode(text)
    if text[end:].strip():
        raise ValueError("more text follows")
    if not isinstance(value, dict | list):
        raise ValueError("not an object")  # noqa: TRY004  # the caller looks further
    return value


def _decoder(repairs: list[str]) -> json.JSONDecoder:
    """Return a strict decoder that notes what JSON allows and an answer should not have."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in items:
            if key in made:
                repairs.append(f"{key[:40]!r} comes twice")
                both = made[key], value
                # The lists of a repeated key are one list cut in two; of others the last counts.
                value = [*both[0], *both[1]] if all(isinstance(v, list) for v in both) else value
            made[key] = value
        return made

    def number(digits: str) -> int | None:
        if len(digits) <= _MAX_DIGITS:
            return int(digits)
        repairs.append("a number that is too long")
        return None

    def constant(name: str) -> None:
        repairs.append(f"{name} is no JSON number")

    return json.JSONDecoder(object_pairs_hook=pairs, parse_int=number, parse_constant=constant)
