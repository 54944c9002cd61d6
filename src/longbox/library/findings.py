"""What a check of a library found: one line a thing, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Matter(StrEnum):
    """What a finding is about; a repair does something else for each."""

    CATALOG = "catalog"
    BOOK = "book store"
    DESCRIPTION = "description store"
    LEARNED = "learned store"
    MISNAMED = "misnamed store"
    UNMERGED = "store that is not merged"
    SEGMENT = "index segment"
    TYPED = "what people typed"
    DERIVED = "derived file"
    LEFTOVER = "leftover"
    UNREADABLE = "unreadable now"
    NEWER = "newer format"
    STRANGE = "strange file"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        file: Path inside the library, with forward slashes.
        matter: What it is about.
        what: What is wrong, without the file's name.
        advice: What to do.
        is_repairable: Whether `check --repair` does it.
    """

    file: str
    matter: Matter
    what: str
    advice: str
    is_repairable: bool = True

    @property
    def line(self) -> str:
        """The finding in one line."""
        return f"{self.file}: {self.what}; {self.advice}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check looked at and found.

    Attributes:
        findings: By file, nothing twice.
        notes: What is no fault, but a person should know; one line each.
        n_files: Files that were read.
        size_bytes: Of these.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    n_files: int
    size_bytes: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class RepairReport:
    """What a repair did, and what is left.

    Attributes:
        done: What was done, one line each.
        next_steps: What makes again what was set aside: commands, one line each.
        left: What a check finds afterwards.
    """

    done: tuple[str, ...]
    next_steps: tuple[str, ...]
    left: CheckReport
