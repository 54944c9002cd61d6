"""What a comic, a model or a file name says cannot move the cursor of whoever reads it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence

import pytest
from rich.table import Table

from longbox.cli import terminal

HOSTILE = "Saga\x1b[2J\x1b]0;pwned\x07 \x9b31m\u202eexe.cbz\x00 [bold]x[/bold] [/gone] :dragon:"


def printed(*values: object) -> str:
    with terminal.results.capture() as captured:
        terminal.results.print(*values)
    return captured.get()


def bare(text: str) -> Sequence[str]:
    return [c for c in text if not c.isprintable() and c != "\n"]


def test_plain_text_has_no_control_characters() -> None:
    shown = printed(HOSTILE)
    assert bare(shown) == []
    assert "exe.cbz" in shown


def test_square_brackets_and_colons_stay_as_they_are() -> None:
    shown = printed("[bold]x[/bold] [/gone] :dragon: [link=file:///etc/passwd]y[/link]")
    assert shown.strip() == "[bold]x[/bold] [/gone] :dragon: [link=file:///etc/passwd]y[/link]"


def test_cells_of_a_table_have_none_either() -> None:
    table = Table("book", HOSTILE)
    table.add_row(HOSTILE, "x")
    assert bare(printed(table)) == []


def test_json_holds_what_was_said_without_obeying_it(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    terminal.print_json({"title": HOSTILE})
    assert bare(out.getvalue().replace("\u202e", "")) == []
    assert json.loads(out.getvalue()) == {"title": HOSTILE}


def test_an_error_is_one_line_of_what_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.notes.capture() as captured:
        terminal.say_error("ghost\x1b[2J\n.cbz: [/b] gone")
    shown = captured.get()
    assert bare(shown) == []
    assert shown.count("\n") == 1
    assert "[/b] gone" in shown
    assert capsys.readouterr().out == ""
