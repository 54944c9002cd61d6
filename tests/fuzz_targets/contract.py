"""What a fuzz target is: a door of Longbox, what may come through it, and what may come out.

A target takes bytes from anybody and may end in one way only: it returns, because what came was
read or was refused with the errors that the door documents. Everything else (another exception, a
message of several lines, a file written elsewhere, too much time or memory, a crash) is a find.
The property tests in tests/fuzzing and the coverage-guided fuzzer in benchmarks/fuzz.py run the
same targets.

Formats with checksums would hide everything behind them, so such targets take the parts of a file
and pack them themselves, or put the checksums right before they read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from longbox.errors import LongboxError

Try = Callable[[bytes], None]
BETWEEN = b"\n--8<--\n"


class ContractError(AssertionError):
    """A door did something that it promises never to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """One door.

    Attributes:
        name: On the command line.
        promise: What may come out, in words.
        prepare: Given an empty folder, returns what takes one input; called once a process.
        seeds: Good inputs and known bad ones.
        words: What the format is made of, for the fuzzer's dictionary.
        finish: Lets go of what `prepare` opened, where that does not go by itself.
        max_bytes: Longest input.
        timeout_s: One input may take this long.
        memory_mb: Address space of the process.
    """

    name: str
    promise: str
    prepare: Callable[[Path], Try]
    seeds: Callable[[], Sequence[bytes]]
    words: tuple[bytes, ...] = ()
    finish: Callable[[Try], None] = lambda _: None
    max_bytes: int = 1 << 15
    timeout_s: float = 20.0
    memory_mb: int = 4096


def parts_of(data: bytes) -> list[bytes]:
    """Cut an input into the parts that a file is made of."""
    return data.split(BETWEEN)


def joined(*parts: bytes) -> bytes:
    """Make an input of parts."""
    return BETWEEN.join(parts)


def require(claim: bool, what: str) -> None:
    """Hold a door to its promise.

    Raises:
        ContractError: The claim is false.
    """
    if not claim:
        raise ContractError(what)


def require_line(error: LongboxError | str) -> None:
    """An error is one line that a terminal can show."""
    text = str(error)
    require(bool(text.strip()), "an error without words")
    require(len(text) < 20_000, f"a message of {len(text)} characters")
