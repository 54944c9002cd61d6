"""A run's connection to a dask scheduler, and which of its workers are of use."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Final

from longbox import __version__
from longbox.errors import ClusterError

_CONNECT_S: Final = 10.0
_PACKAGE: Final = "longbox"
_LOGGERS: Final = ("distributed", "distributed.client", "distributed.core", "distributed.comm")
Tell = Callable[[str], None]


@dataclass(slots=True)
class Crowd:
    """The workers of a scheduler, as a run sees them.

    Attributes:
        client: The connection.
        needs: Resources that a worker must offer.
        slots: How many tasks each worker of use does at once, by address.
        unfit: Workers that this run does not use, and why.
    """

    client: Any
    needs: Mapping[str, float]
    tell: Tell
    slots: dict[str, int] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    _checked: set[str] = field(default_factory=set)
    n_lacking: int = 0

    def look(self) -> None:
        """See who came and went, and check those who came.

        Raises:
            ClusterError: The scheduler is gone.
        """
        try:
            workers = self.client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, TimeoutError) as error:
            raise self.gone() from error
        if self.client.status != "running":
            raise self.gone()
        new = [address for address in workers if address not in self._checked]
        self._check(new)
        self._checked.intersection_update(workers)
        self.unfit = {a: why for a, why in self.unfit.items() if a in workers}
        offered = {
            address: _slots(info, self.needs)
            for address, info in workers.items()
            if address in self._checked and address not in self.unfit
        }
        self.slots = {address: n for address, n in offered.items() if n}
        self.n_lacking = len(offered) - len(self.slots)

    def refuse(self, address: str, reason: str) -> None:
        """Use a worker no more in this run."""
        if address not in self.unfit:
            self.unfit[address] = reason
            self.slots.pop(address, None)
            self.tell(f"worker {address} is not used: {reason}")

    def require_some(self) -> None:
        """Refuse to go on where workers are there and none is of use.

        Raises:
            ClusterError: So it is.
        """
        if self.slots or not (self.unfit or self.n_lacking):
            return
        if self.unfit:
            reason = next(iter(self.unfit.values()))
            raise ClusterError(f"no worker of {self.address} can be used: {reason}")
        wanted = ",".join(f"{name}={amount:g}" for name, amount in self.needs.items())
        raise ClusterError(
            f"no worker of {self.address} offers {wanted}; start some with "
            f'`dask worker {self.address} --resources "{wanted}"`'
        )

    @property
    def address(self) -> str:
        """Where the scheduler is."""
        return str(self.client.scheduler.address)

    def gone(self) -> ClusterError:
        """Return the error of a run that lost its scheduler."""
        return ClusterError(
            f"the scheduler {self.address} is gone; what is done is kept, start it again and the "
            "same command goes on"
        )

    def check_again(self) -> bool:
        """Check all workers anew; returns whether one was found unfit."""
        before = len(self.unfit)
        self._checked.clear()
        self.look()
        return len(self.unfit) > before

    def _check(self, addresses: list[str]) -> None:
        if not addresses:
            return
        said = self.client.run(metadata.version, _PACKAGE, workers=addresses, on_error="return")
        for address, version in said.items():
            if isinstance(version, OSError):
                continue  # it died as it was asked, or answers the next time: it has no tasks yet
            self._checked.add(address)
            if isinstance(version, metadata.PackageNotFoundError):
                self.refuse(
                    address, "Longbox is not installed there; install it with its extra `cluster`"
                )
            elif isinstance(version, Exception):
                reason = " ".join(f"{type(version).__name__}: {version}".split())[:200]
                self.refuse(address, f"it cannot say which Longbox it has ({reason})")
            elif version != __version__:
                self.refuse(
                    address,
                    f"it has Longbox {version}, not {__version__}; install the same version there",
                )


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Give a client of a scheduler.

    Raises:
        ClusterError: dask is not installed, or no scheduler answers there.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            f'--scheduler needs dask: pip install "longbox[cluster]" ({error})'
        ) from error
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # each becomes one line of ours
    try:
        opened: Any = Client
        client = opened(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ClusterError(
            f"{address}: no scheduler answers there ({reason}); start one with `dask scheduler`, "
            "and give its address as tcp://HOST:PORT"
        ) from error
    try:
        _require_same_scheduler(client, address)
        yield client
    finally:
        with suppress(OSError, TimeoutError):
            client.close(timeout=5)


def _require_same_scheduler(client: Any, address: str) -> None:
    """Refuse a scheduler that could not read a task of this version."""
    try:
        version = client.run_on_scheduler(metadata.version, _PACKAGE)
    except metadata.PackageNotFoundError as error:
        raise ClusterError(
            f"{address}: the scheduler runs where Longbox is not installed; start it in the same "
            "environment as the workers"
        ) from error
    if version != __version__:
        raise ClusterError(
            f"{address}: the scheduler has Longbox {version}, not {__version__}; install the same "
            "version there"
        )


def _slots(info: Mapping[str, Any], needs: Mapping[str, float]) -> int:
    """Return how many tasks a worker does at once; 0 where it lacks what they need."""
    offered = info.get("resources") or {}
    fitting = [int(offered.get(name, 0.0) // amount) for name, amount in needs.items()]
    return min([int(info["nthreads"]), *fitting])


def waited(since: float) -> float:
    """Return the seconds since a moment of time.monotonic()."""
    return time.monotonic() - since
