"""What the vectors of a library were found to be like: what the health job gives the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """One verdict.

    Attributes:
        name: What was judged.
        level: ok, warning, bad, or not judged.
        sentence: What was measured and what it means; where it is not ok, what to do.
    """

    name: str
    level: str
    sentence: str


@dataclass(frozen=True, slots=True)
class VectorHealth:
    """The findings.

    Attributes:
        headline: The whole in one sentence.
        level: The worst of all.
        absent: Spaces without vectors, and what makes them: one line each.
        notes: What was left out, and how panels were sampled.
        generation: Of the library that was measured.
    """

    headline: str
    level: str
    findings: tuple[HealthFinding, ...]
    absent: tuple[str, ...]
    notes: tuple[str, ...]
    generation: int
