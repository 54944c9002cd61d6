"""Listening: uvicorn, with bounds on connections that its own settings lack.

uvicorn waits for ever for a request that trickles in, and for a client that stopped reading. Here a
connection must have sent its whole request head in time and must go on reading what is sent, and
one address (other than this machine) may hold only so many connections.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from longbox.errors import ConfigError
from longbox.web.clients import client_name
from longbox.web.options import WebOptions


class BoundedProtocol(H11Protocol):
    """A connection that must ask in time, and of which one address has only so many."""

    def __init__(self, *args: Any, options: WebOptions, held: Counter[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._options = options
        self._held = held
        self._address = ""
        self._asking: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for a request, or refuse one connection too many."""
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        address = client_name(str(peer[0])) if isinstance(peer, tuple) else ""
        is_here = address.startswith("127.") or address == "::1"
        if not is_here and self._held[address] >= self._options.max_connections_each:
            transport.abort()
            return
        self._address = address
        self._held[address] += 1
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting."""
        self._stop_waiting()
        self._forget_stall()
        if self._address:
            self._held[self._address] -= 1
            if self._held[self._address] <= 0:
                del self._held[self._address]
            self._address = ""
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; the clock of a request's head starts with its first."""
        before: RequestResponseCycle | None = self.cycle
        if self._asking is None and (before is None or before.response_complete):
            self._wait()
        super().data_received(data)
        after: RequestResponseCycle | None = self.cycle
        if after is not None and after is not before:
            self._stop_waiting()

    def pause_writing(self) -> None:
        """Start waiting for a client that does not read; closing alone would wait for ever."""
        super().pause_writing()
        self._forget_stall()
        self._stalled = self.loop.call_later(self._options.body_timeout_s, self._too_slow)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self._forget_stall()

    def _forget_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _wait(self) -> None:
        self._asking = self.loop.call_later(self._options.header_timeout_s, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _too_slow(self) -> None:
        self._asking = None
        if self.transport is not None:
            self.transport.abort()


class Server:
    """A server that listens already; `run` answers until it is told to stop."""

    def __init__(self, app: FastAPI, options: WebOptions) -> None:
        """Listen.

        Raises:
            ConfigError: The address cannot be had.
        """
        protocol = partial(BoundedProtocol, options=options, held=Counter())
        config = uvicorn.Config(
            app,
            host=options.host,
            port=options.port,
            http=protocol,  # type: ignore[arg-type]
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=options.max_connections,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=32_768,
        )
        self._server = uvicorn.Server(config)
        self._socket = _listening(options)
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)
        name = f"[{shown}]" if ":" in shown else shown
        self.address = f"http://{name}:{self._socket.getsockname()[1]}"

    def run(self) -> None:
        """Answer until `stop` or Ctrl-C."""
        try:
            self._server.run(sockets=[self._socket])
        except KeyboardInterrupt:
            return
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Let `run` end; may be called from another thread."""
        self._server.should_exit = True

    @property
    def is_started(self) -> bool:
        """Whether requests are answered."""
        return self._server.started


def _listening(options: WebOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off: else an answer of two writes
    # waits 40 ms for the client's acknowledgement.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((options.host, options.port))
        made.listen(512)
    except OSError as error:
        made.close()
        raise ConfigError(
            f"{options.host}:{options.port} cannot be listened on ({error.strerror}); choose "
            "another with --port, or stop what uses it"
        ) from error
    return made
