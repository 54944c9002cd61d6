"""How the learned stages are trained, and what trained ones answer to closure tasks.

Everything that trains needs torch, so names are imported when they are asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longbox.learning.data import TrainingData, split_by_series
    from longbox.learning.history import History, HistoryEntry, NamedValue, curves, read_history
    from longbox.learning.loop import Progress, RunReport, Validation
    from longbox.learning.options import Precision, TrainOptions
    from longbox.learning.runs import (
        FusionRun,
        SequenceRun,
        train_closure_lite,
        train_fusion,
        train_sequence,
    )
    from longbox.learning.scorers import FusedCosine, SequenceScorer, scorers
    from longbox.learning.tables import FusedTables

_FILES = {
    "FusedCosine": "scorers",
    "FusedTables": "tables",
    "FusionRun": "runs",
    "History": "history",
    "HistoryEntry": "history",
    "NamedValue": "history",
    "Precision": "options",
    "Progress": "loop",
    "RunReport": "loop",
    "SequenceRun": "runs",
    "SequenceScorer": "scorers",
    "TrainOptions": "options",
    "TrainingData": "data",
    "Validation": "loop",
    "curves": "history",
    "read_history": "history",
    "scorers": "scorers",
    "split_by_series": "data",
    "train_closure_lite": "runs",
    "train_fusion": "runs",
    "train_sequence": "runs",
}

__all__ = [
    "FusedCosine",
    "FusedTables",
    "FusionRun",
    "History",
    "HistoryEntry",
    "NamedValue",
    "Precision",
    "Progress",
    "RunReport",
    "SequenceRun",
    "SequenceScorer",
    "TrainOptions",
    "TrainingData",
    "Validation",
    "curves",
    "read_history",
    "scorers",
    "split_by_series",
    "train_closure_lite",
    "train_fusion",
    "train_sequence",
]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"longbox.learning.{_FILES[name]}"), name)
