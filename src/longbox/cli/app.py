"""The command `longbox`: its sub-commands, and how errors end it.

Results go to stdout, everything else to stderr. Exit code 0: done or found; 1: an error, or
nothing found; 2: wrong usage; 130: stopped by Ctrl-C. Sub-commands import what they need when they
run, so that `longbox search` does not wait for libraries that only indexing uses.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from longbox import __version__
from longbox.cli import (
    analyze,
    characters,
    demo,
    describe,
    doctor,
    embed,
    evaluate,
    export,
    importing,
    index,
    inspect,
    library,
    search,
    serve,
    sheet,
    show,
    train,
)
from longbox.cli.terminal import say_error
from longbox.errors import ConfigError, LongboxError, QueryError

app = typer.Typer(
    name="longbox",
    help="Reads comic files, understands them panel by panel, and searches them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("index")(index.index)
app.command("describe")(describe.describe)
app.command("embed")(embed.embed)
app.command("search")(search.search)
app.command("serve")(serve.serve)
app.command("show")(show.show)
app.command("inspect")(inspect.inspect)
app.command("sheet")(sheet.sheet)
app.command("status")(library.status)
app.command("import")(importing.import_files)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.add_typer(library.app, name="library")
app.add_typer(analyze.app, name="analyze")
app.add_typer(characters.app, name="characters")
app.add_typer(export.app, name="export")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="eval")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"longbox {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Reads comic files, understands them panel by panel, and searches them."""


def main() -> None:
    """Run the command line; end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe that cannot show a character gets its code, not a crash.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except LongboxError as error:
        say_error(str(error))
        sys.exit(2 if isinstance(error, QueryError | ConfigError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        # What the disk refuses where a room does not say it better: an output, a long name.
        where = f"{error.filename}: " if error.filename else ""
        say_error(f"{where}{error.strerror or error}; check the path, its permissions and space")
        sys.exit(1)
