"""The command line: the only room that prints."""

from longbox.cli.app import main

__all__ = ["main"]
