"""Start Embedding Atlas's own server on a table, and end it.

It runs as a process of its own, found by its command, so that it may be installed beside Longbox or
in an environment of its own (its dependencies are many, and some exclude the versions that ours are
tested with). It listens on this machine only, gets all it shows from the table, and is told to stay
off the network: no model is downloaded, since places and neighbours are given.

The queries of its page run in the browser (`--duckdb wasm`). The other way, in which the server
runs any SQL that is posted to it, would let every web page that somebody opens on this machine
write files. From 0.25 on its map needs a browser with WebGPU; up to 0.22 it falls back to WebGL.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from longbox.analysis.whole_files import whole_file
from longbox.errors import ConfigError, LibraryError

PROGRAM: Final = "embedding-atlas"
HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 5055
_START_S: Final = 120.0
_END_S: Final = 5.0
_TABLE: Final = "longbox.parquet"


@dataclass(frozen=True, slots=True)
class AtlasServer:
    """A running Embedding Atlas.

    Attributes:
        address: Of its page.
        process: Its process; `wait` returns when it ends.
    """

    address: str
    process: subprocess.Popen[bytes]

    def wait(self) -> int:
        """Wait until it ends by itself; returns its exit code."""
        return self.process.wait()


def atlas_program(named: Path | None = None) -> Path:
    """Find the program: the named one, the one beside this Python, or the one on the PATH.

    Raises:
        ConfigError: It is not installed; the message says how to install it.
    """
    if named is not None:
        if not named.is_file():
            raise ConfigError(f"{named}: there is no such program; give the path of {PROGRAM}")
        return named
    beside = shutil.which(PROGRAM, path=str(Path(sys.executable).parent))
    found = beside or shutil.which(PROGRAM)
    if found is None:
        raise ConfigError(
            f"{PROGRAM} is not installed; `pipx install {PROGRAM}` gives it an environment of its "
            'own, `pip install "longbox[atlas]"` puts it beside Longbox'
        )
    return Path(found)


def atlas_command(
    program: Path, table: Path, columns: Sequence[str], port: int = DEFAULT_PORT
) -> list[str]:
    """Return the command that serves a table.

    Args:
        program: Embedding Atlas.
        table: A parquet file that `write_atlas` wrote.
        columns: Of the table; what is not there is not named.
        port: On this machine.
    """
    command = [str(program), str(table), "--x", "x", "--y", "y", "--disable-projection"]
    for option, column in (
        ("--text", "text"),
        ("--image", "picture"),
        ("--neighbors", "neighbours"),
    ):
        if column in columns:
            command += [option, column]
    return [
        *command,
        "--duckdb",
        "wasm",
        "--no-mcp",
        "--host",
        HOST,
        "--port",
        str(port),
        "--no-auto-port",
    ]


def write_atlas(table: pl.DataFrame, path: Path) -> Path:
    """Write a table as parquet, whole or not at all.

    Raises:
        LibraryError: The table is empty, or the disk refuses.
    """
    if not table.height:
        raise LibraryError("there is nothing to show: no panel or page has a place on this map")
    with whole_file(path) as partial:
        table.write_parquet(partial)
    return path


@contextmanager
def open_atlas(
    table: pl.DataFrame,
    *,
    program: Path | None = None,
    port: int | None = None,
    keep: Path | None = None,
    is_waiting: Callable[[], None] = lambda: None,
) -> Iterator[AtlasServer]:
    """Serve a table with Embedding Atlas while the context lasts.

    Args:
        table: By `atlas_table`.
        program: Embedding Atlas; looked for when None.
        port: 5055 when None, or a free one where that is taken.
        keep: Where the parquet file stays; a temporary file that is deleted when None.
        is_waiting: Called a few times a second until it answers.

    Raises:
        ConfigError: The program is not installed, or the asked port is taken.
        LibraryError: It ended before it answered, or did not answer in time.
    """
    found = atlas_program(program)
    chosen = _port(port)
    with tempfile.TemporaryDirectory(prefix="longbox-atlas-") as folder:
        path = write_atlas(table, keep or Path(folder) / _TABLE)
        said = Path(folder) / "said.txt"
        with said.open("wb") as output:
            process = subprocess.Popen(
                atlas_command(found, path, table.columns, chosen),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(),
            )
        try:
            _wait_until_up(process, chosen, said, is_waiting)
            yield AtlasServer(f"http://{HOST}:{chosen}", process)
        finally:
            _end(process)


def _environment() -> dict[str, str]:
    """Return our environment with what keeps the libraries it uses off the network."""
    return {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


def _port(asked: int | None) -> int:
    if asked is not None and not 0 < asked < 65_536:
        raise ConfigError(f"{asked} is no port; use 1 to 65535")
    for port in (asked or DEFAULT_PORT, *((0,) if asked is None else ())):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((HOST, port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise ConfigError(f"port {asked} is taken; give another one")


def _wait_until_up(
    process: subprocess.Popen[bytes], port: int, said: Path, is_waiting: Callable[[], None]
) -> None:
    last = time.monotonic() + _START_S
    while time.monotonic() < last:
        if process.poll() is not None:
            raise LibraryError(
                f"{PROGRAM} ended with code {process.returncode}: {_last_line(said)}; "
                "try the command in its own environment, or another version"
            )
        try:
            with socket.create_connection((HOST, port), timeout=1):
                return
        except OSError:
            is_waiting()
            time.sleep(0.2)
    raise LibraryError(f"{PROGRAM} did not answer within {_START_S:.0f} s: {_last_line(said)}")


def _last_line(said: Path) -> str:
    lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "it said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process, kindly first; a second Ctrl-C does not leave it behind."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_END_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
