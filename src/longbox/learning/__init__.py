"""How the learned stages are trained, and what trained ones answer to closure tasks.

Everything that trains needs torch, so names are imported when they are asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longbox.learning.corpora import DatasetFiles, Split, dataset_data, library_data, split_data
    from longbox.learning.data import TrainingData, split_by_series
    from longbox.learning.history import History, HistoryEntry, NamedValue, curves, read_history
    from longbox.learning.options import Precision, TrainOptions
    from longbox.learning.progress import IsStopped, Progress, RunReport, Tell, Validation
    from longbox.learning.run_folder import (
        REPORT_NAME,
        RunState,
        books_digest,
        close_run,
        open_run,
        read_report,
    )
    from longbox.learning.runs import (
        FusionRun,
        SequenceRun,
        train_closure_lite,
        train_fusion,
        train_sequence,
    )
    from longbox.learning.tables import FusedTables
    from longbox.learning.trained_scorers import FusedCosine, SequenceScorer, scorers

_FILES = {
    "REPORT_NAME": "run_folder",
    "DatasetFiles": "corpora",
    "FusedCosine": "trained_scorers",
    "FusedTables": "tables",
    "FusionRun": "runs",
    "History": "history",
    "HistoryEntry": "history",
    "IsStopped": "progress",
    "NamedValue": "history",
    "Precision": "options",
    "Progress": "progress",
    "RunReport": "progress",
    "RunState": "run_folder",
    "SequenceRun": "runs",
    "SequenceScorer": "trained_scorers",
    "Split": "corpora",
    "Tell": "progress",
    "TrainOptions": "options",
    "TrainingData": "data",
    "Validation": "progress",
    "books_digest": "run_folder",
    "close_run": "run_folder",
    "curves": "history",
    "dataset_data": "corpora",
    "library_data": "corpora",
    "open_run": "run_folder",
    "read_history": "history",
    "read_report": "run_folder",
    "scorers": "trained_scorers",
    "split_by_series": "data",
    "split_data": "corpora",
    "train_closure_lite": "runs",
    "train_fusion": "runs",
    "train_sequence": "runs",
}

__all__ = [
    "REPORT_NAME",
    "DatasetFiles",
    "FusedCosine",
    "FusedTables",
    "FusionRun",
    "History",
    "HistoryEntry",
    "IsStopped",
    "NamedValue",
    "Precision",
    "Progress",
    "RunReport",
    "RunState",
    "SequenceRun",
    "SequenceScorer",
    "Split",
    "Tell",
    "TrainOptions",
    "TrainingData",
    "Validation",
    "books_digest",
    "close_run",
    "curves",
    "dataset_data",
    "library_data",
    "open_run",
    "read_history",
    "read_report",
    "scorers",
    "split_by_series",
    "split_data",
    "train_closure_lite",
    "train_fusion",
    "train_sequence",
]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"longbox.learning.{_FILES[name]}"), name)
