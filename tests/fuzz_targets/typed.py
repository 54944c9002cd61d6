"""What people type or keep: queries, settings, corrections, saved searches."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from fuzz_targets.contract import Target, Try, require, require_line
from longbox.config import Config, load_config
from longbox.correction import (
    CorrectedField,
    CorrectedPanel,
    Correction,
    latest,
    panels_value,
    word_value,
)
from longbox.errors import ConfigError, LibraryError, QueryError
from longbox.geometry import Box
from longbox.library import Filters, WordsQuery, add_corrections, read_corrections
from longbox.library.saved_searches import read_searches, save_search
from longbox.retrieval import parse_query
from longbox.web.search.parameters import read_leniently, saved_state
from longbox.web.search.terms import read_terms, write_query
from numbered_libraries import numbered

_JSON = (b'"', b"null", b"1e999", b"\\u0000", b"\\ud800", b"[[", b"{}", b"NaN", b"Infinity")
BOOK_ID = f"{1:016x}"


def _query(home: Path) -> Try:
    """A query as the terminal and the page read it, and its words against the full-text index."""
    library = numbered(home / "library", 1)

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        try:
            terms = parse_query(text, lambda _: None)
            require(any(term.weight > 0 for term in terms), "nothing to search for")
            require(all(math.isfinite(term.weight) for term in terms), "a weight that is none")
        except QueryError as error:
            require_line(error)
        try:
            terms = read_terms(text, ())
            require(
                len(read_terms(write_query(terms), ())) == len(terms), "is read as another query"
            )
        except QueryError as error:
            require_line(error)
        words = WordsQuery(tuple(text.split("\t")[0].split(" ")[:20]), (), tuple(text.split()[3:5]))
        try:
            library.match_words(words, 5, Filters())
            library.match_substring(text[:200], 5, Filters())
        except QueryError as error:
            require_line(error)

    return one


def _queries() -> Sequence[bytes]:
    return [
        b'2:dragon + "castle at night" - 0.5:rain',
        b"0000000000000001-0001-02 - 'fog'",
        "雨 NEAR(a b) OR title:* ^x".encode(),
        b'"unclosed + -- 1e999:x',
        b'six AND ab* {text : "x"} \xff\x00',
    ]


def _parameters(_: Path) -> Try:
    """The address of a search page, and the same as a saved search."""
    usual = {"vision": 1.0, "text": 1.0}

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        pairs = [tuple((line + "=").split("=", 1)) for line in text.split("&")]
        read_leniently([(name, value[:-1]) for name, value in pairs], usual)
        saved_state(text, usual)

    return one


def _addresses() -> Sequence[bytes]:
    return [
        b"q=rain&space=vision&language=fr&year_from=1990&start=20&group=page&weight=vision:2",
        b"q=&also=0000000000000001-0001-02&also=-picture:0123456789abcdef0123456789abcdef&k=-1",
        b"q=%ff%00&kinds=dialogue&kinds=x&start=1e9",
    ]


def _config(home: Path) -> Try:
    path = home / "config.toml"

    def one(data: bytes) -> None:
        path.write_bytes(data)
        try:
            config = load_config(path)
        except ConfigError as error:
            require_line(error)
            return
        path.write_text(config.to_toml(), encoding="utf-8")
        require(load_config(path) == config, "is not read back as it was written")

    return one


def _configs() -> Sequence[bytes]:
    rooms = b"\n".join(
        b"[%s]\n%s" % (room.encode(), b"\n".join(_line(k, v) for k, v in values.items()))
        for room, values in asdict(Config()).items()
    )
    return [rooms, b"[ingest]\nmax_pixels = 5\ndirection = 'rtl'\n", b"[index]\nn_worker = 2\n"]


def _line(name: str, value: object) -> bytes:
    is_plain = isinstance(value, bool | int | float | str)
    return f"{name} = {json.dumps(value)}".encode() if is_plain else b""


def _corrections(home: Path) -> Try:
    path = home / "corrections" / f"{BOOK_ID}.json"
    path.parent.mkdir()
    more = Correction(
        BOOK_ID, None, CorrectedField.TITLE, word_value("Rain"), "2026-01-01T00:00:00"
    )

    def one(data: bytes) -> None:
        path.write_bytes(data)
        try:
            found = read_corrections(home, BOOK_ID)
            latest(found)
        except LibraryError as error:
            require_line(error)
            return
        try:
            add_corrections(home, (more,))
        except LibraryError as error:
            require_line(error)
        require(set(found) <= set(read_corrections(home, BOOK_ID)), "a correction was lost")

    return one


def _correction_seeds() -> Sequence[bytes]:
    with_all = [
        (0, CorrectedField.PANELS, panels_value([CorrectedPanel(Box(0, 0, 5, 5), None)])),
        (1, CorrectedField.PAGE_TYPE, word_value("cover")),
        (None, CorrectedField.DIRECTION, word_value("rtl")),
        (0, CorrectedField.REVIEW, word_value("right")),
    ]
    records = [
        {
            "page_index": page,
            "field": field.value,
            "value": json.loads(value),
            "made_at": "2026-11-22T01:01:52+00:00",
            "origin": "person",
        }
        for page, field, value in with_all
    ]
    text = {"x0": 0, "y0": 0, "x1": 5, "y1": 5, "text": "HI", "kind": "dialogue"}
    records.append({**records[0], "field": "texts", "value": [text]})
    whole = {
        "format": 2,
        "kind": "longbox corrections",
        "book_id": BOOK_ID,
        "corrections": records,
    }
    return [json.dumps(whole).encode()]


def _searches(home: Path) -> Try:
    path = home / "searches.json"

    def one(data: bytes) -> None:
        path.write_bytes(data)
        try:
            found = read_searches(home)
        except LibraryError as error:
            require_line(error)
            return
        if len(found) < 1000:
            made = save_search(home, "Rain", "q=rain")
            require(read_searches(home)[: len(found)] == found, "a search was lost")
            require(made in read_searches(home), "the new search was lost")

    return one


def _search_seeds() -> Sequence[bytes]:
    one = {
        "search_id": "9b1f03c27ae4",
        "name": "Rain at night",
        "query": "q=rain",
        "saved_at": "2026-11-22T01:01:52+00:00",
    }
    return [json.dumps({"format": 1, "kind": "longbox searches", "searches": [one]}).encode()]


TARGETS = (
    Target(
        "queries",
        "terms of which one counts, found or not; or a QueryError",
        _query,
        _queries,
        (b'"', b" + ", b" - ", b"NEAR", b"AND", b"*", b"1e3:", b"{text}"),
        max_bytes=4096,
        memory_mb=8192,
    ),
    Target(
        "addresses", "a search and notes; never raises", _parameters, _addresses, (b"&q=", b"=")
    ),
    Target(
        "config", "settings that write and read back alike, or a ConfigError", _config, _configs
    ),
    Target(
        "corrections",
        "corrections, or a LibraryError; a new one loses none",
        _corrections,
        _correction_seeds,
        _JSON,
    ),
    Target(
        "searches",
        "searches, or a LibraryError; a new one loses none",
        _searches,
        _search_seeds,
        _JSON,
    ),
)
