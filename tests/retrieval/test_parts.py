"""A list asked for in parts, by several threads at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from longbox.book import AnnotatedBook, Hit, Metadata
from longbox.config import Config
from longbox.errors import QueryError
from longbox.library import Filters, Library, PanelRecord, write_book_store
from longbox.retrieval import (
    By,
    DecodedPicture,
    PanelTerm,
    PictureTerm,
    ResultPart,
    Searcher,
    SearchRequest,
    WordsTerm,
    only_space,
    parse_query,
)
from longbox.retrieval.editions import Editions, is_same_panel
from longbox.retrieval.parts import MOST_HITS, GrowingList, Step
from longbox.vectors import Space


@pytest.fixture(scope="module")
def many(shelf, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Thirty copies of the shelf's books with other ids, words and turned vectors."""
    library = Library.create(tmp_path_factory.mktemp("many") / "library")
    stores = [shelf.library.book_store(book_id) for book_id in shelf.library.book_ids()]
    rng = np.random.default_rng(3)
    for number in range(120):
        store = stores[number % len(stores)]
        book = store.annotated.book
        metadata = Metadata(series=f"series {number % 7}", number=str(number), year=1990)
        page = store.annotated.pages[0]
        texts = tuple(
            replace(t, text=f"{t.text} dragon number {number} {'castle ' * (number % 5)}")
            for t in page.texts
        )
        other = replace(page, texts=texts, picture_hash=f"{rng.integers(2**63):016x}")
        made = AnnotatedBook(replace(book, book_id=f"{number:016x}", metadata=metadata), (other,))
        vectors = []
        for v in store.vectors:
            noise = 0.3 * rng.standard_normal(v.vectors.shape).astype(np.float32)
            noise *= v.mask[:, None] * (0.2 if v.space is Space.TEXT else 1.0)
            turned = v.vectors + noise / np.sqrt(v.dimension) * 3
            if v.space is not Space.COMPOSITION:
                turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)
            vectors.append(replace(v, vectors=turned * v.mask[:, None]))
        write_book_store(library.root, made, vectors, "drawn")
        known = next(iter(shelf.library.known_files().values()))
        library.merge_book(f"{number:016x}", f"/shelf/{number}.cbz", known.stamp)
    library.update_indexes()
    return library


def scroll(searcher: Searcher, request: SearchRequest) -> list[ResultPart]:
    parts: list[ResultPart] = []
    while not parts or not parts[-1].is_last:
        offset = sum(len(part.hits) for part in parts)
        parts.append(searcher.search_part(replace(request, offset=offset)))
        assert len(parts) < 200
    return parts


