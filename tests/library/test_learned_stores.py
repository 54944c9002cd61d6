"""Vectors of trained models: their stores, their rows, and one model in the place of another."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from described_books import draw_all, draw_description_vectors
from drawn_books import STAMP, Drawn, add, draw_book, filled

from longbox.errors import LibraryError, ModelError, QueryError, SpaceMismatchError
from longbox.library import (
    Library,
    MadeFrom,
    learned_path,
    read_learned_store,
    write_book_store,
    write_description_store,
    write_learned_store,
)
from longbox.library import embedded as embedded_module
from longbox.pipeline import EmbedReport, embed_library
from longbox.vectors import PanelVectors, QueryVector, Space
from panel_models import DIMENSION, RandomModel

BOOKS = [draw_book(1), draw_book(2), draw_book(3)]
OLD, NEW, RESEQUENCED = RandomModel(1), RandomModel(2), RandomModel(1, sequence_seed=7)


def fused_query(model: RandomModel, seed: int = 0) -> QueryVector:
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return QueryVector(Space.FUSED, model.fused, vector / np.linalg.norm(vector))


def answers(library: Library, model: RandomModel) -> bool:
    """Whether every panel is found in both spaces of a model, and in no other model's."""
    spaces = library.spaces()
    if (spaces[Space.FUSED], spaces[Space.CONTEXTUAL]) != ((model.fused,), (model.contextual,)):
        return False
    n = library.status().panels
    query = fused_query(model)
    context = replace(query, space=Space.CONTEXTUAL, fingerprint=model.contextual)
    found = [library.nearest(q, 1000) for q in (query, context)]
    return [len(f) for f in found] == [len({s.row for s in f}) for f in found] == [n, n]


def embed_some(library: Library, model: RandomModel, books: list[Drawn]) -> None:
    """Embed some books as a run does that is killed before the others."""
    from longbox.pipeline.features import source_features

    library.begin_model(model.fingerprint)
    for drawn in books:
        source = library.book_source(drawn.book_id)
        learned = model.embed(source_features(source), len(source.store.annotated.pages))
        write_learned_store(
            library.root, model.fingerprint, drawn.book_id, learned, source.made_from
        )
        assert library.merge_learned(drawn.book_id, model.fingerprint)


def folders(root: Path) -> set[str]:
    return {p.name for p in (root / "vectors").iterdir() if p.is_dir()}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return filled(tmp_path, BOOKS)


def test_what_is_written_is_read_back_and_the_same_book_gives_the_same_bytes(
    library: Library,
) -> None:
    embed_some(library, OLD, BOOKS[:1])
    path = learned_path(library.root, OLD.fingerprint, BOOKS[0].book_id)
    store = read_learned_store(path)
    wanted = library.learned_vectors(BOOKS[0].book_id)
    assert wanted is not None
    assert (store.model, store.learned.fused.fingerprint) == (OLD.fingerprint, OLD.fused)
    assert np.array_equal(store.learned.strips, wanted.strips)
    assert np.allclose(np.linalg.norm(store.learned.pages, axis=1), 1, atol=1e-6)
    before = path.read_bytes()
    write_learned_store(
        library.root, OLD.fingerprint, store.book_id, store.learned, store.made_from
    )
    assert path.read_bytes() == before


def test_any_zarr_reader_opens_a_learned_store(library: Library) -> None:
    import zarr

    embed_some(library, OLD, BOOKS[:1])
    path = learned_path(library.root, OLD.fingerprint, BOOKS[0].book_id)
    group = zarr.open_group(store=zarr.storage.ZipStore(path), mode="r")
    assert group["vectors/fused/vectors"].shape == (12, DIMENSION)
    assert group["vectors/contextual"].attrs["fingerprint"] == OLD.contextual
    assert group["strip_vectors"].shape == (4, DIMENSION)
    group.store.close()


def test_a_model_that_gives_other_rows_than_the_book_has_is_refused(library: Library) -> None:
    learned = OLD.embed(features_of(library, BOOKS[0]), 4)
    with pytest.raises(ModelError, match="page vectors have the shape"):
        write_learned_store(
            library.root,
            OLD.fingerprint,
            BOOKS[0].book_id,
            replace(learned, pages=learned.pages[:, :5]),
            MadeFrom("0" * 64, None),
        )
    with pytest.raises(LibraryError, match="16 hex digits"):
        learned_path(library.root, "../../elsewhere", BOOKS[0].book_id)


def features_of(library: Library, drawn: Drawn):  # type: ignore[no-untyped-def]
    from longbox.pipeline.features import source_features

    return source_features(library.book_source(drawn.book_id))


