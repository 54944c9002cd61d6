"""Words, substrings, vectors and filters, checked against the naive way."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from drawn_books import DIMENSIONS, Drawn, add, draw_book, filled

from longbox.book import (
    AnnotatedBook,
    Direction,
    Metadata,
    PageType,
    TextKind,
    TextRegion,
)
from longbox.errors import LibraryError, QueryError, SpaceMismatchError
from longbox.geometry import Box
from longbox.library import Filters, Library, WordsQuery, substrings, text_sample
from longbox.library import words as words_module
from longbox.library.folding import fold
from longbox.library.stored_vectors import packed, restored, unpacked
from longbox.vectors import QueryVector, Space, unit

TEXTS = [
    ["It's raining on the roof!", "The dragon sleeps", "a dragon, a DRAGON, dragons"],
    ["Café Müller naïve", "ДРАКОН летит", "100% *sure* [ok] a_b \\ ?"],
    ["ドラゴンが\n空を飛ぶ", "猫が好きだ。", "ﾄﾞﾗｺﾞﾝ ＡＢＣ"],
    ['say "hi" AND (NOT me) OR NEAR/2', "", "🐉 fire 🔥🔥"],
]


@pytest.fixture
def shelf(tmp_path: Path) -> Library:
    return filled(tmp_path, [draw_book(1, TEXTS)])


def words(library: Library, *terms: str, k: int = 20, **kinds: tuple[str, ...]) -> list[str]:
    hits = library.match_words(WordsQuery(terms, **kinds), k)
    return [r.text for r in library.panel_records([h.row for h in hits])]


def substring(library: Library, text: str, k: int = 20) -> list[str]:
    hits = library.match_substring(text, k)
    return [r.text for r in library.panel_records([h.row for h in hits])]


def test_more_and_rarer_words_rank_first(shelf: Library) -> None:
    assert words(shelf, "dragon") == [TEXTS[0][2], TEXTS[0][1]]
    assert words(shelf, "the", "roof")[0] == TEXTS[0][0]
    assert words(shelf, "dragon", "sleeps")[0] == TEXTS[0][1]


def test_case_accents_and_width_do_not_matter(shelf: Library) -> None:
    for term in ("cafe", "CAFÉ", "Cafe\u0301", "ｃａｆｅ"):
        assert words(shelf, term) == [TEXTS[1][0]]
    assert words(shelf, "дракон") == [TEXTS[1][1]]
    assert substring(shelf, "МУЛЛ") == []
    assert substring(shelf, "mull") == [TEXTS[1][0]]


def test_required_and_excluded_words(shelf: Library) -> None:
    assert words(shelf, "dragon", excluded=("sleeps",)) == [TEXTS[0][2]]
    assert words(shelf, "roof", required=("dragon",)) == [TEXTS[0][2], TEXTS[0][1]]
    assert words(shelf, "sleeps", required=("dragon",))[0] == TEXTS[0][1]
    assert words(shelf, required=("the", "dragon")) == [TEXTS[0][1]]
    assert words(shelf, excluded=("dragon",)) == []


def test_phrases_and_beginnings(shelf: Library) -> None:
    assert words(shelf, "on the roof") == [TEXTS[0][0]]
    assert words(shelf, "roof the on") == []
    assert set(words(shelf, "drag*")) == {TEXTS[0][1], TEXTS[0][2]}
    assert words(shelf, "on the ro*") == [TEXTS[0][0]]


@pytest.mark.parametrize(
    "term",
    ['"', '""', "'", "*", "**", "(", ")", "AND", "NOT", "a OR", "NEAR(", "x:", "folded:dragon",
     "-", "+", "^a", "\x00", "dragon\x00", "\ud800", "🐉", "%", "_", "\\", "{",
     "; DROP TABLE books", "", " ", "\n"],
)  # fmt: skip
def test_whatever_a_person_types_is_words_not_syntax(shelf: Library, term: str) -> None:
    for query in (
        WordsQuery((term,)),
        WordsQuery(("dragon", term)),
        WordsQuery(("dragon",), required=(term,)),
        WordsQuery(("dragon",), excluded=(term,)),
    ):
        shelf.match_words(query, 5)
    assert len(words(shelf, "dragon", term)) >= 2
    shelf.match_substring(term, 5)


def test_operators_are_found_as_words(shelf: Library) -> None:
    assert words(shelf, "AND") == [TEXTS[3][0]]
    assert words(shelf, 'say "hi" and') == [TEXTS[3][0]]
    assert words(shelf, "near/2") == [TEXTS[3][0]]


def test_too_long_queries_are_refused(shelf: Library) -> None:
    with pytest.raises(QueryError, match="more than 200 words"):
        shelf.match_words(WordsQuery(tuple(f"w{i}" for i in range(201))), 5)
    with pytest.raises(QueryError, match="longer than 1000"):
        shelf.match_substring("x" * 1001, 5)
    shelf.match_words(WordsQuery(tuple(f"w{i}" for i in range(200))), 5)


def test_japanese_is_found_by_substrings_of_any_length(shelf: Library) -> None:
    for text in ("猫", "猫が", "猫が好", "好きだ", "だ。"):
        assert substring(shelf, text) == [TEXTS[2][1]]
    assert substring(shelf, "犬") == []
    assert substring(shelf, "猫犬") == []


def test_lines_broken_inside_japanese_words_and_half_width_kana_are_found(shelf: Library) -> None:
    assert substring(shelf, "ドラゴンが空を") == [TEXTS[2][0]]
    assert set(substring(shelf, "ドラゴン")) == {TEXTS[2][0], TEXTS[2][2]}
    assert substring(shelf, "トラコン") == []  # voicing marks make other letters


def test_wildcards_are_plain_characters_in_substrings(shelf: Library) -> None:
    for text in ("100%", "*sure*", "[ok]", "a_b", "\\ ?", "%", "*", "[", "_b"):
        assert substring(shelf, text) == [TEXTS[1][2]]
    assert substring(shelf, "1*k") == []
    assert substring(shelf, "[o]k") == []


def test_emoji_are_found_by_substring(shelf: Library) -> None:
    assert substring(shelf, "🐉") == [TEXTS[3][2]]
    assert substring(shelf, "🔥🔥") == [TEXTS[3][2]]


def test_a_larger_share_of_the_lettering_ranks_first(tmp_path: Path) -> None:
    texts = [["a long text that says boom once", "boom", "boom boom boom now"]]
    with filled(tmp_path, [draw_book(1, texts)]) as library:
        assert substring(library, "boom") == [texts[0][1], texts[0][2], texts[0][0]]


def random_texts(rng: np.random.Generator, n: int) -> list[str]:
    letters = list("abcdeé 猫犬が好ÄÖß\n'%*?[")
    return ["".join(rng.choice(letters, int(rng.integers(0, 30)))) for _ in range(n)]


@pytest.mark.parametrize("is_sampled", [False, True])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 6])
def test_substrings_are_those_that_a_plain_search_finds(
    tmp_path: Path, length: int, is_sampled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_sampled:
        monkeypatch.setattr(text_sample, "LEAST_TEXTS", 0)
        monkeypatch.setattr(substrings, "_READING_COST", 2.0)  # so that few trigrams are asked for
    monkeypatch.setattr(substrings, "MAX_CANDIDATES", 299)  # so that the index is used
    rng = np.random.default_rng(length)
    texts = random_texts(rng, 300)
    with filled(tmp_path, [draw_book(1, [texts])]) as library:
        for text in [t for t in texts if len(fold(t)) > length][:40]:
            folded = fold(text)
            start = int(rng.integers(len(folded) - length))
            needle = fold(folded[start : start + length])
            expected = {i for i, t in enumerate(texts) if needle and needle in fold(t)}
            assert {h.row for h in library.match_substring(needle, 1000)} == expected


def test_folding_twice_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        text = "".join(chr(c) for c in rng.integers(1, 0x3100, 20))
        assert fold(fold(text)) == fold(text)
    assert unicodedata.is_normalized("NFKC", fold("e\u0301 が ｶﾞ ﬁ"))


def test_frequent_words_weigh_and_bring_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [
        [f"you number{i} {'love' if i % 10 == 0 else 'hate'}" for i in range(60)],
        ["love you"],
    ]
    texts.append(["love them", "love us"])
    texts.append(["nothing at all to see here"] * 80)
    with filled(tmp_path, [draw_book(1, texts)]) as library:
        plain = words(library, "love", "you", k=3)
        monkeypatch.setattr(words_module, "MAX_WORD_CANDIDATES", 30)
        limited = words(library, "love", "you", k=100)
        assert limited[0] == plain[0] == "love you"
        n_rare = sum("love" in text for text in limited)
        assert all("love" in text for text in limited[:n_rare])
        assert all("you" in text for text in limited[n_rare:])
        assert words(library, "love", "you", k=n_rare) == limited[:n_rare]
        assert words(library, "you", k=3)  # the only term brings its candidates all the same


def test_lettering_that_no_panel_owns_is_found_with_the_nearest_panel(tmp_path: Path) -> None:
    drawn = draw_book(1, [["first", "second"]])
    page = drawn.annotated.pages[0]
    stray = TextRegion(Box(0, 205, 50, 215), "meanwhile", 0.5, TextKind.CAPTION, "x", None, 2)
    page = type(page)(page.page, page.panels, (*page.texts, stray), page.label, page.picture_hash)
    drawn = Drawn(AnnotatedBook(drawn.annotated.book, (page,)), drawn.vectors)
    with filled(tmp_path, [drawn]) as library:
        assert words(library, "meanwhile") == ["second"]
        assert substring(library, "eanwhi") == ["second"]


# ---- vectors


def naive(drawn: Drawn, query: QueryVector) -> np.ndarray:
    """Return the rows of one book's panels, nearest first."""
    (item,) = [v for v in drawn.vectors if v.space is query.space]
    if query.space is Space.COMPOSITION:
        half = item.vectors.astype(np.float16).astype(np.float32)
        scores = -np.linalg.norm(half - query.vector, axis=1)
    else:
        scores = restored(query.space, unpacked(packed(item.vectors))) @ query.vector
    scores[~item.mask] = -np.inf
    order = np.argsort(-scores, kind="stable")
    return order[: int(item.mask.sum())]