REQUESTS = {
    "words": SearchRequest((WordsTerm("a dragon in the castle"),), k=7),
    "pages": SearchRequest((WordsTerm("dragon number 3"),), k=7, by=By.PAGE),
    "books": SearchRequest((WordsTerm("the dragon wakes"),), k=7, by=By.BOOK),
    "filtered": SearchRequest((WordsTerm("rocket"),), k=5, filters=Filters(series="series 3")),
    "unfolded": SearchRequest((WordsTerm("potion roof"),), k=20, fold_editions=False),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_scrolling_repeats_nothing_and_loses_nothing(many: Library, name: str) -> None:
    request = REQUESTS[name]
    parts = scroll(Searcher(many, Config()), request)
    hits = [hit for part in parts for hit in part.hits]
    keys = [_key(hit, request.by) for hit in hits]
    assert len(keys) == len(set(keys)) > 20 or name == "filtered"
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert all(len(part.hits) == request.k for part in parts[:-1])
    # Everything that one deep search finds is there: the books' pages are no editions of another.
    whole = Searcher(many, Config()).search(replace(request, k=900))
    assert {_key(hit, request.by) for hit in whole} == set(keys)


def _key(hit: Hit, by: By) -> tuple[object, ...]:
    return (hit.book_id, hit.page, hit.panel)[: {By.BOOK: 1, By.PAGE: 2, By.PANEL: 3}[by]]


def test_first_part_is_what_a_search_gives(many: Library) -> None:
    request = REQUESTS["words"]
    searcher = Searcher(many, Config())
    assert searcher.search_part(request).hits == searcher.search(request)
    assert len(searcher.search(request)) == 7


def test_forgotten_list_is_made_again_as_it_was(many: Library) -> None:
    request = replace(REQUESTS["words"], offset=42)
    kept = Searcher(many, Config())
    scroll(kept, REQUESTS["words"])
    assert kept.search_part(request) == Searcher(many, Config()).search_part(request)


def test_kept_list_is_not_searched_for_again(
    many: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = Searcher(many, Config())
    first = searcher.search_part(REQUESTS["words"])
    monkeypatch.setattr(Library, "nearest", None)
    monkeypatch.setattr(Library, "match_words", None)
    assert searcher.search_part(replace(REQUESTS["words"], offset=0)) == first


def test_list_is_made_anew_when_the_library_changed(tmp_path: Path, shelf) -> None:
    store = shelf.library.book_store(shelf.library.book_ids()[0])
    stamp = next(iter(shelf.library.known_files().values())).stamp
    with Library.create(tmp_path / "library") as library:
        write_book_store(library.root, store.annotated, store.vectors, "drawn")
        library.merge_book(store.annotated.book.book_id, "/a.cbz", stamp)
        searcher = Searcher(library, Config())
        text = store.annotated.pages[0].texts[0].text
        request = SearchRequest((WordsTerm(text),))
        before = searcher.search_part(request)
        assert before.hits
        library.remove_book(store.annotated.book.book_id)
        after = searcher.search_part(request)
        assert (after.hits, after.is_last) == ((), True)
        assert after.generation > before.generation


def test_offset_behind_the_end_is_empty_and_last(shelf) -> None:
    request = SearchRequest((WordsTerm("dragon"),), k=5, offset=5000)
    part = shelf.searcher.search_part(request)
    assert (part.hits, part.is_last) == ((), True)
    with pytest.raises(QueryError, match="offset"):
        shelf.searcher.search_part(replace(request, offset=-1))


def test_growing_list_ends_where_search_finds_no_more() -> None:
    asked: list[int] = []

    def search(n: int) -> Step:
        asked.append(n)
        return Step((), is_exhausted=False)

    hits, is_last = GrowingList(10, search).part(0, 10)
    assert (hits, is_last) == ((), True)
    assert asked == [10, 40, 160, 640, MOST_HITS]


def test_many_threads_get_what_one_gets(many: Library) -> None:
    requests = [replace(r, offset=o) for r in REQUESTS.values() for o in (0, 14)]
    single = [Searcher(many, Config()).search_part(r) for r in requests]
    searcher = Searcher(many, Config(), n_threads=1)
    barrier = threading.Barrier(8)

    def ask(i: int) -> list[ResultPart]:
        barrier.wait()
        turn = requests[i:] + requests[:i]
        found = [searcher.search_part(r) for r in turn]
        return found[len(requests) - i :] + found[: len(requests) - i]

    with ThreadPoolExecutor(8) as pool:
        assert all(found == single for found in pool.map(ask, range(8)))


def test_threads_that_are_gone_leave_no_connection(many: Library) -> None:
    with Library.open(many.root, read_only=True) as library:
        searcher = Searcher(library, Config())
        for _ in range(30):
            thread = threading.Thread(target=searcher.search, args=(REQUESTS["words"],))
            thread.start()
            thread.join()
        assert len(library._catalog._all) < 8


def test_facet_click_embeds_nothing_again(shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    searcher = Searcher(shelf.library, Config())
    pixels = shelf.pages["Night Kitchen 2"]
    terms = (PictureTerm(DecodedPicture.of(pixels)), WordsTerm("the dragon wakes"))
    first = searcher.search(SearchRequest(terms, k=3))
    encoders = searcher._probes._encoders
    for name in ("sentences", "pictures"):
        loaded = encoders._loaded[name]
        for method in ("encode", "encode_queries", "can_read"):
            if hasattr(loaded, method):
                monkeypatch.setattr(loaded, method, None)
    filters = Filters(languages=("en",))
    again = searcher.search(SearchRequest(terms, filters=filters, k=3))
    assert again[0].panel_id == first[0].panel_id


def test_encoder_is_opened_once_for_many_threads(shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    from longbox import encoders

    opened: list[str] = []
    real = encoders.sentence_encoder

    def count(*args: object, **options: object) -> object:
        opened.append("sentences")
        return real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(encoders, "sentence_encoder", count)
    searcher = Searcher(shelf.library, Config())
    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(
                lambda i: searcher.search(SearchRequest((WordsTerm(f"dragon {i}"),))), range(12)
            )
        )
    assert opened == ["sentences"]


def test_decoded_picture_searches_as_its_file(shelf, tmp_path: Path) -> None:
    pixels = shelf.crop("Star Harbour", 2)
    Image.fromarray(pixels).save(tmp_path / "crop.png")
    file = SearchRequest((PictureTerm(tmp_path / "crop.png"),), k=5)
    decoded = replace(file, terms=(PictureTerm(DecodedPicture.of(pixels)),))
    assert shelf.searcher.search(decoded) == shelf.searcher.search(file)


def test_region_of_a_page_searches_for_its_panel(shelf) -> None:
    page = DecodedPicture.of(shelf.pages["Night Kitchen 2"])
    for panel, region in enumerate([(0, 0, 0.5, 0.5), (0.5, 0, 1, 0.5), (0, 0.5, 0.5, 1)]):
        term = PictureTerm(page, region=region)
        request = SearchRequest((term,), weights=only_space(Space.VISION), k=1)
        hit = shelf.searcher.search(request)[0]
        assert (hit.title, hit.panel) == ("Night Kitchen #2", panel)


def test_smallest_region_is_a_pixel(shelf) -> None:
    page = DecodedPicture.of(shelf.pages["Night Kitchen 2"])
    term = PictureTerm(page, region=(1 - 1e-9, 1 - 1e-9, 1, 1))
    assert shelf.searcher.search(SearchRequest((term,), k=1))


def test_changed_file_is_looked_at_again(shelf, tmp_path: Path) -> None:
    path = tmp_path / "crop.png"
    found = []
    for panel in (0, 1):
        Image.fromarray(shelf.crop("Star Harbour", panel)).save(path, compress_level=panel)
        found.append(shelf.searcher.search(SearchRequest((PictureTerm(path),), k=1))[0].panel)
    assert found == [0, 1]


def test_panel_in_a_sum_searches(shelf) -> None:
    hit = shelf.searcher.search(SearchRequest((WordsTerm("the dragon wakes"),)))[0]
    terms = parse_query(f'panel:{hit.panel_id} + "rocket fuel"')
    assert isinstance(terms[0], PanelTerm)
    found = shelf.searcher.search(SearchRequest(terms, k=3))
    assert found[0].title == "Star Harbour"
    assert hit.panel_id not in {h.panel_id for h in found}


@pytest.mark.parametrize("compare_boxes", [True, False])
def test_editions_are_those_of_the_naive_fold(many: Library, compare_boxes: bool) -> None:
    rows = [p.row for p in many.match_substring("dragon", 300)]
    records = [*many.panel_records(rows)]
    rng = np.random.default_rng(1)
    hashes = ["0" * 16, None, *(f"{rng.integers(2**63):016x}" for _ in range(6))]
    near = [hashes[i % 8] for i in range(len(records))]
    flipped = [
        None if h is None else f"{int(h, 16) ^ (1 << int(rng.integers(64))):016x}" for h in near
    ]
    records = [replace(r, picture_hash=h) for r, h in zip(records, flipped, strict=True)]
    naive: list[list[PanelRecord]] = []
    for record in records:
        for group in naive:
            if is_same_panel(group[0], record, 6, compare_boxes):
                group.append(record)
                break
        else:
            naive.append([record])
    editions = Editions(6, compare_boxes=compare_boxes)
    groups: list[list[PanelRecord]] = []
    for record in records:
        number = editions.find(record)
        if number is None:
            editions.add(record)
            groups.append([record])
        else:
            groups[number].append(record)
    assert groups == naive
    assert 1 < len(groups) < len(records)
