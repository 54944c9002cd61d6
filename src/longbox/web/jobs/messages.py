"""What the server and the process of a job say to each other: one JSON line at a time.

The server writes one `Order` and keeps the pipe open; that the pipe closes means "stop", whoever
closed it and why: a person, a server that shuts down, a server that was killed. The process answers
with `JobMessage` lines, the last of them an end. A process that closes its pipe without an end has
crashed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

import msgspec

LONGEST_LINE_BYTES: Final = 4 << 20
_LONGEST_TEXT: Final = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is asked to do.

    Attributes:
        work: The function, as "module:name"; it is called with a `JobRun`.
        library: The library's folder.
        settings: The server's settings, as TOML.
        arguments: Of this kind of job; JSON values.
    """

    work: str
    library: str
    settings: str
    arguments: dict[str, Any] = field(default_factory=dict)


class Said(StrEnum):
    """What a message is about; the last three are ends."""

    PROGRESS = "progress"
    PROBLEM = "problem"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobMessage:
    """One message.

    Attributes:
        line: What is being done, what went wrong, or how it ended: one line.
        fraction: How much is done, 0 to 1; None where that is not known.
        result: JSON that the job made for the server to keep, with DONE only.
    """

    said: Said
    line: str = ""
    fraction: float | None = None
    result: Any = None

    @property
    def is_end(self) -> bool:
        """Whether nothing comes after it."""
        return self.said in (Said.DONE, Said.STOPPED, Said.FAILED)


def encoded(value: Order | JobMessage) -> bytes:
    """Return a value as one line."""
    return msgspec.json.encode(value) + b"\n"


def decoded(line: bytes, kind: type[T]) -> T:
    """Read a line back.

    Raises:
        ValueError: It is not what was expected (msgspec's errors are ValueErrors).
    """
    return msgspec.json.decode(line, type=kind)


def shown(text: str) -> str:
    """Return text as one line of at most 500 characters that nothing can act on.

    Names of files reach it: control characters, direction overrides and other invisible signs
    become spaces, and what is too long is cut in the middle.
    """
    clean = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text)
    line = " ".join(clean.split())
    half = _LONGEST_TEXT // 2
    return line if len(line) <= _LONGEST_TEXT else f"{line[:half]} … {line[-half:]}"
