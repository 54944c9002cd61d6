"""Vector segments: exact against approximate, merging, replacement, loss."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_books import add, draw_book, filled

from longbox.book import Metadata
from longbox.errors import LibraryError
from longbox.library import (
    Filters,
    Library,
    WordsQuery,
    segment_plan,
    segment_vectors,
    segment_writing,
    segments,
    store_path,
    update_book_store,
    upkeep,
    vector_index,
    write_book_store,
)
from longbox.library.segment_vectors import StoredBook, book_table, locate
from longbox.library.segment_writing import write_coded_segment, write_copying_segment
from longbox.library.segments import Segment, SegmentInfo
from longbox.library.stored_vectors import add_vectors
from longbox.library.stores import packed_group, write_members
from longbox.vectors import PanelVectors, QueryVector, Space, unit

VISION = QueryVector(Space.VISION, "vision-v1", unit(np.ones(32)))


def clustered(n: int, dimension: int, space: Space) -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = unit(rng.standard_normal((200, dimension)))
    chosen = centres[rng.integers(200, size=n)]
    vectors = chosen + rng.standard_normal((n, dimension)).astype(np.float32) * dimension**-0.5
    return (vectors if space is Space.COMPOSITION else unit(vectors)).astype(np.float16)


def written(folder: Path, vectors: np.ndarray, space: Space, *, is_copied: bool = False) -> Segment:
    n = len(vectors)
    info = SegmentInfo(space, "f", vectors.shape[1], n)
    rows = np.arange(n, dtype=np.int64) * 3 + 7  # rows are not positions
    half = n // 2
    blocks = [(rows[:half], vectors[:half]), (rows[half:], vectors[half:])]
    if not segments.is_coded(info):
        write_copying_segment(folder, info, lambda: blocks, lambda _: None)
        return Segment(folder)
    if is_copied:
        write_coded_segment(folder, info, lambda: blocks, None, lambda _: None)
        return Segment(folder)
    root = folder.parent / "library"
    books = []
    for number, (block_rows, block_vectors) in enumerate(blocks):
        book = StoredBook(f"{number:016x}", None, int(block_rows[0]))
        # A store has a row for every panel, also for those without a vector.
        full = np.zeros((3 * len(block_rows), vectors.shape[1]), dtype=np.float32)
        full[::3] = block_vectors
        item = PanelVectors(space, "f", full, full.any(axis=1))
        with packed_group({}) as (group, members):
            add_vectors(group, f"vectors/{space}", "book", item)
        write_members(root, book.path(root), members)
        books.append((book, locate(book.path(root), space)))
    write_coded_segment(folder, info, lambda: blocks, book_table(books), lambda _: None)
    return Segment(folder, root)


def train_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a small index in a second; what it finds is compared exactly anyway."""
    monkeypatch.setattr(segment_writing, "_ROTATION_ROUNDS", 1)
    monkeypatch.setattr(segment_writing, "_ROTATION_TRAINING", 1_000)
    monkeypatch.setattr(segment_writing, "_LEAST_TRAINING", 3_000)
    monkeypatch.setattr(segment_writing, "_TRAINING_PER_LIST", 8)


def exact(vectors: np.ndarray, query: np.ndarray, space: Space, mask: np.ndarray) -> np.ndarray:
    full = vectors.astype(np.float32)
    if space is Space.COMPOSITION:
        scores = -np.linalg.norm(full - query, axis=1)
    else:
        scores = unit(full) @ query
    rows = np.arange(len(vectors)) * 3 + 7
    scores[~mask[rows]] = -np.inf
    order = np.argsort(-scores, kind="stable")
    return rows[order][: int(mask[rows].sum())]


def recall(segment: Segment, vectors: np.ndarray, mask: np.ndarray) -> float:
    space = segment.info.space
    rng = np.random.default_rng(1)
    shares = []
    for i in rng.integers(len(vectors), size=20):
        query = vectors[i].astype(np.float32)
        query = (
            query + rng.standard_normal(query.shape).astype(np.float32) * 0.5 / len(query) ** 0.5
        )
        query = query if space is Space.COMPOSITION else unit(query)
        found, scores = segment.search(query.astype(np.float32), 10, mask)
        assert mask[found].all()
        assert (np.diff(scores) <= 0).all()
        wanted = set(exact(vectors, query, space, mask)[:10])
        shares.append(len(wanted & set(found)) / len(wanted))
    return float(np.mean(shares))


