"""Studies on disk: what was asked names them, and a file of the folder is not trusted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from longbox.analysis.studies import (
    STUDIES_NAME,
    StudyKind,
    as_document,
    keep_study,
    kept_studies,
    read_study,
    remove_study,
)
from longbox.analysis.units import Unit
from longbox.errors import LibraryError, ModelError, QueryError
from longbox.vectors import Space


@dataclass(frozen=True)
class Asked:
    space: Space = Space.VISION
    unit: Unit = Unit.PAGES
    seed: int = 0


def test_values_become_json_and_what_is_not_known_null() -> None:
    value = {Space.TEXT: (np.array([1.5, np.nan]), np.float32(2), np.int64(3), float("inf"), True)}
    assert as_document(value) == {"text": [[1.5, None], 2.0, 3, None, True]}
    assert json.dumps(as_document(Asked()), allow_nan=False)
    with pytest.raises(ModelError, match="object is no value"):
        as_document(object())


def test_the_same_question_replaces_its_answer(tmp_path: Path) -> None:
    assert kept_studies(tmp_path) == ()
    first = keep_study(tmp_path, StudyKind.CLUSTERS, Asked(), {"n": 1}, 7)
    again = keep_study(tmp_path, StudyKind.CLUSTERS, Asked(), {"n": 2}, 8)
    other = keep_study(tmp_path, StudyKind.CLUSTERS, Asked(seed=1), {"n": 3}, 8)
    assert first.study_id == again.study_id != other.study_id
    read = read_study(tmp_path, first.study_id)
    assert (read.found, read.generation, read.asked["space"]) == ({"n": 2}, 8, "vision")
    listed = kept_studies(tmp_path)
    assert {study.study_id for study in listed} == {first.study_id, other.study_id}
    assert all(study.found == {} for study in listed)
    remove_study(tmp_path, first.study_id)
    assert [study.study_id for study in kept_studies(tmp_path)] == [other.study_id]


@pytest.mark.parametrize("name", ["", "../catalog", "clusters-xyz", "clusters-0123456789ab/.."])
def test_a_name_that_is_none_never_touches_the_disk(tmp_path: Path, name: str) -> None:
    for act in (read_study, remove_study):
        with pytest.raises(QueryError):
            act(tmp_path, name)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"kept":"longbox study","format":99}', b"null"],
)
def test_a_damaged_file_is_one_line_and_hides_no_other(tmp_path: Path, content: bytes) -> None:
    good = keep_study(tmp_path, StudyKind.SPACES, Asked(), {"n": 1}, 1)
    bad = tmp_path / STUDIES_NAME / "clusters-0123456789ab.json"
    bad.write_bytes(content)
    with pytest.raises(LibraryError) as caught:
        read_study(tmp_path, bad.stem)
    assert "\n" not in str(caught.value)
    assert [study.study_id for study in kept_studies(tmp_path)] == [good.study_id]


def test_a_study_under_another_name_is_not_taken_for_it(tmp_path: Path) -> None:
    good = keep_study(tmp_path, StudyKind.SPACES, Asked(), {"n": 1}, 1)
    folder = tmp_path / STUDIES_NAME
    (folder / f"{good.study_id}.json").rename(folder / "spaces-0123456789ab.json")
    with pytest.raises(LibraryError, match="another study"):
        read_study(tmp_path, "spaces-0123456789ab")


def test_a_study_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    kept = keep_study(tmp_path, StudyKind.CLUSTERS, Asked(), {}, 7)
    with (tmp_path / STUDIES_NAME / f"{kept.study_id}.json").open("r+b") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(LibraryError, match="too large for a study"):
        read_study(tmp_path, kept.study_id)
