"""Jobs over HTTP: asked for, followed, stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from longbox.web.jobs import Kind
from waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from conftest import Served


@dataclass(frozen=True)
class Given:
    n: int = 0
    note: str = ""


COUNT = Kind("count", "web_job_works:count", lambda asked: f"count to {asked.n}", Given)


@pytest.fixture
def counting(
    tmp_path: Path, serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    """A client of a server on an empty library, whose jobs can count."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "job_works"))
    served = serve(tmp_path / "library")
    served.app.state.services.jobs.register(COUNT)
    with httpx.Client(base_url=served.address, timeout=PATIENCE_S) as client:
        yield client


def _start(client: httpx.Client, n: int) -> Any:
    answer = client.post("/api/v1/jobs", json={"kind": "count", "arguments": {"n": n}})
    assert answer.status_code == 202, answer.text
    return answer.json()


def _events(stream: httpx.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in stream.iter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def test_job_is_followed_to_its_end(counting: httpx.Client) -> None:
    job = _start(counting, 6)
    assert job["state"] == "queued"
    assert job["what"] == "count to 6"
    with counting.stream("GET", "/api/v1/jobs/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        found = list(_events(stream))
    assert found[-1] == ("quiet", {})  # and the stream ended by itself
    jobs = [told for name, told in found if name == "job"]
    assert {told["job_id"] for told in jobs} == {job["job_id"]}
    assert [told["version"] for told in jobs] == sorted(told["version"] for told in jobs)
    assert {"running", "done"} <= {told["state"] for told in jobs}
    fractions = [told["fraction"] for told in jobs if told["fraction"] is not None]
    assert fractions == sorted(fractions)
    assert any(0 < fraction < 1 for fraction in fractions)
    last = counting.get(f"/api/v1/jobs/{job['job_id']}").json()
    assert last == jobs[-1]
    assert last["outcome"] == "counted to 6"
    assert "count to 6" in counting.get("/jobs").text


def test_quiet_server_holds_no_stream(counting: httpx.Client) -> None:
    start = time.monotonic()
    with counting.stream("GET", "/api/v1/jobs/events") as stream:
        assert list(_events(stream)) == [("quiet", {})]
    assert time.monotonic() - start < 30  # a stream that is held lasts as long as its listener


def test_job_is_stopped(counting: httpx.Client) -> None:
    job = _start(counting, 1000)
    stopped = counting.delete(f"/api/v1/jobs/{job['job_id']}")
    assert stopped.status_code == 200
    with counting.stream("GET", "/api/v1/jobs/events") as stream:
        *_, (_, last), _ = _events(stream)
    assert last["state"] == "stopped"
    again = counting.delete(f"/api/v1/jobs/{job['job_id']}").json()
    assert again["state"] == "stopped"


def test_listeners_are_bounded_and_those_that_leave_make_room(counting: httpx.Client) -> None:
    job = _start(counting, 1000)
    streams = [counting.stream("GET", "/api/v1/jobs/events") for _ in range(32)]
    opened = [stream.__enter__() for stream in streams]
    followed = [_events(each) for each in opened]  # one that is forgotten is closed
    assert {next(events)[0] for events in followed} == {"job"}
    with counting.stream("GET", "/api/v1/jobs/events") as refused:
        assert refused.status_code == 503
    for stream in streams:
        stream.__exit__(None, None, None)

    def is_heard() -> bool:
        with counting.stream("GET", "/api/v1/jobs/events") as stream:
            return stream.status_code == 200

    until(is_heard, "those that left still count")
    counting.delete(f"/api/v1/jobs/{job['job_id']}")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"kind": "rm"}, 400),
        ({"kind": "index"}, 400),
        ({"kind": "index", "arguments": {"paths": ["/no/such"]}}, 400),
        ({"kind": "index", "arguments": {"paths": ["a\udcff"]}}, 400),
        ({"kind": "index", "arguments": {"path": ["/tmp"]}}, 400),
        ({"kind": "index", "arguments": {"paths": [["/tmp"]]}}, 400),
        ({"kind": "apply_corrections", "arguments": {"book_ids": ["../x"]}}, 400),
        ({"kind": "x" * 41}, 422),
        ({"arguments": {}}, 422),
        ([], 422),
    ],
)
def test_what_makes_no_sense_is_refused(counting: httpx.Client, asked: object, status: int) -> None:
    answer = counting.post(
        "/api/v1/jobs",
        content=json.dumps(asked),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert counting.get("/api/v1/jobs").json() == []


@pytest.mark.parametrize(("job_id", "status"), [("0" * 12, 404), ("x", 422), ("%00", 422)])
def test_unknown_job_is_said_to_be_so(counting: httpx.Client, job_id: str, status: int) -> None:
    assert counting.get(f"/api/v1/jobs/{job_id}").status_code == status
    assert counting.delete(f"/api/v1/jobs/{job_id}").status_code == status


def test_shared_library_takes_no_jobs(tmp_path: Path, serve: Callable[..., Served]) -> None:
    from longbox.library import Library

    Library.create(tmp_path / "library").close()
    served = serve(tmp_path / "library", is_read_only=True)
    asked = httpx.post(f"{served.address}/api/v1/jobs", json={"kind": "embed"})
    assert asked.status_code == 403
    assert httpx.delete(f"{served.address}/api/v1/jobs/{'0' * 12}").status_code == 403
    assert httpx.get(f"{served.address}/api/v1/jobs").json() == []


def test_page_of_another_site_starts_nothing(counting: httpx.Client) -> None:
    headers = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    asked = counting.post("/api/v1/jobs", json={"kind": "count"}, headers=headers)
    assert asked.status_code == 403
    assert counting.get("/api/v1/jobs").json() == []
