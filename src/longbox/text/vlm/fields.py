"""One field of an answer at a time, with a note for everything that was not as asked.

Strings lose control characters and lone surrogates, which no file or terminal can hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_MAX_NUMBER = 10_000
_NUMBERS = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CORNERS = (
    ("x0", "y0", "x1", "y1"),
    ("x1", "y1", "x2", "y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("left", "top", "right", "bottom"),
)


class Fields:
    """Reads fields leniently and remembers where it had to be.

    Attributes:
        notes: One short line for each thing that was put right or left out.
    """

    def __init__(self, notes: Sequence[str] = ()) -> None:
        self.notes = list(notes)

    def note(self, line: str) -> None:
        """Remember that something was not as asked."""
        self.notes.append(line)

    def has(self, record: Mapping[str, Any], names: Sequence[str]) -> bool:
        """Whether one of the names is there, even with nothing in it."""
        return any(name in record for name in names)

    def get(self, record: Mapping[str, Any], names: Sequence[str]) -> Any:
        """Return the first of the names that is there; all but the first are wrong names."""
        for place, name in enumerate(names):
            if name in record:
                if place:
                    self.note(f"{name!r} for {names[0]!r}")
                return record[name]
        return None

    def prose(
        self,
        record: Mapping[str, Any],
        names: Sequence[str],
        limit: int,
        *,
        is_required: bool = True,
    ) -> str:
        """Return a text; a missing or wrong one is empty."""
        value = self.get(record, names)
        if value is None:
            if is_required or names[0] in record:
                self.note(f"{names[0]} is missing or null")
            return ""
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            self.note(f"{names[0]} is a list")
            value = " ".join(value)
        if not isinstance(value, str):
            self.note(f"{names[0]} is no text")
            return ""
        return self._cleaned(value, names[0], limit)

    def phrase(self, record: Mapping[str, Any], name: str, limit: int) -> str | None:
        """Return a short text that may be missing or null."""
        value = record.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.note(f"{name} is no text")
            if isinstance(value, bool) or not isinstance(value, int | float):
                return None
            value = str(value)
        text = self._cleaned(value, name, limit)
        return text if text and text.casefold() not in ("null", "none") else None

    def names(self, record: Mapping[str, Any], name: str, most: int, limit: int) -> tuple[str, ...]:
        """Return a list of short texts; one text is a list of one."""
        value = record.get(name)
        if value is None:
            if name in record:
                self.note(f"{name} is null")
            return ()
        if isinstance(value, str):
            self.note(f"{name} is no list")
            value = [value]
        if not isinstance(value, list):
            self.note(f"{name} is no list")
            return ()
        if len(value) > most:
            self.note(f"only the first {most} of {len(value)} {name} were kept")
        found = [self._name(item, name, limit) for item in value[:most]]
        return tuple(dict.fromkeys(text for text in found if text))

    def number(self, record: Mapping[str, Any], names: Sequence[str], fallback: int) -> int:
        """Return a panel's number; its place in the answer where it has none."""
        value = self.get(record, names)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_NUMBER:
            return value
        text = str(value)[:20] if isinstance(value, str | float) else ""
        if found := re.search(r"\d{1,4}(?!\d)", text):
            self.note("a panel number is no whole number")
            return int(found[0])
        self.note("a panel has no number")
        return fallback

    def box_numbers(self, value: Any) -> Any:
        """Return four numbers in a list, from whatever form of a box they came in."""
        if isinstance(value, str):
            self.note("a box is a text")
            return [float(n) for n in _NUMBERS.findall(value[:200])]
        if isinstance(value, dict):
            self.note("a box is an object")
            for corners in _CORNERS:
                if all(name in value for name in corners):
                    return [value[name] for name in corners]
            return None
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
            self.note("a box in a list")
            return value[0]
        if isinstance(value, list) and any(isinstance(item, str) for item in value[:4]):
            self.note("a box of texts")
            return [
                float(item) if isinstance(item, str) and _NUMBERS.fullmatch(item.strip()) else item
                for item in value[:8]
            ]
        return value

    def _name(self, item: Any, name: str, limit: int) -> str:
        if isinstance(item, dict):
            # {"name": ..., "description": ...}: what a figure is called, else what it looks like.
            self.note(f"{name} has an object for a text")
            item = next((v for v in item.values() if isinstance(v, str) and v.strip()), None)
        if not isinstance(item, str):
            self.note(f"{name} has something that is no text")
            return ""
        return self._cleaned(item, name, limit)

    def _cleaned(self, text: str, name: str, limit: int) -> str:
        kept = _CONTROL.sub(" ", text[: limit + 1])
        if kept != text[: limit + 1]:
            self.note(f"{name} holds control characters")
        kept = kept.strip()
        if len(text) > limit:
            self.note(f"{name} is {len(text):,} characters long and was cut")
        return kept[:limit]
