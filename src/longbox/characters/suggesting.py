"""Whom a cluster may show, from what others said of its panels: a proposal, never a name.

Descriptions and speakers name people per panel, not per region. A name is proposed for a cluster
when it is said in at least two and in half of the cluster's named panels, and clearly more often
than elsewhere: of several the one with the highest lift.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LEAST_PANELS = 2
_LEAST_SHARE = 0.5
_LEAST_LIFT = 1.3


def suggest_name(is_member: NDArray[np.bool_], said: Sequence[frozenset[str]]) -> str | None:
    """Return the name that a cluster's panels speak for, or None.

    Args:
        is_member: Whether each region is in the cluster, bool (N,).
        said: Names said of each region's panel; an empty set where nothing was said.
    """
    named = [i for i, names in enumerate(said) if names]
    own = [i for i in named if is_member[i]]
    if len(own) < _LEAST_PANELS:
        return None
    best: tuple[float, int, str] | None = None
    for name in sorted(set().union(*(said[i] for i in own))):
        n_own = sum(name in said[i] for i in own)
        share = n_own / len(own)
        lift = share / (sum(name in said[i] for i in named) / len(named))
        is_clear = n_own >= _LEAST_PANELS and share >= _LEAST_SHARE and lift >= _LEAST_LIFT
        if is_clear and (best is None or (lift, n_own) > best[:2]):
            best = (lift, n_own, name)
    return best[2] if best else None
