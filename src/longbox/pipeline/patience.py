"""How failures of a server are waited out."""

from __future__ import annotations

from dataclasses import dataclass

from longbox.errors import ConfigError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient a run is.

    Attributes:
        n_tries: Requests for a page when connections break or the server fails.
        n_busy_tries: Requests for a page when the server says that it is busy.
        first_wait_s: After a first failure; doubled each time.
        longest_wait_s: No wait is longer; a server that asks for more ends the run.
        n_failed_pages: Pages that fail in a row for the server's sake before the run stops.
        n_first_failed_pages: The same while no page was answered yet: a wrong address or key.
    """

    n_tries: int = 4
    n_busy_tries: int = 12
    first_wait_s: float = 1.0
    longest_wait_s: float = 120.0
    n_failed_pages: int = 12
    n_first_failed_pages: int = 3

    def __post_init__(self) -> None:
        if min(self.n_tries, self.n_busy_tries, self.n_failed_pages) < 1:
            raise ConfigError("numbers of tries must be 1 or more")
        if self.first_wait_s < 0 or self.longest_wait_s < self.first_wait_s:
            raise ConfigError("waits must be 0 or more, the longest one the longest")