@pytest.mark.parametrize("space", [Space.VISION, Space.COMPOSITION])
@pytest.mark.parametrize("kind", ["numpy", "faiss", "ivf", "ivf over copies"])
def test_every_way_of_searching_finds_the_exact_ten_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, space: Space, kind: str
) -> None:
    monkeypatch.setattr(segments, "EXACT_BYTES", 0 if "ivf" in kind else 1 << 30)
    monkeypatch.setattr(segments, "NUMPY_BYTES", 1 << 30 if kind == "numpy" else 1 << 12)
    train_little(monkeypatch)
    n, dimension = 12_000, 12 if space is Space.COMPOSITION else 64
    vectors = clustered(n, dimension, space)
    segment = written(tmp_path / "s", vectors, space, is_copied=kind == "ivf over copies")
    assert (segment.info.n_lists > 0) == ("ivf" in kind)
    assert segment.is_copy == (kind != "ivf")
    everything = np.ones(n * 3 + 7, dtype=bool)
    least = 0.95 if "ivf" in kind else 0.999
    assert recall(segment, vectors, everything) >= least
    for share in (0.5, 0.02, 0.0004):
        mask = np.random.default_rng(2).random(everything.size) < share
        assert recall(segment, vectors, mask) >= least
    nothing = np.zeros_like(everything)
    assert segment.search(vectors[0].astype(np.float32), 10, nothing)[0].size == 0
    short = np.ones(1_000, dtype=bool)  # a mask from before the later rows were given
    assert segment.search(vectors[0].astype(np.float32), 10, short)[0].max() < 1_000


@pytest.mark.parametrize("space", [Space.VISION, Space.COMPOSITION])
def test_a_filter_that_leaves_what_lies_together_is_answered_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, space: Space
) -> None:
    """A language or a decade has a look of its own: few lists hold all that it leaves."""
    monkeypatch.setattr(segments, "EXACT_BYTES", 0)
    monkeypatch.setattr(segments, "NUMPY_BYTES", 0)
    train_little(monkeypatch)
    vectors = clustered(12_000, 12 if space is Space.COMPOSITION else 64, space)
    near = vectors.astype(np.float32) @ vectors[0].astype(np.float32)
    alike = np.argsort(-near)[:900]
    segment = written(tmp_path / "s", vectors, space)
    mask = np.zeros(len(vectors) * 3 + 7, dtype=bool)
    mask[alike * 3 + 7] = True
    assert recall(segment, vectors, mask) >= 0.95


def test_an_index_of_other_vectors_is_a_damaged_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "EXACT_BYTES", 0)
    train_little(monkeypatch)
    for name, shape in (("a", (3_000, 16)), ("b", (3_000, 24)), ("c", (3_100, 16))):
        written(tmp_path / name, clustered(*shape, Space.VISION), Space.VISION)
    whole = (tmp_path / "a" / "ivf.faiss").read_bytes()
    for name in ("b", "c"):
        shutil.copy(tmp_path / name / "ivf.faiss", tmp_path / "a" / "ivf.faiss")
        with pytest.raises(LibraryError, match=r"ivf\.faiss: damaged"):
            Segment(tmp_path / "a", tmp_path / "library")
    (tmp_path / "a" / "ivf.faiss").write_bytes(whole)
    info = tmp_path / "a" / segments.INFO_NAME
    info.write_text(json.dumps({**json.loads(info.read_text()), "n_lists": 0}))
    with pytest.raises(LibraryError, match="damaged"):
        Segment(tmp_path / "a", tmp_path / "library")


def test_building_twice_gives_the_same_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "EXACT_BYTES", 0)
    train_little(monkeypatch)
    vectors = clustered(3_000, 16, Space.VISION)
    written(tmp_path / "a", vectors, Space.VISION)
    written(tmp_path / "b", vectors, Space.VISION)
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == ["books.npy", "ivf.faiss", "rows.npy", "segment.json"]
    for name in ("ivf.faiss", "rows.npy"):  # the others say when the stores were written
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    "odd", [{"probes": 3}, {"probes": {"0.97": "all"}}, {"n_lists": -1}, {"files": []}]
)
def test_a_segment_that_says_odd_things_of_itself_is_damaged(
    tmp_path: Path, odd: dict[str, object]
) -> None:
    written(tmp_path / "segment", clustered(50, 16, Space.VISION), Space.VISION)
    info = tmp_path / "segment" / segments.INFO_NAME
    info.write_text(json.dumps({**json.loads(info.read_text()), **odd}))
    with pytest.raises(LibraryError, match="damaged"):
        Segment(tmp_path / "segment")


