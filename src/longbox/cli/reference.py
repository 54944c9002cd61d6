"""Write docs/cli.md from the commands themselves: `python -m longbox.cli.reference docs/cli.md`.

A test compares the file with what this makes, so the page cannot go stale.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import typer

_HEAD = """# The command line

Made by `make docs` from the commands themselves; do not edit.

Results go to stdout, everything else to stderr. Exit code 0: done or found; 1: an error, or nothing
found; 2: wrong usage; 130: stopped by Ctrl-C.
"""


def reference() -> str:
    """Return the page."""
    from longbox.cli.app import app

    root: Any = typer.main.get_command(app)
    return _HEAD + "".join(_sections(root, root.context_class(root, info_name="longbox")))


def _sections(command: Any, context: Any) -> list[str]:
    sections = [_section(command, context)]
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                inner = child.context_class(child, info_name=name, parent=context)
                sections.extend(_sections(child, inner))
    return sections


def _section(command: Any, context: Any) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"\n## {context.command_path}\n", f"    {usage}\n"]
    if command.help:
        lines.append(re.sub(r"\s+", " ", command.help).strip() + "\n")
    rows = [
        (names.replace("|", "\\|"), help_text.replace("|", "\\|"))
        for parameter in command.get_params(context)
        if (record := parameter.get_help_record(context)) is not None
        for names, help_text in [record]
        if "--help" not in names and "completion" not in names
    ]
    if rows:
        lines.append("| | |\n|---|---|")
        lines += [f"| `{names}` | {help_text} |" for names, help_text in rows]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
