"""Put faults into a library, do what the message says, and see whether anything was lost.

    python benchmarks/faults.py [--seed 0] [--share 1.0] [--only WORD] [--real 4]

A small drawn library is indexed, merged, described, embedded, corrected, migrated, rebuilt, backed
up, restored and repaired in processes of their own, and each is disturbed: killed, refused by the
disk, given damaged files, wrong clocks, a second writer, newer formats. Then comes what a person is
told to do: the same command again, else `check --repair` (or a copy from the backup) and the
command again. The library must then hold what an undisturbed one holds, and all that people typed;
the message must have been one line that says what to do; and a check must have found the damage.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # children are forked: no threads before that

from fault_cases import Case, cases
from fault_injection import Outcome, in_child, small_disk
from fault_state import (
    BASES,
    Kept,
    Scratch,
    copied,
    make_bases,
    recover,
    reference,
    state_of,
    told,
    ways_back,
)
from fault_work import WORKS
from longbox.library import check_library
from longbox.synthetic import draw_shelf
from report import table, write


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a fault.

    Attributes:
        how: How the disturbed work ended.
        way: What led back, or None: something was lost.
        unexplained: Why a person would not have known what to do, or nothing.
        notes: What other ways back ended with.
    """

    case: Case
    how: str
    message: str
    way: str | None
    unexplained: str
    notes: tuple[str, ...]


def wrapped(case: Case, root: Path, shelf: Path) -> Callable[[], Any]:
    """Return the work of a case as it is done, with what the case says of its surroundings."""

    def plain() -> None:
        WORKS[case.work](root, shelf)

    def clock_back() -> None:
        now = time.time
        time.time = lambda: now() - 10 * 365 * 86_400.0
        plain()

    def other_disk(parameter: str) -> None:
        import sqlite3

        connect: Any = sqlite3.connect

        def mounted(name: Any, *args: Any, **kwargs: Any) -> Any:
            if kwargs.get("uri"):
                return connect(f"{name}&{parameter}", *args, **kwargs)
            if str(name) == ":memory:":
                return connect(name, *args, **kwargs)
            return connect(f"{Path(name).as_uri()}?{parameter}", *args, **{**kwargs, "uri": True})

        sqlite3.connect = mounted
        plain()

    def no_locks() -> None:
        import fcntl

        def refuse(*_: object) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        fcntl.flock = refuse
        plain()

    return {
        "clock back": clock_back,
        "twice": lambda: _twice(plain, killed_after_s=None),
        "twice, killed": lambda: _twice(plain, killed_after_s=0.05),
        "no shared memory": lambda: other_disk("vfs=unix-dotfile"),
        "no locks": no_locks,
    }.get(case.wrap, plain)


def _twice(work: Callable[[], None], killed_after_s: float | None) -> None:
    """Do the same work in two processes at once; kill the second where asked."""
    other = os.fork()
    if not other:
        try:
            work()
        except Exception:  # noqa: BLE001 - the exit code tells
            os._exit(1)
        os._exit(0)
    if killed_after_s is not None:
        time.sleep(killed_after_s)
        os.kill(other, signal.SIGKILL)
    try:
        work()
    finally:
        _, status = os.waitpid(other, 0)
    if killed_after_s is None and status:
        raise RuntimeError("the other writer failed")


def run_case(scratch: Scratch, case: Case, wanted: Kept, rng: random.Random) -> Result:
    """Let one fault happen and go the way back."""
    root = copied(scratch, case.base)
    if case.is_newer:
        return _run_newer(scratch, case, wanted, rng)
    is_damage = case.damage is not None and case.kind not in ("clock", "log damaged after a kill")
    if is_damage and case.damage is not None:
        case.damage(root, rng)
        found = in_child(lambda: [finding.line for finding in check_library(root).findings])
        unexplained = "" if found.how == "ok" else f"check: {found.message}"
        outcome = Outcome("found" if found.value else "not found", "; ".join(found.value or ()))
        if found.how == "ok" and not found.value:
            unexplained = _unseen(root, wanted)
    else:
        if case.kind == "clock" and case.damage is not None:
            case.damage(root, rng)
        outcome = _disturbed(scratch, case, root)
        if case.kind == "log damaged after a kill" and case.damage is not None:
            case.damage(root, rng)
        unexplained = "" if told(outcome) else f"{outcome.how}: {outcome.message}"
    ways = ways_back(case.work, is_damage=is_damage, has_backup=case.has_backup)
    way, notes = recover(scratch, wanted, ways, is_backup=case.work == "backup")
    if outcome.how == "not found" and not unexplained:
        way = way or "nothing to do"
    return Result(case, outcome.how, outcome.message, way, unexplained, tuple(notes))


def _unseen(root: Path, wanted: Kept) -> str:
    """Say why a damage that the check did not see matters; nothing where it does not."""
    state = in_child(lambda: state_of(root))
    if state.how == "ok" and state.value.holds(wanted):
        return ""
    deep = in_child(lambda: check_library(root, is_deep=True).findings)
    return "" if deep.value else f"not found by a deep check: {state}"


def _disturbed(scratch: Scratch, case: Case, root: Path) -> Outcome:
    if not case.disk_bytes:
        return in_child(wrapped(case, root, scratch.shelf), case.fault)
    used = sum(p.stat().st_size + 4096 for p in root.rglob("*")) if root.exists() else 0
    aside = scratch.folder / "aside"
    shutil.rmtree(aside, ignore_errors=True)
    with small_disk(scratch.folder / "small", used + case.disk_bytes) as is_there:
        if not is_there:
            return Outcome("ok", "no small disk may be mounted here")
        place = scratch.folder / "small" / "library"
        if root.exists():
            shutil.copytree(root, place)
        outcome = in_child(wrapped(case, place, scratch.shelf))
        if place.exists():
            shutil.copytree(place, aside)
    shutil.rmtree(root, ignore_errors=True)
    if aside.exists():
        aside.rename(root)
    return outcome