def test_book_store_refuses_learned_vectors(tmp_path: Path) -> None:
    drawn = BOOKS[0]
    rows = np.zeros((drawn.annotated.n_panels, 4), np.float32)
    fused = PanelVectors(Space.FUSED, "f", rows, np.zeros(len(rows), np.bool_))
    with pytest.raises(LibraryError, match="write_learned_store"):
        write_book_store(tmp_path, drawn.annotated, [fused], "r")


def test_first_model_answers_as_it_grows_and_is_an_ordinary_space(library: Library) -> None:
    assert library.unembedded_books() == library.book_ids()
    report = embed_library(library, OLD)
    assert (report.n_books, report.n_panels, report.is_answering) == (3, 36, True)
    assert answers(library, OLD)
    status = library.status()
    spaces = {s.space: s for s in status.spaces}
    assert (spaces[Space.FUSED].n_vectors, spaces[Space.FUSED].n_indexed) == (36, 36)
    assert (status.model, status.unembedded_books) == (OLD.fingerprint, 0)
    learned = library.learned_vectors(BOOKS[1].book_id)
    row = library.page_rows(BOOKS[1].book_id, 2)[1]
    stored = library.panel_vector(row, Space.CONTEXTUAL)
    assert learned is not None
    assert stored is not None
    assert np.allclose(stored.vector, learned.contextual.vectors[7], atol=1e-6)


def test_nearest_is_what_comparing_every_vector_gives(library: Library) -> None:
    embed_library(library, OLD)
    query = fused_query(OLD, 5)
    rows, scores = [], []
    for book_id in library.book_ids():
        learned = library.learned_vectors(book_id)
        assert learned is not None
        rows += [r for p in range(4) for r in library.page_rows(book_id, p)]
        scores += (learned.fused.vectors @ query.vector).tolist()
    naive = [rows[i] for i in np.argsort(-np.array(scores))[:7]]
    assert [s.row for s in library.nearest(query, 7)] == naive


def test_a_query_of_another_model_is_refused(library: Library) -> None:
    embed_library(library, OLD)
    with pytest.raises(SpaceMismatchError, match="fused-2"):
        library.nearest(fused_query(NEW), 3)


def test_second_run_does_nothing_and_refresh_does_all(library: Library) -> None:
    model = RandomModel(4)
    embed_library(library, model)
    contents = library.fingerprint_contents()
    again = embed_library(library, model)
    assert (again.n_books, again.n_unchanged, model.n_embedded) == (0, 3, 3)
    redone = embed_library(library, model, refresh=True)
    assert (redone.n_books, model.n_embedded) == (3, 6)
    assert library.fingerprint_contents() == contents


def test_old_model_answers_until_the_new_one_is_complete(library: Library) -> None:
    embed_library(library, OLD)
    embed_some(library, NEW, BOOKS[:2])
    library.update_indexes()
    assert answers(library, OLD)
    assert not library.switch_model(NEW.fingerprint)
    assert answers(library, OLD)
    assert folders(library.root) == {OLD.fingerprint, NEW.fingerprint}
    with Library.open(library.root, read_only=True) as reader:
        assert answers(reader, OLD)
    report = embed_library(library, NEW)
    assert (report.n_books, report.n_unchanged, report.is_answering) == (1, 2, True)
    assert answers(library, NEW)
    assert folders(library.root) == {NEW.fingerprint}
    names = {p.name.split("-")[0] for p in (library.root / "index").iterdir()}
    assert names == {"vision", "text", "composition", "fused", "contextual"}


def test_a_model_that_only_has_another_sequence_shares_the_fused_space(library: Library) -> None:
    embed_library(library, OLD)
    rows = list(library.page_rows(BOOKS[0].book_id, 0))
    assert embed_library(library, RESEQUENCED).is_answering
    assert answers(library, RESEQUENCED)
    assert list(library.page_rows(BOOKS[0].book_id, 0)) == rows  # no book was merged again
    assert folders(library.root) == {RESEQUENCED.fingerprint}
    wanted = library.fingerprint_contents()
    Library.rebuild(library.root)
    assert library.fingerprint_contents() == wanted


def test_going_back_to_a_retired_model_embeds_again(library: Library) -> None:
    for model in (OLD, NEW, OLD):
        assert embed_library(library, model).n_books == 3
        assert answers(library, model)


