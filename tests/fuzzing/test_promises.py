"""Every door keeps its promise for good inputs, bad ones, and some hundreds of damaged ones.

The same targets as benchmarks/fuzz.py, for a moment and always with the same inputs; what the long
runs found stands as a test of its own where it was put right.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from fuzz_targets import NAMES, target_of

# Inputs that are tried; fewer where one takes long (a process, a database, a server).
_EXAMPLES = {"pdf": 2, "catalogs": 12, "7z": 8, "web": 20, "answers": 25, "folder": 15}
_USUAL_EXAMPLES = 30


@some.composite
def damaged(draw: Any, seeds: list[bytes], words: tuple[bytes, ...]) -> bytes:
    """A seed with some bytes changed, left out, said twice, or words of the format put in."""
    data = bytearray(draw(some.sampled_from(seeds)))
    for _ in range(draw(some.integers(1, 6))):
        at = draw(some.integers(0, len(data)))
        size = draw(some.integers(0, 24))
        match draw(some.sampled_from(("change", "cut", "twice", "word", "end"))):
            case "change":
                data[at : at + size] = draw(some.binary(min_size=size, max_size=size))
            case "cut":
                del data[at : at + size]
            case "twice":
                data[at:at] = data[at : at + size]
            case "word":
                data[at:at] = draw(some.sampled_from(words or (b"\0", b"\xff" * 8)))
            case _:
                del data[max(at, 1) :]
    return bytes(data)


@pytest.mark.parametrize("name", NAMES)
def test_door_keeps_its_promise(name: str, tmp_path: Path) -> None:
    target = target_of(name)
    tried = target.prepare(tmp_path)
    seeds = list(target.seeds())
    assert target.promise
    for data in (b"", *seeds):
        assert len(data) <= target.max_bytes
        tried(data)

    @settings(
        max_examples=_EXAMPLES.get(name, _USUAL_EXAMPLES),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(seeds, target.words))
    def holds(data: bytes) -> None:
        tried(data)

    try:
        holds()
    finally:
        target.finish(tried)