@pytest.mark.parametrize("space", list(DIMENSIONS))
def test_nearest_agrees_with_the_naive_way_and_leaves_out_missing_modalities(
    tmp_path: Path, space: Space
) -> None:
    drawn = draw_book(1, [[f"t{i}"] * 5 for i in range(20)])
    vector = unit(np.random.default_rng(5).standard_normal(DIMENSIONS[space]).astype(np.float32))
    query = QueryVector(space, f"{space}-v1", vector)
    with filled(tmp_path, [drawn]) as library:
        hits = library.nearest(query, 200)
        assert [h.row for h in hits] == naive(drawn, query).tolist()
        scores = [h.score for h in hits]
        assert scores == sorted(scores, reverse=True)
        assert [h.row for h in library.nearest(query, 3)] == [h.row for h in hits[:3]]
        assert library.nearest(query, 0) == []


def test_a_panel_is_nearest_to_itself_in_every_space(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1), draw_book(2)]) as library:
        for space in DIMENSIONS:
            query = library.panel_vector(4, space)
            assert query is not None
            (hit,) = library.nearest(query, 1)
            assert hit.row == 4
            assert hit.score == pytest.approx(1.0, abs=1e-5)
        assert library.panel_vector(0, Space.TEXT) is None  # this panel has no text
        assert library.panel_vector(0, Space.FUSED) is None
        assert library.panel_vector(10**9, Space.VISION) is None


