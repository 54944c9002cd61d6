from __future__ import annotations

from pathlib import Path

from drawn_books import draw_book, filled

from longbox.vectors import Space


def test_spaces_of_panels_are_those_in_which_they_have_a_vector(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1), draw_book(2)]) as library:
        rows = [4, 0, 3, 11, 10**9]
        found = library.panel_spaces(rows)
        assert list(found) == rows
        for row in rows:
            one_by_one = {s for s in Space if library.panel_vector(row, s) is not None}
            assert found[row] == one_by_one
        assert Space.TEXT not in found[0]
        assert found[10**9] == frozenset()
        assert library.panel_spaces([]) == {}
