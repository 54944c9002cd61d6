"""Coverage-guided fuzzing of every door that strangers' bytes come through.

    python benchmarks/fuzz.py [--minutes 60] [--only WORDS] [--seed 0] [--folder FOLDER]

The doors and what they promise are in tests/fuzz_targets; each gets the same share of CPU time in a
process of its own (benchmarks/fuzz_child.py) with limits on time and memory, so that a crash of a
native library is a find like any other. Inputs that reach new branches are kept in the folder, and
a later run goes on from them; its figures are of all runs in the folder together. Finds are told
apart by where they come from, made smaller, and lie in FOLDER/<target>/finds with their tracebacks.

Prints a table, writes benchmarks/results/fuzz.json, and ends with status 1 where there is a find.
Needs the extra `dev` (atheris). A run is repeatable only as far as its time is.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from report import table, write

ROOT = Path(__file__).resolve().parent.parent
for part in ("tests", "tests/ingest", "tests/library"):
    sys.path.insert(0, str(ROOT / part))

if TYPE_CHECKING:
    from fuzz_targets import Target

CHILD = ROOT / "benchmarks" / "fuzz_child.py"
_SHRINK_S = 20.0
_MOST_RESTARTS = 20
_ENDS_WITHIN_S = 120.0
_STUCK_S = 600.0
# A busy machine takes longer than a target promises; a hang takes longer than that.
_PATIENCE = 3
_COVERED = re.compile(r"cov: (\d+)")
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_RUNNING = re.compile(r"^#(\d+)\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Find:
    """Something that a door did and never should."""

    target: str
    signature: str
    message: str
    size_bytes: int
    file: str


@dataclass(slots=True)
class Outcome:
    """What came of one target."""

    target: str
    promise: str
    executions: int = 0
    edges: int = 0
    corpus: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    finds: list[Find] = field(default_factory=list)


def main() -> int:
    """Fuzz, print, write; 1 where there is a find."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="of CPU, all targets together")
    parser.add_argument("--only", default="", help="targets whose names hold one of these words")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where corpora and finds are kept")
    parser.add_argument("--no-json", action="store_true", help="leave results/fuzz.json alone")
    args = parser.parse_args()
    from fuzz_targets import NAMES, target_of

    words = args.only.split()
    chosen = [target_of(n) for n in NAMES if not words or any(word in n for word in words)]
    if not chosen:
        parser.error(f"no target is named like {args.only!r}")
    folder = args.folder or Path(tempfile.gettempdir()) / "longbox-fuzz"
    share_s = args.minutes * 60 / len(chosen)
    outcomes = []
    for target in chosen:
        outcomes.append(try_target(target, folder / target.name, share_s, args.seed))
        print(table([_row(outcomes[-1])]).splitlines()[-1], flush=True)
    print(table([_row(outcome) for outcome in outcomes]))
    finds = [find for outcome in outcomes for find in outcome.finds]
    for find in finds:
        print(f"{find.target}: {find.signature}: {find.message}\n  {find.file}")
    cpu_min = sum(outcome.cpu_s for outcome in outcomes) / 60
    total = sum(outcome.executions for outcome in outcomes)
    print(f"{total:,} inputs in {cpu_min:.1f} minutes of CPU: {len(finds)} finds")
    if not args.no_json:
        write("fuzz", _document(outcomes, args.seed, cpu_min))
    return 1 if finds else 0


def _document(outcomes: list[Outcome], seed: int, cpu_min: float) -> dict[str, Any]:
    import atheris

    return {
        "atheris": getattr(atheris, "__version__", "3"),
        "seed": seed,
        "cpu_minutes": round(cpu_min, 1),
        "executions": sum(outcome.executions for outcome in outcomes),
        "n_finds": sum(len(outcome.finds) for outcome in outcomes),
        "targets": [asdict(outcome) for outcome in outcomes],
    }


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "target": f"{outcome.target:18}",
        "inputs": f"{outcome.executions:>10,}",
        "a CPU s": f"{outcome.executions / max(outcome.cpu_s, 1e-9):>8,.0f}",
        "edges": f"{outcome.edges:>6,}",
        "kept": f"{outcome.corpus:>6,}",
        "CPU s": f"{outcome.cpu_s:>7.0f}",
        "finds": len(outcome.finds),
    }


def try_target(target: Target, folder: Path, share_s: float, seed: int) -> Outcome:
    """Fuzz one target for its share of the time, starting again after whatever ends it."""
    corpus = folder / "corpus"
    (folder / "finds").mkdir(parents=True, exist_ok=True)
    corpus.mkdir(exist_ok=True)
    for data in target.seeds():
        (corpus / hashlib.sha256(data).hexdigest()[:20]).write_bytes(data)
    outcome = Outcome(target.name, target.promise)
    began = time.monotonic()
    for turn in range(_MOST_RESTARTS):
        left_s = share_s - outcome.cpu_s
        if turn and left_s < 5:
            break
        before = _cpu_s()
        code, text = run(target, folder, left_s, seed + turn)
        outcome.cpu_s += _cpu_s() - before
        seen = [int(n) for n in _EXECUTED.findall(text) or _RUNNING.findall(text)[-1:]]
        outcome.executions += sum(seen)
        outcome.edges = max([outcome.edges, *map(int, _COVERED.findall(text))])
        if not put_aside(folder):
            if code:
                print(f"{target.name}: ended with {code}; {folder / 'log.txt'} says why")
            break
    outcome.wall_s = time.monotonic() - began
    _add_earlier(outcome, folder / "total.json")
    outcome.corpus = sum(1 for _ in corpus.iterdir())
    outcome.finds = list(told(target, folder))
    return outcome


