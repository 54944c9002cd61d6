"""How the web server behaves: where it listens, whom it lets in, how much it keeps."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from longbox.errors import ConfigError
from longbox.web.whereabouts import Whereabouts

_MIB = 1 << 20
_PLAIN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class WebOptions:
    """Options of `longbox serve`.

    Attributes:
        host: Address to listen on. Anything but a loopback address needs a token.
        port: 0 lets the system choose.
        token: Who has it may use the server; None lets everybody in who reaches it, which only
            loopback allows.
        is_read_only: Nothing of the library can be changed: for sharing.
        hosts: Further names by which people reach the server (a name on the home network). Any
            other name in a request's Host header is refused: that is how DNS rebinding attacks.
        max_body_bytes: Of a request, pictures apart.
        max_upload_bytes: Of a picture to search with.
        max_connections: Open at once; beyond it the answer is 503.
        max_connections_each: Of these, from one address other than this machine.
        header_timeout_s: A connection that has not sent its request by then is closed.
        body_timeout_s: The same for each piece of a body, and for a reader that stops reading.
        cache_bytes: Of rendered pictures kept on disk.
        n_render_processes: Processes that decode and render pictures; 0 for one a core, at most 2.
    """

    host: str = "127.0.0.1"
    port: int = 8733
    token: str | None = None
    is_read_only: bool = False
    hosts: tuple[str, ...] = ()
    max_body_bytes: int = 4 * _MIB
    max_upload_bytes: int = 30 * _MIB
    max_connections: int = 512
    max_connections_each: int = 64
    header_timeout_s: float = 10.0
    body_timeout_s: float = 30.0
    cache_bytes: int = 1024 * _MIB
    n_render_processes: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port {self.port} is none; use 1 to 65535, or 0 for any")
        if not self.is_local and not self.token:
            raise ConfigError(
                f"{self.host} can be reached by others, so a token is needed; `longbox serve` "
                "makes one"
            )
        if self.token is not None and not _PLAIN.fullmatch(self.token):
            raise ConfigError(
                "a token must be of letters, digits and signs of ASCII, without blanks; browsers "
                "and readers write others in different ways"
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def whereabouts(self) -> Whereabouts:
        """How much is told of where files lie: all of it only to whoever sits at this machine."""
        return Whereabouts(is_told=self.is_local and not self.is_read_only and not self.hosts)

    @property
    def known_hosts(self) -> frozenset[str]:
        """Names and addresses that a request may call the server by, in lower case."""
        own = {"127.0.0.1", "localhost", "[::1]"}
        if self.host not in ("0.0.0.0", "::"):
            own.add(f"[{self.host}]" if ":" in self.host else self.host)
        return frozenset(name.lower() for name in (*own, *self.hosts))