def test_a_damaged_segment_is_an_error_of_one_line(tmp_path: Path) -> None:
    written(tmp_path / "s", clustered(100, 8, Space.VISION), Space.VISION)
    for name in ("segment.json", "vectors.npy", "rows.npy"):
        copy = tmp_path / f"copy-{name}"
        shutil.copytree(tmp_path / "s", copy)
        (copy / name).write_bytes(b"{}" if name == "segment.json" else b"short")
        with pytest.raises(LibraryError, match="longbox library rebuild"):
            Segment(copy)


@pytest.fixture
def coded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """Give a library whose segments hold codes only, but for very small ones."""
    monkeypatch.setattr(segments, "EXACT_BYTES", 1 << 10)
    train_little(monkeypatch)
    with filled(tmp_path / "library", [draw_book(i, [["a", "b"]] * 60) for i in range(4)]) as made:
        yield made


def test_a_large_segment_copies_no_vector_and_answers_exactly(coded: Library) -> None:
    assert not list(coded.root.glob("index/*/vectors.npy"))
    hits = coded.nearest(VISION, 480)
    scores = {
        row: float(score)
        for rows, vectors in coded.vectors(Space.VISION, "vision-v1")
        for row, score in zip(rows.tolist(), vectors @ VISION.vector, strict=True)
    }
    wanted = sorted(scores, key=lambda row: (-scores[row], row))
    assert [hit.row for hit in hits][:50] == wanted[:50]
    assert [hit.score for hit in hits[:50]] == pytest.approx([scores[r] for r in wanted[:50]])


