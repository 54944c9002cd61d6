"""Vector segments: exact against approximate, merging, replacement, loss."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from drawn_books import add, draw_book, filled

from longbox.errors import LibraryError
from longbox.library import Library, WordsQuery, segment_plan, segments, store_path
from longbox.library.segments import Segment, SegmentInfo, write_segment
from longbox.vectors import QueryVector, Space, unit

VISION = QueryVector(Space.VISION, "vision-v1", unit(np.ones(32)))


def clustered(n: int, dimension: int, space: Space) -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = unit(rng.standard_normal((200, dimension)))
    chosen = centres[rng.integers(200, size=n)]
    vectors = chosen + rng.standard_normal((n, dimension)).astype(np.float32) * dimension**-0.5
    return (vectors if space is Space.COMPOSITION else unit(vectors)).astype(np.float16)


def written(folder: Path, vectors: np.ndarray, space: Space) -> Segment:
    n = len(vectors)
    info = SegmentInfo(space, "f", vectors.shape[1], n)
    rows = np.arange(n, dtype=np.int64) * 3 + 7  # rows are not positions
    half = n // 2
    blocks = [(rows[:half], vectors[:half]), (rows[half:], vectors[half:])]
    write_segment(folder, info, blocks, lambda _: None)
    return Segment(folder)


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
@pytest.mark.parametrize("kind", ["numpy", "faiss", "ivf"])
def test_every_way_of_searching_finds_the_exact_ten_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, space: Space, kind: str
) -> None:
    monkeypatch.setattr(segments, "EXACT_BYTES", 0 if kind == "ivf" else 1 << 30)
    monkeypatch.setattr(segments, "NUMPY_BYTES", 1 << 30 if kind == "numpy" else 1 << 12)
    n, dimension = 20_000, 12 if space is Space.COMPOSITION else 64
    vectors = clustered(n, dimension, space)
    segment = written(tmp_path / "s", vectors, space)
    assert (segment.info.n_lists > 0) == (kind == "ivf")
    everything = np.ones(n * 3 + 7, dtype=bool)
    least = 0.95 if kind == "ivf" else 0.999
    assert recall(segment, vectors, everything) >= least
    for share in (0.5, 0.02, 0.0004):
        mask = np.random.default_rng(2).random(everything.size) < share
        assert recall(segment, vectors, mask) >= least
    nothing = np.zeros_like(everything)
    assert segment.search(vectors[0].astype(np.float32), 10, nothing)[0].size == 0
    short = np.ones(1_000, dtype=bool)  # a mask from before the later rows were given
    assert segment.search(vectors[0].astype(np.float32), 10, short)[0].max() < 1_000


def test_building_twice_gives_the_same_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "EXACT_BYTES", 0)
    vectors = clustered(3_000, 16, Space.VISION)
    written(tmp_path / "a", vectors, Space.VISION)
    written(tmp_path / "b", vectors, Space.VISION)
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == ["ivf.faiss", "rows.npy", "segment.json", "vectors.npy"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_damaged_segment_is_an_error_of_one_line(tmp_path: Path) -> None:
    written(tmp_path / "s", clustered(100, 8, Space.VISION), Space.VISION)
    for name in ("segment.json", "vectors.npy", "rows.npy"):
        copy = tmp_path / f"copy-{name}"
        shutil.copytree(tmp_path / "s", copy)
        (copy / name).write_bytes(b"{}" if name == "segment.json" else b"short")
        with pytest.raises(LibraryError, match="longbox library rebuild"):
            Segment(copy)


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


def test_a_store_that_another_process_replaced_waits_for_its_merge(tmp_path: Path) -> None:
    from longbox.library import write_book_store

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
