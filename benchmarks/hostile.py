"""Hostile and broken comics: does anything crash, hang, escape or stop the shelf?

    python benchmarks/hostile.py [--fuzz N] [--only WORDS]

Every kind that tests/ingest/hostile_files.py can build is written into its own temporary folder and
read there the way the pipeline reads a book (find_books, stamp, open_book, pixels of the first
pages), in a process of its own with a limit on time and memory. An audit hook in that process
notes every file opened for writing outside the temporary folder and every network connection;
after it the folder's own contents are compared with before.

--fuzz N then damages one good file of every format and one page of every picture kind in N random
ways each (bytes changed, cut, repeated) and counts the outcomes.

Prints a table, writes benchmarks/results/hostile.json, and ends with status 1 if any kind crashed,
hung, escaped, or did not come out as its builder says.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import platform
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "hostile.json"
sys.path.insert(0, str(ROOT / "tests" / "ingest"))

TIME_LIMIT_S = 40.0
MEMORY_LIMIT_BYTES = 4 << 30
PAGES_READ = 6
SEED = 20
_FORBIDDEN = ("socket.connect", "os.symlink", "os.link", "os.remove", "os.rename")


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one kind: outcome is refused, problem, read, CRASHED, HUNG or ESCAPED."""

    kind: str
    expected: str
    outcome: str
    message: str
    seconds: float
    peak_mb: float


def read_as_the_pipeline_does(target: Path) -> tuple[str, str]:
    """Open a file as a book; return the outcome and its first line."""
    from longbox.errors import ComicError, PageError
    from longbox.ingest import find_books, open_book, stamp

    find_books([target.parent])
    outcome, message = "read", ""
    try:
        stamp(target)
        with open_book(target) as opened:
            if opened.book.problems:
                outcome, message = "problem", opened.book.problems[0].reason
            readable = [page for page in opened.book.pages if page.is_readable]
            for page in readable[:PAGES_READ]:
                try:
                    shape = opened.pixels(page.index).shape
                except PageError as error:
                    outcome, message = "problem", str(error)
                    continue
                if shape != (page.height, page.width, 3):
                    return (
                        "CRASHED",
                        f"page {page.index + 1} is {shape}, not {page.height, page.width}",
                    )
    except ComicError as error:
        outcome, message = "refused", f"{type(error).__name__}: {error}"
    if "\n" in message or not message.isprintable():
        return "ESCAPED", f"message is not one printable line: {message!r}"
    return outcome, message


def watch_writes(allowed: Path) -> list[str]:
    """Note every file opened for writing outside a folder, and every connection, from now on."""
    seen: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and isinstance(path, str | bytes):
                place = os.path.realpath(os.fsdecode(path))
                if not place.startswith((str(allowed), "/dev/")):
                    seen.append(f"opened {place} for writing ({mode})")
        elif event in _FORBIDDEN and not str(arguments[0]).startswith(str(allowed)):
            seen.append(f"{event} {arguments[0]!r}")

    sys.addaudithook(hook)
    return seen


def work(target: Path, scratch: Path, answers: Connection) -> None:
    """Body of the process that reads one file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    tempfile.tempdir = str(scratch)
    seen = watch_writes(scratch)
    started = time.perf_counter()
    outcome, message = read_as_the_pipeline_does(target)
    seconds = time.perf_counter() - started
    peaks = [
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    if seen:
        outcome, message = "ESCAPED", seen[0]
    answers.send((outcome, message, seconds, max(peaks) / 1024))


def tree(folder: Path) -> list[str]:
    """Every path below a folder, as text."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def try_one(kind: str, expected: str, build: Callable[[Path], Path], home: Path) -> Row:
    """Build one kind and read it in a process of its own."""
    folder, scratch = home / "comic", home / "scratch"
    folder.mkdir(parents=True)
    scratch.mkdir()
    target = build(folder)
    before = tree(home)
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(target, scratch, send))
    started = time.perf_counter()
    process.start()
    send.close()
    outcome, message, seconds, peak_mb = (
        "HUNG",
        f"more than {TIME_LIMIT_S:.0f} s",
        TIME_LIMIT_S,
        0.0,
    )
    if receive.poll(TIME_LIMIT_S):
        try:
            outcome, message, seconds, peak_mb = receive.recv()
        except EOFError:
            process.join()
            outcome, message = "CRASHED", f"the process ended with {process.exitcode}"
            seconds = time.perf_counter() - started
    process.kill()
    process.join()
    if tree(home) != before:
        outcome, message = (
            "ESCAPED",
            f"left files behind: {sorted(set(tree(home)) - set(before))[:3]}",
        )
    shutil.rmtree(home, ignore_errors=True)
    return Row(
        kind,
        expected,
        outcome,
        message.replace(str(folder), ""),
        round(seconds, 3),
        round(peak_mb, 1),
    )