def _run_newer(scratch: Scratch, case: Case, wanted: Kept, rng: random.Random) -> Result:
    """A newer file must be refused, left where it is, and count again as soon as it is known."""
    root = scratch.root
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
    if case.damage is not None:
        case.damage(root, rng)
    changed = {
        p: p.read_bytes()
        for p, data in before.items()
        if not p.name.endswith(("-shm", "-wal")) and p.read_bytes() != data
    }
    outcome = in_child(wrapped(case, root, scratch.shelf))
    unexplained = "" if told(outcome) else f"{outcome.how}: {outcome.message}"
    stayed = all(p.exists() and p.read_bytes() == data for p, data in changed.items())
    found = in_child(lambda: [f.line for f in check_library(root).findings])
    if not any("newer" in line for line in found.value or ()) and not unexplained:
        unexplained = f"the check does not say that something is newer: {found}"
    for path in changed:  # "upgrade Longbox"
        path.write_bytes(before[path])
    ways = ways_back("repair", is_damage=True, has_backup=False)
    way, notes = recover(scratch, wanted, ways)
    notes += [] if stayed else ["a file of a newer format was moved or changed"]
    return Result(
        case, outcome.how, outcome.message, way if stayed else None, unexplained, tuple(notes)
    )


def real_runs(folder: Path, n: int, rng: random.Random) -> list[Result]:
    """Kill `longbox index` of a drawn shelf, with its workers, and run it again."""
    shelf, library = folder / "real", folder / "real-library"
    draw_shelf(shelf, seed=0)
    for path in sorted(shelf.rglob("*"))[2:]:
        if path.is_file():
            path.unlink()
    command = [sys.executable, "-m", "longbox", "index", str(shelf), "--library", str(library)]
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    usual_s = time.perf_counter() - began
    wanted = in_child(lambda: state_of(library)).value
    results = []
    for number in range(n):
        shutil.rmtree(library)
        moment = rng.uniform(0.2, 1.0) * usual_s
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        subprocess.run(command, capture_output=True, check=False)
        found = in_child(lambda: state_of(library))
        is_same = found.how == "ok" and found.value.holds(wanted)
        case = Case("kill -9: longbox index", "index", f"after {moment:.1f} s, {number}", "empty")
        way = "the same command" if is_same else None
        results.append(Result(case, "killed", "", way, "", () if is_same else (str(found),)))
    return results


def rows_of(results: list[Result]) -> list[dict[str, Any]]:
    """Count the results by kind."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[result.case.kind].append(result)
    rows = []
    for kind, group in [*groups.items(), ("all", results)]:
        n_same = sum(r.way in ("the same command", "nothing to do") for r in group)
        n_back = sum(r.way is not None for r in group)
        rows.append(
            {
                "kind": kind,
                "n": len(group),
                "recovered": n_back,
                "by the same command": n_same,
                "by repair or backup": n_back - n_same,
                "lost": len(group) - n_back,
                "unexplained": sum(bool(r.unexplained) for r in group),
            }
        )
    return rows


def import_first() -> None:
    """Import what every child would import by itself, before the first is forked."""
    for name in ("zarr.storage", "zarr.core.buffer", "zarr.codecs", "msgspec", "faiss"):
        importlib.import_module(name)


def _placeless(message: str) -> str:
    """Leave out the scratch folder, which is another one in every run."""
    return re.sub(re.escape(tempfile.gettempdir()) + r"/[^/\s]+/", "", message)


def main() -> None:
    """Put the faults in, go the ways back, print."""
    import_first()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="of the faults of each kind")
    parser.add_argument("--only", default="", help="kinds with this word in their name")
    parser.add_argument("--real", type=int, default=4, help="kills of `longbox index`")
    args = parser.parse_args()
    results = []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch(Path(folder).resolve())
        make_bases(scratch)
        wanted = {work: reference(scratch, work) for work in BASES}
        full = reference(scratch, "backup")
        listed = list(cases(scratch, random.Random(args.seed), args.share, args.only))
        for number, case in enumerate(c for c in listed if args.only in c.kind):
            rng = random.Random(f"{args.seed} {case.kind} {case.detail}")
            goal = full if case.damage is not None and case.base == "full" else wanted[case.work]
            result = run_case(scratch, case, goal, rng)
            results.append(result)
            if result.way is None or result.unexplained:
                print(f"{case.kind}: {case.detail}: {result.how}: {result.message[-600:]}")
                print(f"   {result.unexplained[-1500:]} {result.notes}", flush=True)
            elif number % 25 == 24:
                print(f"{number + 1} faults, {time.perf_counter() - began:.0f} s", flush=True)
        if args.real and args.only in "kill -9: longbox index":
            results += real_runs(scratch.folder, args.real, random.Random(args.seed))
    rows = rows_of(results)
    print(table(rows))
    told_as = [
        {
            "kind": r.case.kind,
            "detail": r.case.detail,
            "ended": r.how,
            "message": _placeless(r.message)[:400],
            "way back": r.way,
            "unexplained": _placeless(r.unexplained)[:400],
        }
        for r in results
    ]
    seconds = time.perf_counter() - began
    print(f"{len(results)} faults in {seconds:.0f} s")
    if not args.only:
        write("faults", {"seed": args.seed, "seconds": seconds, "kinds": rows, "faults": told_as})
    is_good = rows[-1]["lost"] == rows[-1]["unexplained"] == 0
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
