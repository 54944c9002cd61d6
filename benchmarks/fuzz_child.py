"""One fuzz target in a process of its own; started by benchmarks/fuzz.py.

    python benchmarks/fuzz_child.py fuzz TARGET FOLDER [flags of libFuzzer]
    python benchmarks/fuzz_child.py judge TARGET FOLDER FILE
    python benchmarks/fuzz_child.py shrink TARGET FOLDER FILE SECONDS

`fuzz` lets atheris (libFuzzer guided by the branches of Python code) try inputs. An exception that
the target does not document is noted once for the place it comes from, and the search goes on; a
crash, a hang or too much memory ends the process, and libFuzzer leaves the input behind. An audit
hook notes what is written outside the folder and every connection. `judge` prints what one input
leads to; `shrink` makes it smaller while it leads to the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
for part in ("tests", "tests/ingest", "tests/library"):
    sys.path.insert(0, str(ROOT / part))

# Of itself Longbox needs none of these for anything that a target does.
_FORBIDDEN = ("socket.connect", "os.symlink", "os.link", "os.remove", "os.rename", "os.mkdir")
_SHRINK_TRIES = 3000


class EscapedError(AssertionError):
    """Something was written outside the folder, or connected to."""


def watch(allowed: Path) -> list[str]:
    """Note writes outside a folder and connections, from now on."""
    seen: list[str] = []
    inside = (str(allowed), "/dev/", "/proc/self", str(Path(allowed.parent, "finds").resolve()))

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and isinstance(path, str | bytes):
                place = os.path.realpath(os.fsdecode(path))
                if not place.startswith(inside) and "__pycache__" not in place:
                    seen.append(f"opened for writing: {place}")
        elif event in _FORBIDDEN and not _is_by_folder(event, arguments):
            place = _place(event, arguments)
            if not place.startswith(inside) and "__pycache__" not in place:
                seen.append(f"{event}: {arguments[:2]!r}"[:200])

    sys.addaudithook(hook)
    return seen


def _is_by_folder(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether a name is meant in an open folder, as when a tree of our own is deleted."""
    is_of_os = event.startswith("os.") and event != "os.symlink"
    return is_of_os and isinstance(arguments[-1], int) and arguments[-1] >= 0


def _place(event: str, arguments: tuple[Any, ...]) -> str:
    """Where an event changes something; of a link where it is, not where it leads."""
    at = arguments[1:] if event in ("os.symlink", "os.link") else arguments
    if not _is_path(at):
        return ""
    path = os.fsdecode(at[0])
    return os.path.realpath(path if at is arguments else Path(path).parent)


def _is_path(arguments: tuple[Any, ...]) -> bool:
    return bool(arguments) and isinstance(arguments[0], str | bytes | os.PathLike)


def signature_of(error: BaseException) -> str:
    """Name a find by its type and the innermost lines of Longbox's or the target's code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "longbox" in f.filename or "fuzz_targets" in f.filename]
    inner = frames[-1]
    places = [f"{Path(f.filename).name}:{f.name}" for f in [*ours[-2:], inner]]
    return " ".join([type(error).__name__, *dict.fromkeys(places)])


def trial(name: str, folder: Path) -> Callable[[bytes], None]:
    """Prepare a target; what it returns raises whatever an input leads to."""
    from fuzz_targets import target_of

    target = target_of(name)
    home = Path(tempfile.mkdtemp(dir=folder)).resolve()
    tempfile.tempdir = str(home)
    one = target.prepare(home)
    seen = watch(home)

    def tried(data: bytes) -> None:
        one(data)
        if seen:
            said = seen[0]
            seen.clear()
            raise EscapedError(said)

    return tried


def fuzz(name: str, folder: Path, flags: list[str]) -> None:
    """Let atheris look for inputs that break a target's promise."""
    import atheris

    from fuzz_targets import target_of

    with atheris.instrument_imports(include=["longbox", "json_repair", "rarfile", "py7zr"]):
        target = target_of(name)
    finds = folder / "finds"
    finds.mkdir(exist_ok=True)
    tried = trial(name, folder)
    known: set[str] = {path.stem for path in finds.iterdir()}
    limit = target.memory_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def one(data: bytes) -> None:
        try:
            tried(data)
        except Exception as error:  # noqa: BLE001 - every exception that comes here is a find
            note(finds, known, error, data)

    atheris.Setup([sys.argv[0], *flags], one)
    atheris.Fuzz()


def note(finds: Path, known: set[str], error: BaseException, data: bytes) -> None:
    """Keep the first input of a find, with its traceback."""
    signature = signature_of(error)
    key = hashlib.sha256(signature.encode()).hexdigest()[:12]
    if key in known:
        return
    known.add(key)
    (finds / f"{key}.bin").write_bytes(data)
    about = {
        "signature": signature,
        "message": str(error)[:500],
        "traceback": "".join(traceback.format_exception(error))[-6000:],
    }
    (finds / f"{key}.json").write_text(json.dumps(about, indent=1))


def judge(name: str, folder: Path, path: Path) -> None:
    """Print the signature of what one input leads to, or nothing."""
    _limit(name)
    try:
        trial(name, folder)(path.read_bytes())
    except Exception as error:  # noqa: BLE001 - as above
        print(json.dumps({"signature": signature_of(error), "message": str(error)[:500]}))


def shrink(name: str, folder: Path, path: Path, seconds: float) -> None:
    """Cut pieces out of an input for as long as it leads to the same find; write it back."""
    _limit(name)
    tried, until = trial(name, folder), time.monotonic() + seconds

    def signature(data: bytes) -> str:
        try:
            tried(data)
        except Exception as error:  # noqa: BLE001 - as above
            return signature_of(error)
        return ""

    data = path.read_bytes()
    wanted = signature(data)
    if not wanted:
        return
    piece = max(1, len(data) // 2)
    n_tries = 0
    while piece and time.monotonic() < until and n_tries < _SHRINK_TRIES:
        at = 0
        while at < len(data) and time.monotonic() < until:
            n_tries += 1
            shorter = data[:at] + data[at + piece :]
            if signature(shorter) == wanted:
                data = shorter
            else:
                at += piece
        piece //= 2
    path.write_bytes(data)


def _limit(name: str) -> None:
    from fuzz_targets import target_of

    limit = target_of(name).memory_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> None:
    """Do what the parent asks."""
    what, name, folder, *rest = sys.argv[1:]
    if what == "fuzz":
        fuzz(name, Path(folder), rest)
    elif what == "judge":
        judge(name, Path(folder), Path(rest[0]))
    else:
        shrink(name, Path(folder), Path(rest[0]), float(rest[1]))


if __name__ == "__main__":
    main()
