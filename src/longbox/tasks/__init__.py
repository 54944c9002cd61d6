"""Closure tasks: questions about panels in sequence, with distinct candidates and known chance."""

from longbox.tasks.samples import (
    Choice,
    Corpus,
    Difficulty,
    Sample,
    Scorer,
    Shown,
    Shuffled,
    Task,
)

__all__ = ["Choice", "Corpus", "Difficulty", "Sample", "Scorer", "Shown", "Shuffled", "Task"]
