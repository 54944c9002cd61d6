"""What every command shares: the library option, the two consoles, and how an error looks."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from longbox.errors import ConfigError, LibraryError
from longbox.library import Library
from longbox.wording import plural as plural

if TYPE_CHECKING:
    from longbox.config import Config

_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROLS = re.compile(r"[\x7f-\x9f]")


class _PlainConsole(Console):
    """A console on which no text of a comic, a model or a file name can move the cursor.

    What a command prints has names and lettering in it. Rich lets escape sequences through, takes
    square brackets for markup and :words: for pictures; no plain text does either here, whatever
    the command that prints it forgot.
    """

    def render_str(self, text: str, **how: Any) -> Text:
        """Return text as it is shown, without control characters and signs that turn its order."""
        return super().render_str(_UNSHOWN.sub(" ", text), **how)


# Everything that is not a result: progress, problems, advice.
notes = _PlainConsole(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)
# Results for people; programs get print_json.
results = _PlainConsole(highlight=False, soft_wrap=True, markup=False, emoji=False)

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        "-l",
        envvar="LONGBOX_LIBRARY",
        help="The library folder; a folder of your user account when not given.",
        show_default=False,
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="A settings file (TOML) to use instead of the library's."),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Let the workers of a dask scheduler do it: tcp://HOST:PORT (docs/cluster.md).",
        show_default=False,
    ),
]
ResultsOption = Annotated[
    str | None,
    typer.Option(
        "--results",
        help="Where workers that do not see the library's folder put what they make: a URL that "
        "all machines reach, such as s3://BUCKET/PREFIX.",
        show_default=False,
    ),
]
ResourcesOption = Annotated[
    str | None,
    typer.Option(
        "--worker-resources",
        help="Use only workers that offer this, such as GPU=1 (`dask worker --resources`).",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def with_cluster(
    settings: Config,
    scheduler: str | None,
    results: str | None,
    *,
    index_resources: str | None = None,
    embed_resources: str | None = None,
) -> Config:
    """Return settings with the machines that the command line names."""
    old = settings.cluster
    cluster = replace(
        old,
        scheduler=scheduler or old.scheduler,
        results=results or old.results,
        index_resources=index_resources or old.index_resources,
        embed_resources=embed_resources or old.embed_resources,
    )
    if cluster.results and not cluster.scheduler:
        raise ConfigError("--results is for --scheduler; name the scheduler too")
    return replace(settings, cluster=cluster)


def library_root(given: Path | None) -> Path:
    """Return the library folder that a command works on."""
    if given is not None:
        return given.expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("longbox")) / "library"


def open_library(given: Path | None) -> Library:
    """Open the library of a command that needs one to be there.

    Raises:
        LibraryError: There is none; the message says how to make one.
    """
    root = library_root(given)
    if not root.is_dir():
        raise LibraryError(
            f"{root}: there is no library; make one with `longbox index FOLDER"
            f"{f' --library {root}' if given else ''}`"
        )
    # A folder that may only be read (a shared disk, a backup) can still be searched.
    return Library.open(root, read_only=not os.access(root, os.W_OK))


def print_json(value: Any) -> None:
    """Print one JSON value on one line of stdout, also with names that are no text in it."""
    try:
        line = msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        line = json.dumps(msgspec.to_builtins(value))  # escapes the bytes that are no text
    # JSON may hold them as they are, but the terminal that it is printed on obeys them.
    sys.stdout.write(_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", line) + "\n")


def say_error(message: str) -> None:
    """Print an error as one line, whatever a file name in it may contain."""
    notes.print("error: " + one_line(message), style="red", markup=False)


def say_note(line: str) -> None:
    """Print one line that a person should read, and go on."""
    notes.print(one_line(line), style="yellow", markup=False)


def one_line(text: str) -> str:
    """Return text that cannot move the cursor, change colours or break the line."""
    return " ".join("".join(c if c.isprintable() or c == " " else " " for c in text).split())


def is_terminal() -> bool:
    """Whether a person watches stdout."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