def test_contents_are_the_same_whether_vectors_are_copied_or_read_from_stores(
    coded: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = coded.fingerprint_contents()
    monkeypatch.setattr(segments, "EXACT_BYTES", 1 << 30)
    with filled(tmp_path / "copying", [draw_book(i, [["a", "b"]] * 60) for i in range(4)]) as other:
        assert list(other.root.glob("index/*/vectors.npy"))
        assert other.fingerprint_contents() == found


def test_stores_that_were_copied_or_told_anew_still_answer(coded: Library, tmp_path: Path) -> None:
    before = coded.nearest(VISION, 20)
    moved = tmp_path / "moved"
    shutil.copytree(coded.root, moved)
    for path in (moved / "books").iterdir():
        os.utime(path, ns=(1, 1))
    book = coded.annotated_book(f"{1:016x}")
    told = replace(book, book=replace(book.book, metadata=Metadata(title="A longer title" * 9)))
    update_book_store(moved, told)
    with Library.open(moved, read_only=True) as library:
        assert library.nearest(VISION, 20) == before


def test_a_disk_that_is_gone_is_told_and_answers_again_when_it_is_back(coded: Library) -> None:
    before = coded.nearest(VISION, 20)
    (coded.root / "books").rename(coded.root / "away")
    with pytest.raises(LibraryError, match="is the disk mounted"):
        coded.nearest(VISION, 20)
    with pytest.raises(LibraryError, match="is the disk mounted"):
        coded.chance_scores(VISION)
    (coded.root / "away").rename(coded.root / "books")
    assert coded.nearest(VISION, 20) == before
    assert coded.chance_scores(VISION) is not None


def test_a_process_without_handles_says_so(coded: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    coded.nearest(VISION, 20)

    def refuse(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(segment_vectors.os, "open", refuse)
        with pytest.raises(LibraryError, match=r"Too many open files; .*ulimit -n"):
            coded.nearest(VISION, 20)
    assert len(coded.nearest(VISION, 20)) == 20


def test_filters_that_take_turns_are_worked_out_once(
    coded: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, n_times = segments.Segment._allow, [0]

    def counted(segment: Segment, mask: np.ndarray) -> object:
        n_times[0] += 1
        return usual(segment, mask)

    monkeypatch.setattr(segments.Segment, "_allow", counted)
    one = Filters(book_ids=(f"{1:016x}",))
    answers = [coded.nearest(VISION, 5), coded.nearest(VISION, 5, one)]
    after_first = n_times[0]
    for _ in range(3):
        assert [coded.nearest(VISION, 5), coded.nearest(VISION, 5, one)] == answers
    assert n_times[0] == after_first


def test_a_store_that_was_made_again_answers_nothing_until_it_is_merged(coded: Library) -> None:
    book_id = f"{2:016x}"
    rows = coded.page_rows(book_id, 0)
    newer = draw_book(2, [["other"]])
    write_book_store(coded.root, newer.annotated, newer.vectors, "r2")
    assert coded.panel_vector(rows[0], Space.VISION) is None
    assert len(coded.nearest(VISION, 999)) == 360
    add(coded, newer, recipe="r2")
    coded.update_indexes()
    assert len(coded.nearest(VISION, 999)) == 361


def test_a_lost_store_costs_its_book_and_nobody_else(coded: Library) -> None:
    store_path(coded.root, f"{3:016x}").unlink()
    assert len(coded.nearest(VISION, 999)) == 360
    few = coded.nearest(VISION, 5, Filters(book_ids=(f"{3:016x}",)))
    assert few == []


def folders(library: Library) -> list[str]:
    with library._catalog.guarded() as connection:
        return [f for (f,) in connection.execute("SELECT folder FROM segments ORDER BY 1")]


def on_disk(library: Library) -> list[str]:
    folder = library.root / "index"
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def test_many_small_updates_leave_few_segments_and_find_everything(tmp_path: Path) -> None:
    with Library.create(tmp_path) as library:
        for number in range(24):
            add(library, draw_book(number, [["x", "y"]]))
            library.update_indexes()
            assert len(library.nearest(VISION, 1000)) == 2 * (number + 1)
        assert len(folders(library)) <= 3 * 5
        assert on_disk(library) == folders(library)
        assert not any((tmp_path / "partial").iterdir())


def test_panels_are_found_by_vector_only_after_the_update_and_then_once(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        add(library, draw_book(2))
        assert len(library.nearest(VISION, 99)) == 12
        assert {s.n_indexed for s in library.status().spaces if s.space is Space.VISION} == {12}
        seen: list[tuple[int, int]] = []
        library.update_indexes(lambda done, total: seen.append((done, total)))
        assert [h.row for h in library.nearest(VISION, 99)] != []
        assert sorted(h.row for h in library.nearest(VISION, 99)) == list(range(24))
        assert seen[-1][0] == seen[-1][1]


def test_a_replaced_books_old_rows_are_gone_at_once(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(i) for i in range(5)]) as library:
        add(library, draw_book(2, [["new"]]), recipe="r2")
        assert len(library.nearest(VISION, 99)) == 48
        library.update_indexes()
        assert len(library.nearest(VISION, 99)) == 49


def test_dead_rows_are_swept_out(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(i) for i in range(4)]) as library:
        for i in range(3):
            library.remove_book(f"{i:016x}")
        library.update_indexes()
        with library._catalog.guarded() as connection:
            sizes = dict(
                connection.execute("SELECT space, sum(n_vectors) FROM segments GROUP BY 1")
            )
        assert sizes == {"vision": 12, "text": 8, "composition": 12}
        library.remove_book(f"{3:016x}")
        library.update_indexes()
        assert folders(library) == on_disk(library) == []
        assert library.nearest(VISION, 5) == []


def test_large_batches_are_cut_into_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_plan, "MAX_VECTORS", 30)
    with filled(tmp_path, [draw_book(i) for i in range(6)]) as library:
        with library._catalog.guarded() as connection:
            sizes = connection.execute(
                "SELECT n_vectors FROM segments WHERE space = 'vision' ORDER BY 1"
            ).fetchall()
        assert sizes == [(24,), (24,), (24,)]
        assert len(library.nearest(VISION, 99)) == 72


def test_a_deleted_index_is_made_again_by_the_next_update(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as library:
        before = library.fingerprint_contents()
    shutil.rmtree(tmp_path / "index")
    with Library.open(tmp_path) as library:
        with pytest.raises(LibraryError, match="longbox library rebuild"):
            library.nearest(VISION, 5)
        library.update_indexes()
        assert library.fingerprint_contents() == before


def test_a_reader_goes_on_while_another_replaces_the_segments(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(1)]) as writer, Library.open(tmp_path) as reader:
        assert len(reader.nearest(VISION, 99)) == 12
        for number in range(2, 8):
            add(writer, draw_book(number))
            writer.update_indexes()
            assert len(reader.nearest(VISION, 99)) == 12 * number


def test_a_reader_lets_go_of_segments_that_another_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled(tmp_path, [draw_book(1)]) as writer, Library.open(tmp_path) as reader:
        assert reader.nearest(VISION, 5)
        kept = reader._index._open
        before = set(kept)
        for number in range(2, 5):
            add(writer, draw_book(number))
            writer.update_indexes()
            assert reader.nearest(VISION, 5)
        assert before <= set(kept)  # whoever searches the library as it was may need them
        monkeypatch.setattr(vector_index, "_KEPT_S", 0.0)
        assert reader.nearest(VISION, 5)
        assert set(kept) <= set(folders(writer))
        assert len(reader.nearest(VISION, 999)) == len(writer.nearest(VISION, 999))


def test_segments_that_go_between_the_list_and_their_opening_are_looked_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with filled(tmp_path, [draw_book(1)]) as writer, Library.open(tmp_path) as reader:
        opened = vector_index.VectorIndex.segment

        def overtaken(index: vector_index.VectorIndex, name: str) -> Segment:
            """Replace every segment after the snapshot was taken, before one is opened."""
            monkeypatch.setattr(vector_index.VectorIndex, "segment", opened)
            add(writer, draw_book(2))
            writer.update_indexes()
            assert name not in on_disk(writer)
            return opened(index, name)

        monkeypatch.setattr(vector_index.VectorIndex, "segment", overtaken)
        assert len(reader.nearest(VISION, 999)) == 24


def test_a_store_that_broke_after_its_merge_is_made_again_and_stops_nobody(tmp_path: Path) -> None:
    with Library.create(tmp_path) as library:
        add(library, draw_book(1))
        add(library, draw_book(2))
        path = store_path(tmp_path, f"{1:016x}")
        path.write_bytes(path.read_bytes()[:-100])
        library.update_indexes()
        assert library.book_ids() == (f"{2:016x}",)
        assert len(library.nearest(VISION, 99)) == 12
        known = library.known_files()["/shelf/book1.cbz"]
        assert known.failed
        assert known.stamp.size_bytes == -1  # so that the next run takes it for changed
        assert "longbox index" in library.status().problems[0].reason
        add(library, draw_book(1))
        library.update_indexes()
        assert len(library.nearest(VISION, 99)) == 24
        assert library.status().problems == ()


def test_a_book_that_cannot_be_indexed_now_keeps_its_segment_from_being_absorbed(
    tmp_path: Path,
) -> None:
    """A run that was killed after it wrote a store: the segment holds the book as it was."""
    drawn = [draw_book(i) for i in range(1, 4)]
    with filled(tmp_path, drawn) as library:
        before = len(library.nearest(VISION, 999))
        other = draw_book(2, [["another", "book"]])
        write_book_store(tmp_path, other.annotated, other.vectors, "another recipe")
        for number in range(20, 26):
            add(library, draw_book(number))
        library.update_indexes()
        assert len(library.nearest(VISION, 999)) == before + 6 * 12
        library.update_indexes()  # and once more


def test_a_segment_that_lacks_a_file_is_made_again(tmp_path: Path) -> None:
    with filled(tmp_path, [draw_book(i) for i in range(1, 4)]) as library:
        expected = library.fingerprint_contents()
        for folder in (tmp_path / "index").iterdir():
            (folder / "rows.npy").unlink()
    with Library.open(tmp_path) as library:
        library.update_indexes()
        assert library.fingerprint_contents() == expected
        assert len(library.nearest(VISION, 999)) == 36


def test_a_segment_that_nobody_can_make_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "make_segment", lambda *_: None)
    with filled(tmp_path, []) as library:
        add(library, draw_book(1))
        with pytest.raises(LibraryError, match="cannot be made; run `longbox library check`"):
            library.update_indexes()


def test_a_store_that_the_disk_cannot_read_now_stays_with_its_book(
    coded: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (8, 9):
        add(coded, draw_book(number, [["a", "b"]] * 60))
    books = coded.book_ids()
    bad = store_path(coded.root, books[0])
    opened = Path.open

    def refusing(path: Path, *args: object, **kinds: object) -> object:
        if path == bad:
            raise OSError(errno.EIO, "Input/output error", str(path))
        return opened(path, *args, **kinds)  # type: ignore[call-overload]

    for folder in (coded.root / "index").iterdir():
        shutil.rmtree(folder)
    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(LibraryError, match="cannot be read"):
        coded.update_indexes()
    monkeypatch.undo()
    assert coded.book_ids() == books
    assert bad.exists()


def test_a_store_that_another_process_replaced_waits_for_its_merge(tmp_path: Path) -> None:
    with Library.create(tmp_path) as library:
        add(library, draw_book(1))
        newer = draw_book(1, [["only one"]])
        write_book_store(tmp_path, newer.annotated, newer.vectors, "r2")
        library.update_indexes()
        assert library.nearest(VISION, 99) == []
        assert len(library.match_words(WordsQuery(("panel",)), 99)) == 12
        add(library, newer, recipe="r2")
        library.update_indexes()
        assert len(library.nearest(VISION, 99)) == 1