def test_vectors_of_another_encoder_are_refused(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        stranger = QueryVector(Space.VISION, "vision-v2", np.ones(32, np.float32))
        with pytest.raises(SpaceMismatchError, match="remake"):
            library.nearest(stranger, 5)
        with pytest.raises(SpaceMismatchError):
            library.panel_vector(0, Space.VISION, "vision-v2")
        wrong = QueryVector(Space.VISION, "vision-v1", np.ones(16, np.float32))
        with pytest.raises(LibraryError, match="shape"):
            library.nearest(wrong, 5)


def test_a_space_that_the_library_lacks_answers_nothing(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        assert library.nearest(QueryVector(Space.FUSED, "f", np.ones(4, np.float32)), 5) == []


def test_a_half_re_embedded_library_answers_both_encoders_apart(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1), draw_book(2), draw_book(3, encoder="v2")]) as library:
        assert library.spaces()[Space.VISION] == ("vision-v1", "vision-v2")
        old = library.nearest(QueryVector(Space.VISION, "vision-v1", np.ones(32, np.float32)), 99)
        new = library.nearest(QueryVector(Space.VISION, "vision-v2", np.ones(32, np.float32)), 99)
        assert {h.row for h in old} == set(range(24))
        assert {h.row for h in new} == set(range(24, 36))


