"""What every command shares: the library option, the two consoles, and how an error looks."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from longbox.errors import LibraryError
from longbox.library import Library
from longbox.wording import plural as plural

# Everything that is not a result: progress, problems, advice.
notes = Console(stderr=True, highlight=False, soft_wrap=True)
# Results for people; programs get print_json.
results = Console(highlight=False, soft_wrap=True)

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
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


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
    sys.stdout.write(line + "\n")


def say_error(message: str) -> None:
    """Print an error as one line, whatever a file name in it may contain."""
    notes.print("error: " + one_line(message), style="red", markup=False)


def one_line(text: str) -> str:
    """Return text that cannot move the cursor, change colours or break the line."""
    return " ".join("".join(c if c.isprintable() or c == " " else " " for c in text).split())


def is_terminal() -> bool:
    """Whether a person watches stdout."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
