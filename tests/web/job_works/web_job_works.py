"""Work for the processes of jobs under test; they find it through PYTHONPATH."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from longbox.errors import ModelError
from longbox.web.jobs import JobRun, Outcome


def count(run: JobRun) -> Outcome:
    n = int(run.arguments["n"])
    for done in range(n):
        run.tell(done / n, f"{done} of {n}")
        time.sleep(0.25)
    run.problem("one \x1b[31mthing\n went wrong")
    return Outcome(f"counted to {n}", {"n": n})


def refuse(run: JobRun) -> Outcome:
    raise ModelError(f"there is no model\nto do it with{run.arguments['note']}")


def break_down(run: JobRun) -> Outcome:
    return Outcome(str(1 / int(run.arguments["n"])))


def die(run: JobRun) -> Outcome:
    run.tell(0.5, "about to go")
    os.kill(os.getpid(), signal.SIGKILL)
    return Outcome("never")


def sleep_with_child(run: JobRun) -> Outcome:
    """Start a process, write both ids down, and sleep; refuse to stop if so told."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    Path(run.arguments["note"]).write_text(f"{os.getpid()} {child.pid}")
    run.tell(0.1, "asleep")
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            if not run.arguments["n"]:
                raise


def garble(run: JobRun) -> Outcome:
    for file in range(3, 20):  # whatever number the way to the server has
        try:
            os.write(file, b"this is no message\n")
        except OSError:
            continue
    return Outcome(f"unheard {run.arguments}")