def test_rebuild_from_files_alone_gives_the_same_library(library: Library) -> None:
    embed_library(library, OLD)
    embed_some(library, NEW, BOOKS[:1])
    wanted = library.fingerprint_contents()
    root = library.root
    library.close()
    (root / "catalog.sqlite").unlink()
    shutil.rmtree(root / "index")
    Library.rebuild(root)
    with Library.open(root) as rebuilt:
        assert rebuilt.unembedded_books(NEW.fingerprint) == rebuilt.book_ids()[1:]
        for drawn in BOOKS:
            rebuilt.merge_book(drawn.book_id, drawn.path, STAMP)  # their files are not there
        assert answers(rebuilt, OLD)
        assert rebuilt.fingerprint_contents() == wanted


def test_rebuild_without_the_choice_takes_the_model_with_most_books(library: Library) -> None:
    embed_library(library, OLD)
    embed_some(library, NEW, BOOKS[:1])
    (library.root / "vectors" / "answering.json").write_text("{half")
    Library.rebuild(library.root)
    assert answers(library, OLD)
    assert json.loads((library.root / "vectors" / "answering.json").read_text())["model"] == (
        OLD.fingerprint
    )


def test_killed_between_the_choice_and_the_catalog(library: Library) -> None:
    """The file says the new model already, the catalog still the old one."""
    from longbox.library.answering import Answering, write_answering

    embed_library(library, OLD)
    embed_some(library, NEW, BOOKS)
    library.update_indexes()
    write_answering(library.root, Answering(NEW.fingerprint, (OLD.fingerprint,)))
    with Library.open(library.root, read_only=True) as reader:
        assert answers(reader, OLD)
    with Library.open(library.root) as writer:
        assert answers(writer, NEW)
        writer.update_indexes()
        assert answers(writer, NEW)
    assert folders(library.root) == {NEW.fingerprint}


CHANGE = """
import os, signal, sys
from pathlib import Path
from longbox.library import Library
from longbox.pipeline import embed_library
from panel_models import RandomModel
left = int(sys.argv[2])
def mortal(call):
    def inner(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return inner
os.fsync = mortal(os.fsync)
Path.rename, Path.replace = mortal(Path.rename), mortal(Path.replace)
import longbox.library.learned_merging as merging
merging.attach_store = mortal(merging.attach_store)
merging.drop_models = mortal(merging.drop_models)
with Library.open(Path(sys.argv[1])) as library:
    embed_library(library, RandomModel(2))
"""


def test_killed_while_changing_models_one_of_them_answers_whole(
    library: Library, tmp_path: Path
) -> None:
    """Die at the n-th rename, sync or merge of a change of models, for every few n."""
    embed_library(library, OLD)
    library.close()
    shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-new")
    with Library.open(tmp_path.parent / f"{tmp_path.name}-new") as whole:
        embed_library(whole, NEW)
        wanted = whole.fingerprint_contents()
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent)])
    answered, n, was_killed = set(), 1, True
    while was_killed:
        root = tmp_path.parent / f"{tmp_path.name}-{n}"
        shutil.copytree(tmp_path, root)
        done = subprocess.run(
            [sys.executable, "-c", CHANGE, str(root), str(n)],
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            timeout=120,
            check=False,
        )
        was_killed = done.returncode == -signal.SIGKILL
        assert was_killed or done.returncode == 0, done.stderr
        with Library.open(root, read_only=True) as reader:
            is_old = answers(reader, OLD)
            assert is_old or answers(reader, NEW), n
            answered.add(is_old)
        with Library.open(root) as again:
            embed_library(again, NEW)
            assert answers(again, NEW)
            assert again.fingerprint_contents() == wanted
        assert folders(root) == {NEW.fingerprint}
        assert list((root / "partial").iterdir()) == []
        n += 6
    assert answered == {True, False}
    assert n > 20


def test_store_that_was_written_and_not_merged_is_merged_by_the_next_run(
    library: Library,
) -> None:
    model = RandomModel(8)
    library.begin_model(model.fingerprint)
    source = library.book_source(BOOKS[0].book_id)
    learned = model.embed(features_of(library, BOOKS[0]), 4)
    write_learned_store(
        library.root, model.fingerprint, BOOKS[0].book_id, learned, source.made_from
    )  # and killed here
    report = embed_library(library, model)
    assert (report.n_books, report.n_unchanged) == (2, 1)
    assert answers(library, model)


def test_half_a_store_is_set_aside_and_made_again(library: Library) -> None:
    embed_library(library, OLD)
    path = learned_path(library.root, OLD.fingerprint, BOOKS[0].book_id)
    path.write_bytes(path.read_bytes()[:300])
    report = embed_library(library, OLD)
    assert report.n_books == 1
    assert answers(library, OLD)
    assert (library.root / "damaged" / OLD.fingerprint / path.name).is_file()