def test_one_encoder_cannot_change_its_length(tmp_path: Path) -> None:
    from dataclasses import replace

    drawn = draw_book(2)
    vision = drawn.vectors[0]
    odd = replace(vision, vectors=vision.vectors[:, :8])
    with filled(tmp_path, [draw_book(1)]) as library:
        with pytest.raises(LibraryError, match="new fingerprint"):
            add(library, Drawn(drawn.annotated, (odd,)))
        assert library.status().books == 1


# ---- filters


def varied(tmp_path: Path) -> tuple[Library, list[tuple[Metadata, Direction]]]:
    series = ["Dragon Tales", "Café", None, "Space"]
    said = []
    library = Library.create(tmp_path)
    for i in range(12):
        metadata = Metadata(
            series=series[i % 4],
            title=f"Part {i}",
            year=None if i == 3 else 1980 + i,
            language=["en", "fr", None][i % 3],
        )
        direction = [Direction.LTR, Direction.RTL][i % 2]
        kinds = [PageType.COVER, PageType.STORY, PageType.STORY, PageType.ADVERTISEMENT]
        texts = [["word " * (p + i % 5), ""] for p in range(4)]
        add(library, draw_book(i, texts, metadata=metadata, direction=direction, kinds=kinds))
        said.append((metadata, direction))
    library.update_indexes()
    return library, said


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(series="dragon"),
        Filters(series="CAFE"),
        Filters(series="nowhere"),
        Filters(title="part 1"),
        Filters(year_min=1985),
        Filters(year_max=1984),
        Filters(year_min=1982, year_max=1983),
        Filters(languages=("fr",)),
        Filters(languages=("EN", "fr"), direction=Direction.RTL),
        Filters(direction=Direction.RTL),
        Filters(page_types=(PageType.STORY,)),
        Filters(page_types=(PageType.COVER, PageType.ADVERTISEMENT), series="a"),
        Filters(min_text_characters=13),
        Filters(book_ids=(f"{2:016x}", f"{5:016x}", "unknown")),
        Filters(page_types=(PageType.PREVIEW,)),
    ],
)
def test_filters_allow_what_a_plain_reading_of_them_allows(
    tmp_path: Path, filters: Filters
) -> None:
    library, _ = varied(tmp_path)
    with library:
        everything = library.panel_records(range(200))
        assert len(everything) == 96
        expected = {r.row for r in everything if allowed(r, filters)}
        vision = QueryVector(Space.VISION, "vision-v1", np.ones(32, np.float32))
        assert {h.row for h in library.nearest(vision, 1000, filters)} == expected
        lettered = {r.row for r in everything if r.text} & expected
        found = library.match_words(WordsQuery(("word",)), 1000, filters)
        assert {h.row for h in found} == lettered
        assert {h.row for h in library.match_substring("ord", 1000, filters)} == lettered
        assert {h.row for h in library.match_substring("wo", 1000, filters)} == lettered


def allowed(record, filters: Filters) -> bool:  # type: ignore[no-untyped-def]
    checks = [
        filters.series is None or fold(filters.series) in fold(record.series or ""),
        filters.title is None or fold(filters.title) in fold(record.title),
        filters.year_min is None or (record.year is not None and record.year >= filters.year_min),
        filters.year_max is None or (record.year is not None and record.year <= filters.year_max),
        not filters.languages or record.language in [x.lower() for x in filters.languages],
        filters.direction is None or record.direction is filters.direction,
        not filters.page_types or record.page_type in filters.page_types,
        len("".join(record.text.split())) >= filters.min_text_characters,
        not filters.book_ids or record.book_id in filters.book_ids,
    ]
    return all(checks)


def test_a_book_without_a_stated_language_has_that_of_its_lettering(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        assert library.panel_records([0])[0].language == "en"