def good_files() -> list[tuple[str, Callable[[Path], Path]]]:
    """One good comic of every format, and one of every picture kind."""
    import drawn_comics as comics

    def packed(kind: str) -> Callable[[Path], Path]:
        suffix = {"JPEG2000": "jp2", "TIFF": "tif"}.get(kind, kind.lower())
        member = (f"page1.{suffix}", comics.page(1, kind, 120, 160))
        return lambda folder: comics.write_folder(folder, [member]) / member[0]

    info = (
        b"<ComicInfo><Series>Fuzz</Series><Pages><Page Image='0' Type='FrontCover'/>"
        b"</Pages></ComicInfo>"
    )
    members = [*comics.pages(3), ("ComicInfo.xml", info)]
    return [
        ("cbz", lambda folder: comics.write_zip(folder / "book.cbz", members, 8)),
        ("cbt", lambda folder: comics.write_tar(folder / "book.cbt", members)),
        ("cbt gzip", lambda folder: comics.write_tar(folder / "book.cbt", members, "w:gz")),
        ("cb7", lambda folder: comics.write_7z(folder / "book.cb7", members)),
        ("cbr", lambda folder: comics.write_stored_rar(folder / "book.cbr", members)),
        (
            "epub",
            lambda folder: comics.write_zip(
                folder / "book.epub", comics.epub_members(comics.pages(3))
            ),
        ),
        (
            "pdf",
            lambda folder: comics.write_pdf(folder / "book.pdf", [comics.page(1), comics.page(2)]),
        ),
        *(
            (kind, packed(kind))
            for kind in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "JXL", "TIFF", "BMP", "JPEG2000")
        ),
    ]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Change, cut or repeat some bytes."""
    out = bytearray(data)
    way = rng.randrange(5)
    if way == 0:
        return bytes(out[: rng.randrange(1, len(out))])
    if way == 1:
        start = rng.randrange(len(out))
        out[start:start] = out[start : start + rng.randrange(1, 200)]
    for _ in range(rng.choice((1, 2, 8, 40))):
        place = rng.randrange(len(out)) if way < 4 else rng.randrange(min(len(out), 128))
        out[place] = rng.choice((0, 255, 0x7F, rng.randrange(256)))
    return bytes(out)


def writer(content: bytes, suffix: str, *, is_page: bool) -> Callable[[Path], Path]:
    """Return a builder that writes these bytes as a comic, or as the page of a folder."""

    def build(folder: Path) -> Path:
        path = folder / ("book/page1" if is_page else "book")
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(suffix).write_bytes(content)
        return path.parent if is_page else path.with_suffix(suffix)

    return build


def fuzz(count: int, home: Path) -> dict[str, dict[str, int]]:
    """Damage every good file in random ways; return the outcomes by format."""
    found: dict[str, dict[str, int]] = {}
    for name, build in good_files():
        source = home / "source"
        source.mkdir(parents=True)
        good = build(source)
        data, suffix = good.read_bytes(), good.suffix
        shutil.rmtree(source)
        rng = random.Random(f"{SEED} {name}")
        rounds = count if name != "pdf" else max(count // 10, 1)  # a process each
        outcomes: Counter[str] = Counter()
        for number in range(rounds):
            content = damaged(data, rng)

            build_damaged = writer(content, suffix, is_page=good.name.startswith("page"))
            row = try_one(name, "", build_damaged, home / f"fuzz{number}")
            outcomes[row.outcome] += 1
            if row.outcome.isupper():
                print(f"  {name} {number}: {row.outcome} {row.message}")
        found[name] = dict(outcomes)
        print(
            f"fuzz {name:10} {rounds:5} "
            + ", ".join(f"{key} {n}" for key, n in sorted(outcomes.items()))
        )
    return found


def main() -> int:
    """Try every kind, print the table, write JSON; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fuzz", type=int, default=0, help="random damages of every good file")
    parser.add_argument("--only", default="", help="only kinds whose name holds these words")
    args = parser.parse_args()
    from hostile_files import KINDS
    from PIL import Image

    import longbox.ingest  # noqa: F401 - loaded before the processes are split off

    Image.new("RGB", (8, 8)).save(io.BytesIO(), "JPEG")
    rows: list[Row] = []
    home = Path(tempfile.mkdtemp(prefix="longbox-hostile-")).resolve()
    baseline_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'kind':45} {'outcome':8} {'s':>6} {'MB':>6}  message")
    try:
        for kind in KINDS:
            if args.only in kind.kind:
                row = try_one(kind.kind, kind.outcome, kind.build, home / "kind")
                rows.append(row)
                shown = row.message if len(row.message) <= 110 else row.message[:107] + "..."
                print(
                    f"{row.kind:45} {row.outcome:8} {row.seconds:6.2f} {row.peak_mb:6.0f}  {shown}"
                )
        fuzzed = fuzz(args.fuzz, home) if args.fuzz else {}
    finally:
        shutil.rmtree(home, ignore_errors=True)
    wrong = [row for row in rows if row.outcome != row.expected]
    bad_fuzz = sum(
        n for outcomes in fuzzed.values() for key, n in outcomes.items() if key.isupper()
    )
    counts = Counter(row.outcome for row in rows)
    print(f"{len(rows)} kinds: " + ", ".join(f"{key} {n}" for key, n in sorted(counts.items())))
    slowest, highest = max(row.seconds for row in rows), max(row.peak_mb for row in rows)
    print(f"slowest {slowest:.2f} s, highest {highest:.0f} MB")
    for row in wrong:
        print(f"not as expected: {row.kind}: {row.outcome}, not {row.expected}: {row.message}")
    document = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "n": len(rows),
        "seed": SEED,
        "limits": {"seconds": TIME_LIMIT_S, "memory_bytes": MEMORY_LIMIT_BYTES},
        "baseline_mb": round(baseline_mb, 1),
        "outcomes": dict(counts),
        "not_as_expected": [row.kind for row in wrong],
        "kinds": [asdict(row) for row in rows],
        "fuzz": fuzzed,
    }
    if not args.only:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(
            json.dumps(document, indent=1, ensure_ascii=True) + "\n", encoding="utf-8"
        )
    return 1 if wrong or bad_fuzz else 0


if __name__ == "__main__":
    sys.exit(main())