def test_store_damaged_before_it_was_indexed_loses_nothing_else(library: Library) -> None:
    embed_some(library, OLD, BOOKS)
    path = learned_path(library.root, OLD.fingerprint, BOOKS[0].book_id)
    stamp = path.stat()
    path.write_bytes(b"x" * stamp.st_size)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # looks like the merged one
    library.update_indexes()
    assert library.unembedded_books() == (BOOKS[0].book_id,)
    assert len(library.nearest(fused_query(OLD), 99)) == 24
    embed_library(library, OLD)
    assert answers(library, OLD)


def test_deleted_vectors_are_made_again(library: Library) -> None:
    embed_library(library, OLD)
    learned_path(library.root, OLD.fingerprint, BOOKS[0].book_id).unlink()
    assert embed_library(library, OLD).n_books == 1
    shutil.rmtree(library.root / "vectors")
    assert embed_library(library, OLD).n_books == 3
    assert answers(library, OLD)


def test_book_made_anew_waits_for_new_vectors(library: Library) -> None:
    embed_library(library, OLD)
    other = draw_book(1, [["one panel", "another"]])
    add(library, other, recipe="r2")
    library.update_indexes()
    assert library.unembedded_books() == (other.book_id,)
    assert library.learned_vectors(other.book_id) is None
    assert len(library.nearest(fused_query(OLD), 99)) == 24
    embed_library(library, OLD)
    assert answers(library, OLD)


def test_book_replaced_while_it_is_embedded_keeps_no_vectors_of_the_old_one(
    library: Library,
) -> None:
    library.begin_model(OLD.fingerprint)
    source = library.book_source(BOOKS[0].book_id)
    learned = OLD.embed(features_of(library, BOOKS[0]), 4)
    add(library, draw_book(1, encoder="v2"), recipe="r2")
    write_learned_store(library.root, OLD.fingerprint, BOOKS[0].book_id, learned, source.made_from)
    assert not library.merge_learned(BOOKS[0].book_id, OLD.fingerprint)
    assert Space.FUSED not in library.spaces()


def test_descriptions_make_vectors_out_of_date_but_they_go_on_answering(library: Library) -> None:
    embed_library(library, OLD)
    annotated = BOOKS[0].annotated
    for seed in (1, 2):  # the second time other vectors are replaced
        said = draw_all(annotated, f"scene{seed}")
        vectors = draw_description_vectors(annotated, seed)
        write_description_store(library.root, annotated.book.book_id, said, vectors)
        library.merge_descriptions(annotated.book.book_id)
        library.update_indexes()
        assert library.unembedded_books() == (annotated.book.book_id,)
        assert answers(library, OLD)
        before = library.learned_vectors(annotated.book.book_id)
        assert embed_library(library, OLD).n_books == 1
        after = library.learned_vectors(annotated.book.book_id)
        assert before is not None
        assert after is not None
        assert not np.allclose(before.fused.vectors, after.fused.vectors, atol=0.05)
        assert answers(library, OLD)


def test_empty_book_and_book_without_a_readable_page(tmp_path: Path) -> None:
    books = [draw_book(1, []), draw_book(2, [[], []]), draw_book(3)]
    library = filled(tmp_path, books)
    report = embed_library(library, OLD)
    assert (report.n_books, report.problems, report.is_answering) == (3, [], True)
    empty = library.learned_vectors(books[0].book_id)
    blank = library.learned_vectors(books[1].book_id)
    assert empty is not None
    assert empty.pages.shape == (0, DIMENSION)
    assert blank is not None
    assert blank.page_mask.tolist() == [False, False]
    assert embed_library(library, OLD).n_unchanged == 3
    assert answers(library, OLD)
    with pytest.raises(QueryError, match="no panel that is known"):
        library.nearest_pages(books[1].book_id, 0, 5)


def test_library_without_books(tmp_path: Path) -> None:
    library = Library.create(tmp_path)
    report = embed_library(library, OLD)
    assert (report.n_books, report.problems) == (0, [])
    add(library, BOOKS[0])
    assert embed_library(library, OLD).is_answering
    assert answers(library, OLD)


def test_one_panel(tmp_path: Path) -> None:
    library = filled(tmp_path, [draw_book(1, [["alone"]])])
    assert embed_library(library, OLD).n_panels == 1
    assert answers(library, OLD)


def test_bad_book_is_a_problem_and_is_not_waited_for(library: Library) -> None:
    embed_library(library, OLD)
    (library.root / "books" / f"{BOOKS[1].book_id}.zarr.zip").write_bytes(b"no zip")
    report = embed_library(library, NEW)
    assert (report.n_books, len(report.problems), report.is_answering) == (2, 1, True)
    assert "book2.cbz" in report.problems[0].file


