"""A function over independent parts, on the machines of a dask scheduler: for scores."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeVar

from longbox.config import ClusterOptions, Config
from longbox.errors import ClusterError, LongboxError
from longbox.pipeline.cluster.connection import Crowd, connected
from longbox.pipeline.cluster.driving import Drive, Trip
from longbox.pipeline.cluster.messages import Answer, Lost, Setup, Wrapped
from longbox.pipeline.cluster.there import do_part_there

Part = TypeVar("Part")
Made = TypeVar("Made")
_NOWHERE: Final = Path()


def spread(
    function: Callable[[Part, Any], Made],
    parts: Sequence[Part],
    shared: Any,
    cluster: ClusterOptions,
    tell: Callable[[str], None],
) -> list[Made | LongboxError]:
    """Call a function of Longbox for every part, each on a worker.

    Args:
        function: Named in a module; takes a part and what all share.
        parts: Anything that can be pickled.
        shared: Goes to each worker once.
        cluster: Names the scheduler.
        tell: Gets one line for what a person should know.

    Returns:
        One a part, in order; an error of ours that the function raised stands for its part.

    Raises:
        ClusterError: There is no scheduler, it went away, no worker can be used, or a part is lost.
    """
    run = uuid.uuid4().hex[:16]
    found: dict[int, Made | LongboxError] = {}
    with connected(cluster.scheduler) as client:
        trip: Trip[int] = Trip(
            run=run,
            function=do_part_there,
            wrap=lambda _, number: Wrapped.of((function, parts[number])),
            setup=Wrapped.of((Setup(run, _NOWHERE, Config()), shared)),
            bring_home=_nothing,
            progress=lambda _number, _said: None,
            patience_s=cluster.patience_s,
        )
        with closing(Drive(Crowd(client, {}, tell), trip).run(range(len(parts)))) as outcomes:
            for number, outcome in outcomes:
                if isinstance(outcome, Lost):
                    raise ClusterError(f"part {number + 1} of {len(parts)}: {outcome.reason}")
                found[number] = outcome.value
    return [found[number] for number in range(len(parts))]


def _nothing(_: Answer) -> None:
    return