def _add_earlier(outcome: Outcome, path: Path) -> None:
    """Add what earlier runs in this folder did, and keep the sum."""
    before = json.loads(path.read_text()) if path.exists() else {}
    outcome.executions += int(before.get("executions", 0))
    outcome.edges = max(outcome.edges, int(before.get("edges", 0)))
    outcome.cpu_s += float(before.get("cpu_s", 0.0))
    outcome.wall_s += float(before.get("wall_s", 0.0))
    said = {name: getattr(outcome, name) for name in ("executions", "edges", "cpu_s", "wall_s")}
    path.write_text(json.dumps(said))


def run(target: Target, folder: Path, seconds: float, seed: int) -> tuple[int, str]:
    """Run the child once; return its exit code and what it said."""
    words = folder / "words.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    flags = [
        str(folder / "corpus"),
        f"-max_len={target.max_bytes}",
        f"-timeout={int(_PATIENCE * target.timeout_s)}",
        f"-rss_limit_mb={target.memory_mb // 2}",
        f"-artifact_prefix={folder}/ended-",
        f"-seed={seed + 1}",
        "-print_final_stats=1",
        "-reload=0",
    ]
    if target.words:
        flags.append(f"-dict={words}")
    scratch = Path(tempfile.mkdtemp(prefix="run-", dir=folder))
    log = folder / "log.txt"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    links = scratch / "finds"
    links.symlink_to(folder / "finds")
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, str(CHILD), "fuzz", target.name, str(scratch), *flags],
            stdout=said, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
        )  # fmt: skip
        _wait(process, seconds)
    shutil.rmtree(scratch, ignore_errors=True)
    return process.returncode, log.read_text(encoding="utf-8", errors="replace")


def _wait(process: subprocess.Popen[bytes], cpu_s: float) -> None:
    """Wait until a child has had its time of CPU, however busy the machine; then end it."""
    child = psutil.Process(process.pid)
    asked_at = spent = 0.0
    last, moved_at = -1.0, time.monotonic()
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            times = child.cpu_times()
            spent = times.user + times.system + times.children_user + times.children_system
            if not asked_at and spent > cpu_s:
                process.send_signal(signal.SIGUSR1)  # libFuzzer ends in order and says its figures
                asked_at = time.monotonic()
        if spent > last:
            last, moved_at = spent, time.monotonic()
        is_stuck = time.monotonic() - moved_at > _STUCK_S
        if is_stuck or (asked_at and time.monotonic() - asked_at > _ENDS_WITHIN_S):
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.5)


def _cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def put_aside(folder: Path) -> bool:
    """Take inputs that ended the child out of its way, as finds; say whether there were any."""
    ended = list(folder.glob("ended-*"))
    for path in ended:
        kind = path.name.split("-")[1]  # crash, timeout, oom, leak, slow
        data = path.read_bytes()
        path.unlink()
        name = hashlib.sha256(data).hexdigest()
        (folder / "corpus" / name[:20]).unlink(missing_ok=True)
        if kind == "slow":
            continue
        log = (folder / "log.txt").read_text(encoding="utf-8", errors="replace")
        about = {"signature": f"native {kind}", "message": kind, "traceback": log[-6000:]}
        (folder / "finds" / f"{kind}-{name[:12]}.bin").write_bytes(data)
        said = json.dumps(about, indent=1)
        (folder / "finds" / f"{kind}-{name[:12]}.json").write_text(said)
    return bool(ended)


def told(target: Target, folder: Path) -> Iterator[Find]:
    """Shrink what was found and tell it once a signature."""
    seen: set[str] = set()
    for path in sorted((folder / "finds").glob("*.bin")):
        about = json.loads(path.with_suffix(".json").read_text())
        if about["signature"] in seen and not about["signature"].startswith("native"):
            continue
        seen.add(about["signature"])
        small = path.with_suffix(".small")
        if not about["signature"].startswith("native") and not small.exists():
            shrink(target, path, small)
        shown = small if small.exists() else path
        yield Find(
            target.name,
            about["signature"],
            " ".join(about["message"].split())[:200],
            shown.stat().st_size,
            str(shown.relative_to(folder.parent)),
        )


def shrink(target: Target, path: Path, small: Path) -> None:
    """Make a find smaller in a process of its own; without success it stays as it is."""
    shutil.copy(path, small)
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, str(CHILD), "shrink", target.name, scratch, str(small)]
        try:
            subprocess.run(
                [*command, str(_SHRINK_S)], capture_output=True, timeout=_SHRINK_S * 4, check=False
            )
        except subprocess.TimeoutExpired:
            shutil.copy(path, small)


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
