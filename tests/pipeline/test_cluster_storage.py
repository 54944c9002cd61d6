"""Results between machines: whole or not at all, tried again, and told of in one line.

The last tests are of a real S3 interface (moto's server).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import s3fs
from moto.server import ThreadedMotoServer

import cheap_stages
from longbox.config import ClusterOptions, Config, ModelOptions
from longbox.errors import ClusterError, LibraryError
from longbox.library import (
    Library,
    Parcel,
    made_files,
    pack_book,
    sha256_of,
    take_file,
    unpack_book,
)
from longbox.pipeline import index_shelf
from longbox.pipeline.cluster.crew import packed_bytes, unpacked
from longbox.pipeline.cluster.storage import Storage
from longbox.pipeline.patience import RetryPolicy
from pipeline.clusters import Cluster
from tiny_comics import draw_cbz

HASTY = RetryPolicy(n_tries=3, first_wait_s=0.0, longest_wait_s=0.0)
BOOK = "0123456789abcdef"


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_object_comes_back_as_it_was_and_can_be_removed(scheme: str, tmp_path: Path) -> None:
    where = tmp_path.as_uri() if scheme == "file" else f"memory://{uuid.uuid4().hex}"
    storage = Storage(f"{where}/a/b", HASTY)
    storage.try_out()
    storage.put("empty", b"")
    storage.put("one", b"comic")
    assert storage.get("empty", sha256_of(b"")) == b""
    assert storage.get("one", sha256_of(b"comic")) == b"comic"
    storage.remove("one")
    storage.remove("one")  # gone already
    with pytest.raises(ClusterError, match="cannot be read"):
        storage.get("one", sha256_of(b"comic"))
    storage.remove_all()
    storage.remove_all()


def test_object_that_is_not_what_was_written_is_refused(tmp_path: Path) -> None:
    storage = Storage(tmp_path.as_uri(), HASTY)
    storage.put("one", b"comic")
    (tmp_path / "one").write_bytes(b"comix")
    with pytest.raises(ClusterError, match="bytes that are not those which were written"):
        storage.get("one", sha256_of(b"comic"))


def test_storage_that_fails_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(tmp_path.as_uri(), HASTY)
    n_asked = 0
    real = storage._write

    def write(name: str, data: bytes) -> None:
        nonlocal n_asked
        n_asked += 1
        if n_asked < 3:
            raise OSError("slow down")
        real(name, data)

    monkeypatch.setattr(storage, "_write", write)
    storage.put("one", b"comic")
    assert n_asked == 3
    n_asked = -10
    with pytest.raises(ClusterError, match="slow down"):
        storage.put("two", b"comic")
    assert n_asked == -7


def test_write_that_is_cut_off_shows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage(tmp_path.as_uri(), HASTY)

    def refuse(*_: object) -> None:
        raise OSError("killed before the rename")

    monkeypatch.setattr(storage._fs, "mv", refuse)
    with pytest.raises(ClusterError):
        storage.put("one", b"comic")
    assert not (tmp_path / "one").exists()


def test_parcel_of_a_book_travels_and_only_what_was_made_comes_back(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    assert pack_book(here, BOOK).files == {}
    unpack_book(there, Parcel(BOOK, {}))
    take_file(here, f"books/{BOOK}.zarr.zip", b"store")
    (here / "corrections").mkdir()
    (here / "corrections" / f"{BOOK}.json").write_bytes(b"{}")
    parcel = unpacked(BOOK, packed_bytes(pack_book(here, BOOK)))
    unpack_book(there, parcel)
    assert (there / "corrections" / f"{BOOK}.json").read_bytes() == b"{}"
    assert made_files(there, BOOK, parcel) == {}
    take_file(there, f"descriptions/{BOOK}.zarr.zip", b"said")
    assert made_files(there, BOOK, parcel) == {f"descriptions/{BOOK}.zarr.zip": b"said"}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "books",
        "books/../catalog.sqlite",
        f"books/{BOOK}.zip",
        f"books//{BOOK}.zarr.zip",
        f"corrections/{BOOK}.json",
        f"vectors/../{BOOK}.zarr.zip",
        f"/books/{BOOK}.zarr.zip",
    ],
)
def test_name_that_no_store_has_is_not_taken(name: str, tmp_path: Path) -> None:
    with pytest.raises(LibraryError):
        take_file(tmp_path, name, b"anything")
    assert not any(p.is_file() for p in tmp_path.rglob("*"))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem.clear_instance_cache()
        name = f"comics-{uuid.uuid4().hex[:8]}"  # moto keeps what it had in this process
        s3fs.S3FileSystem().mkdir(name)
        yield f"s3://{name}/results"
    finally:
        server.stop()


@pytest.mark.filterwarnings("default")
def test_s3_keeps_objects_and_says_what_is_wrong(bucket: str) -> None:
    storage = Storage(bucket, HASTY).below("run")
    storage.try_out()
    storage.put("one", b"comic")
    assert storage.get("one", sha256_of(b"comic")) == b"comic"
    storage.remove("one")
    with pytest.raises(ClusterError, match="cannot be read"):
        storage.get("one", sha256_of(b"comic"))
    storage.put("two", b"comic")
    storage.remove_all()
    with pytest.raises(ClusterError):
        storage.get("two", sha256_of(b"comic"))
    with pytest.raises(ClusterError, match="cannot be written"):
        Storage("s3://no-such-bucket/results", HASTY).try_out()


@pytest.mark.filterwarnings("default")
def test_library_made_through_s3_is_that_of_one_machine(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap_stages.install(monkeypatch.setattr)
    for number in range(2):
        draw_cbz(tmp_path / "shelf" / f"Night {number}.cbz", [number] * (number + 1))
    plain = replace(Config(), models=ModelOptions(embed=False))
    made = Cluster(tmp_path, cheap_stages.hooked(tmp_path / "hook"))
    contents: list[str] = []
    try:
        made.start_scheduler()
        made.start_worker("--no-nanny")
        far = replace(plain, cluster=ClusterOptions(made.address, bucket))
        for name, config in (("alone", plain), ("far", far)):
            with Library.create(tmp_path / name) as library:
                is_alone = name == "alone"
                report = index_shelf([tmp_path / "shelf"], library, config, in_process=is_alone)
                assert (report.n_books, report.problems) == (2, [])
                contents.append(library.fingerprint_contents())
    finally:
        made.stop()
    assert contents[0] == contents[1]
    s3fs.S3FileSystem.clear_instance_cache()
    assert s3fs.S3FileSystem().find(bucket) == []
