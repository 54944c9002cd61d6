"""Values of the study as plain JSON: what programs, the page and a later day read.

Dataclasses become objects, arrays lists, enumerations their values, and a number that is not known
(nan) null: JSON has no word for it.
"""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from longbox.errors import ModelError

Json = Any  # what json.loads returns: there is no better name for it in Python's types


def as_document(value: object) -> Json:
    """Return a value as what JSON can say.

    Raises:
        ModelError: There is something in it that is no value of a study.
    """
    if value is None or (isinstance(value, str | bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return as_document(value.item())
    if isinstance(value, np.ndarray):
        return [as_document(item) for item in value.tolist()]
    if isinstance(value, dict):
        return {str(as_document(key)): as_document(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [as_document(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_document(getattr(value, field.name)) for field in fields(value)}
    raise ModelError(f"{type(value).__name__} is no value that a study can be told by")
