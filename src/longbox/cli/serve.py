"""`longbox serve`: the library in a browser."""

from __future__ import annotations

import os
import secrets
import webbrowser
from typing import Annotated

import typer

from longbox.cli.terminal import ConfigOption, LibraryOption, library_root, notes, results
from longbox.config import load_config
from longbox.library import Library


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; another than this machine's needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 for any that is free.", min=0)] = 8733,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="LONGBOX_TOKEN",
            help="What others must type; made and printed once when others can reach the server.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A further name that people reach this machine by (comics.local)."),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Let nothing be changed: for sharing.")
    ] = False,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the page in a browser.")
    ] = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Open the page: search, read and correct the library in a browser."""
    from longbox.web import Server, WebOptions, create_app, keep_heap_small

    keep_heap_small()
    root = library_root(library)
    is_local = WebOptions(host=host, token="-").is_local
    secret = token or (None if is_local else secrets.token_urlsafe(24))
    can_write = not root.exists() or os.access(root, os.W_OK)
    options = WebOptions(
        host=host,
        port=port,
        token=secret,
        is_read_only=read_only or not can_write,
        hosts=tuple(name or ()),
    )
    opened = Library.create(root) if can_write else Library.open(root, read_only=True)
    with opened:
        settings = load_config(config, opened.root)
        server = Server(create_app(opened, settings, options), options)
        address = f"{server.address}/" + (f"?token={secret}" if secret else "")
        results.print(address, markup=False)
        if secret and not token:
            notes.print("others need this token; it is new at every start (--token keeps one)")
        if not is_local:
            notes.print("others reach it by this machine's address (or a --name) and the same port")
        notes.print("Ctrl-C ends it", style="dim")
        if open_browser:
            webbrowser.open(address)
        server.run()
