"""Names of members: safe to print, never a way out, sorted as people count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longbox.book import Direction
from longbox.errors import ConfigError
from longbox.ingest import IngestOptions, printable
from longbox.ingest.naming import (
    clean_path,
    decode_name,
    is_junk,
    is_page_name,
    natural_order,
    suffix_of,
)


@given(st.text())
def test_printable_text_is_one_line_in_utf8(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert len(shown) <= 3100


def test_printable_keeps_what_is_harmless() -> None:
    assert printable("Émile 第1巻 page 1.jpg") == "Émile 第1巻 page 1.jpg"
    assert printable("a\nb\u202e\udcff") == "a\\nb\\u202e\\udcff"


@pytest.mark.parametrize(
    ("name", "path", "fault"),
    [
        ("a/b.jpg", "a/b.jpg", None),
        ("./a//b.jpg", "a/b.jpg", None),
        ("a\\b.jpg", "a/b.jpg", None),
        ("/a/b.jpg", "a/b.jpg", "absolute"),
        ("\\\\host\\b.jpg", "host/b.jpg", "absolute"),
        ("C:\\a\\b.jpg", "a/b.jpg", "absolute"),
        ("c:b.jpg", "b.jpg", "absolute"),
        ("..\\b.jpg", "../b.jpg", "outside"),
        ("a/../../b.jpg", "a/../../b.jpg", "outside"),
        ("a..b/c...jpg", "a..b/c...jpg", None),
    ],
)
def test_paths_lose_their_start_and_never_lead_out(name: str, path: str, fault: str | None) -> None:
    assert clean_path(name) == (path, fault)


@given(st.text())
def test_clean_paths_stay_inside(name: str) -> None:
    path, fault = clean_path(name)
    if fault != "outside":
        assert not path.startswith("/")
        assert ".." not in path.split("/")


def test_names_in_unknown_encodings_are_read() -> None:
    assert decode_name("ページ.jpg".encode()) == "ページ.jpg"
    assert decode_name("ページ.jpg".encode("cp932")) == "ページ.jpg"
    assert decode_name(b"\x81.jpg") == "ü.jpg"
    assert decode_name(bytes(range(1, 256)))


def test_junk_and_pages() -> None:
    assert is_junk("__MACOSX/a.jpg")
    assert is_junk("a/._b.jpg")
    assert is_junk("Thumbs.db")
    assert not is_junk("../a.jpg")
    assert is_page_name("a.jpg.PNG")
    assert not is_page_name("a.jpg.txt")
    assert not is_page_name(".jpg")
    assert suffix_of("a.b/c") == ""
    assert suffix_of("x.TAR.GZ") == ".tar.gz"


def test_natural_order_is_total_and_counts() -> None:
    names = ["p10", "P2", "p1", "p02", "é1", "e\u03011", "p1.5", "p1/2.jpg", "", "²"]
    ordered = sorted(names, key=natural_order)
    assert ordered.index("p1") < ordered.index("P2") < ordered.index("p10")
    assert sorted([*names[5:], *names[:5]], key=natural_order) == ordered


def test_options_refuse_limits_that_are_none() -> None:
    with pytest.raises(ConfigError, match="max_pixels"):
        IngestOptions(max_pixels=0)
    with pytest.raises(ConfigError, match="max_missing_rows"):
        IngestOptions(max_missing_rows=1.5)
    assert IngestOptions(direction=Direction.RTL).direction is Direction.RTL
