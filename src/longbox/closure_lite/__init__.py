"""The first version, ClosureLiteSimple, as the measured baseline beside stages 3 and 4.

Torch is loaded when a name is first used, not when the room is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longbox.closure_lite.atomizer import CompositionEncoder, GatedFusion, PanelAtomizerLite
    from longbox.closure_lite.batch import Batch, batch_of
    from longbox.closure_lite.checkpoint import Provenance, load, save
    from longbox.closure_lite.config import ClosureLiteConfig, Input, config_for
    from longbox.closure_lite.guesses import Guesses
    from longbox.closure_lite.inputs import PanelInputs
    from longbox.closure_lite.model import ClosureLiteSimple, Losses
    from longbox.closure_lite.pages import PagePlace, page_batches, pages_of
    from longbox.closure_lite.story import StoryHANLiteSimple

_FILES = {
    "Batch": "batch",
    "ClosureLiteConfig": "config",
    "ClosureLiteSimple": "model",
    "CompositionEncoder": "atomizer",
    "GatedFusion": "atomizer",
    "Guesses": "guesses",
    "Input": "config",
    "Losses": "model",
    "PagePlace": "pages",
    "PanelAtomizerLite": "atomizer",
    "PanelInputs": "inputs",
    "Provenance": "checkpoint",
    "StoryHANLiteSimple": "story",
    "batch_of": "batch",
    "config_for": "config",
    "load": "checkpoint",
    "page_batches": "pages",
    "pages_of": "pages",
    "save": "checkpoint",
}

__all__ = [
    "Batch",
    "ClosureLiteConfig",
    "ClosureLiteSimple",
    "CompositionEncoder",
    "GatedFusion",
    "Guesses",
    "Input",
    "Losses",
    "PagePlace",
    "PanelAtomizerLite",
    "PanelInputs",
    "Provenance",
    "StoryHANLiteSimple",
    "batch_of",
    "config_for",
    "load",
    "page_batches",
    "pages_of",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"longbox.closure_lite has no {name}")
    return getattr(import_module(f"longbox.closure_lite.{_FILES[name]}"), name)
