"""Figures as SVG and PNG: the same every time, words stay words, and nothing else is touched."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from drawn_study import HOSTILE
from longbox.analysis.plots import map_by_cluster, png_of, svg_of

PLACES = np.random.default_rng(0).random((40, 2))
LABELS = np.arange(40) % 2


def drawn(name: str = "plain", n: int = 40) -> str:
    return svg_of(map_by_cluster(PLACES[:n], LABELS[:n], [name, "two"], name, name))


def test_svg_is_the_same_every_time_and_has_no_date() -> None:
    once = drawn()
    assert drawn() == once
    assert "date" not in once.lower()


def test_svg_is_well_formed_with_a_strangers_title() -> None:
    root = ElementTree.fromstring(drawn(HOSTILE))
    words = " ".join(
        "".join(element.itertext()) for element in root.iter() if "text" in element.tag
    )
    assert "$x^2$" in words
    assert "鳥の目" in words
    assert "🦊" in words
    assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_ids_of_two_figures_in_one_page_differ() -> None:
    ids = [set(re.findall(r'\bid="([^"]+)"', drawn(name))) for name in ("one", "other")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_every_reference_points_into_its_own_figure() -> None:
    svg = drawn()
    ids = set(re.findall(r'\bid="([^"]+)"', svg))
    references = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    assert references
    assert references <= ids


def test_words_that_look_like_an_id_stay_as_they_are() -> None:
    svg = svg_of(map_by_cluster(PLACES, LABELS, ["a", "b"], 'x id="y" url(#z)', ""))
    assert 'x id="y" url(#z)' in "".join(ElementTree.fromstring(svg).itertext())


def test_svg_has_no_style_that_holds_for_the_page_around_it() -> None:
    assert "<style" not in drawn()


def test_many_points_are_a_picture_inside_of_the_figure() -> None:
    places = np.random.default_rng(0).random((4_000, 2))
    svg = svg_of(map_by_cluster(places, np.zeros(4_000, int), ["one"]))
    assert "data:image/png" in svg
    assert len(svg) < 2_000_000


def test_nothing_of_the_whole_program_is_changed() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    drawn(HOSTILE)
    assert dict(matplotlib.rcParams) == before


def test_pyplot_is_never_imported_and_matplotlib_not_before_it_is_needed() -> None:
    code = (
        "import sys, numpy as np, longbox.analysis.plots as p\n"
        "assert 'matplotlib' not in sys.modules\n"
        "p.png_of(p.map_by_cluster(np.zeros((3, 2)), np.zeros(3, int), ['a']))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("dpi", [50, 100])
def test_png_has_the_size_that_was_asked_for(dpi: int) -> None:
    picture = png_of(map_by_cluster(PLACES, LABELS, ["a", "b"]), dpi)
    assert picture[:4] == b"\x89PNG"
    assert int.from_bytes(picture[16:20]) == 9 * dpi