def test_book_that_the_new_model_refuses_keeps_the_old_one_answering(library: Library) -> None:
    embed_library(library, OLD)
    add(library, draw_book(3, encoder="v2"), recipe="r2")
    picky = RandomModel(5, expects="vision-v1")
    report = embed_library(library, picky)
    assert (report.n_books, len(report.problems), report.is_answering) == (2, 1, False)
    assert library.spaces()[Space.FUSED] == (OLD.fused,)


def test_refused_encoder_is_asked_about_once(tmp_path: Path) -> None:
    library = filled(tmp_path, [draw_book(i, encoder="v2") for i in range(5)] + [draw_book(9)])
    picky = RandomModel(5, expects="vision-v1")
    report = embed_library(library, picky)
    assert (report.n_books, len(report.problems), picky.n_embedded) == (1, 5, 2)
    assert report.problems[4].reason.startswith("/shelf/book4.cbz: ")


def test_interrupted_run_keeps_what_is_done(library: Library) -> None:
    embed_library(library, OLD)
    report: EmbedReport = embed_library(library, NEW, stop_after(2))
    assert (report.n_books, report.was_interrupted, report.is_answering) == (2, True, False)
    assert answers(library, OLD)
    assert embed_library(library, NEW).n_books == 1
    assert answers(library, NEW)


def stop_after(n: int):  # type: ignore[no-untyped-def]
    def tell(progress) -> None:  # type: ignore[no-untyped-def]
        if progress.n_books_done == n:
            raise KeyboardInterrupt

    return tell


def test_removed_book_leaves_no_vectors(library: Library) -> None:
    embed_library(library, OLD)
    cached = library.root / "features" / "minilm" / f"{BOOKS[0].book_id}.safetensors"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"")
    library.remove_book(BOOKS[0].book_id)
    library.update_indexes()
    assert answers(library, OLD)
    assert not cached.exists()
    left = {p.name.split(".")[0] for p in (library.root / "vectors" / OLD.fingerprint).iterdir()}
    assert left == {BOOKS[1].book_id, BOOKS[2].book_id}


def test_nearest_pages_by_strip_vector(library: Library) -> None:
    with pytest.raises(QueryError, match="longbox embed"):
        library.nearest_pages(BOOKS[0].book_id, 0, 3)
    embed_library(library, OLD)
    found = library.nearest_pages(BOOKS[0].book_id, 1, 3)
    asked = library.learned_vectors(BOOKS[0].book_id)
    assert asked is not None
    scores = {}
    for book_id in library.book_ids():
        learned = library.learned_vectors(book_id)
        assert learned is not None
        for page, strip in enumerate(learned.strips):
            scores[(book_id, page)] = float(strip @ asked.strips[1])
    del scores[(BOOKS[0].book_id, 1)]
    best = sorted(scores, key=lambda key: -scores[key])[:3]
    assert [(s.book_id, s.page_index) for s in found] == best


def test_hostile_folders_and_marks_are_left_alone(library: Library) -> None:
    embed_library(library, OLD)
    vectors = library.root / "vectors"
    (vectors / "notes").mkdir()
    (vectors / "0123456789ABCDEF").mkdir()
    said = json.loads((vectors / "answering.json").read_text())
    said["retired"] = ["../../books", 7, "notes"]
    (vectors / "answering.json").write_text(json.dumps(said))
    library.update_indexes()
    assert (vectors / "notes").is_dir()
    assert len(list((library.root / "books").iterdir())) == 3
    assert answers(library, OLD)


@pytest.mark.parametrize("member", ["zarr.json", "vectors/fused/zarr.json", "page_mask/zarr.json"])
def test_store_with_a_member_that_lies_is_refused_in_one_line(
    library: Library, member: str
) -> None:
    embed_some(library, OLD, BOOKS[:1])
    path = learned_path(library.root, OLD.fingerprint, BOOKS[0].book_id)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[member] = b'{"attributes": {"format": "x"}}'
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(LibraryError, match="longbox embed") as caught:
        read_learned_store(path)
    assert "\n" not in str(caught.value)


def test_features_folder_is_where_the_pipeline_keeps_it(tmp_path: Path) -> None:
    from longbox.pipeline.features import utterance_path

    path = utterance_path(tmp_path, "hf:odd/name", BOOKS[0].book_id)
    assert path.parent.parent == tmp_path / embedded_module.FEATURES_NAME
