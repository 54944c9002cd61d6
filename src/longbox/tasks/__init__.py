"""Closure tasks: questions about panels in sequence, with distinct candidates and known chance."""

from longbox.tasks.building import (
    BOTH,
    CAPTIONS,
    IN_ORDER,
    PICTURE,
    SWAPPED,
    WORDS,
    closure_samples,
    order_samples,
    task_views,
    training_samples,
)
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

__all__ = [
    "BOTH",
    "CAPTIONS",
    "IN_ORDER",
    "PICTURE",
    "SWAPPED",
    "WORDS",
    "Choice",
    "Corpus",
    "Difficulty",
    "Sample",
    "Scorer",
    "Shown",
    "Shuffled",
    "Task",
    "closure_samples",
    "order_samples",
    "task_views",
    "training_samples",
]
