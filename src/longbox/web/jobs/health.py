"""The job that judges the vectors of a library and its model, for the health page.

It is what `longbox doctor --model` measures. It takes from seconds to minutes, so no request waits
for it; the server keeps the last answer with the time it was made.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from longbox.errors import ModelError
from longbox.evaluation import (
    ModelHealth,
    Verdict,
    gather_spaces,
    headline,
    measure_spaces,
    worst,
)
from longbox.library import Library
from longbox.web.jobs.child import JobRun, Outcome
from longbox.web.jobs.vector_health import HealthFinding, VectorHealth

if TYPE_CHECKING:
    from longbox.learning.model_probes import ModelProbes


def measure_health(run: JobRun) -> Outcome:
    """Measure every space, probe the model, and put it into words."""
    with Library.open(run.library_root, read_only=True) as library:
        generation = library.generation()
        run.tell(0.0, "reading vectors")
        found = gather_spaces(library)
        run.tell(0.3, "measuring spaces")
        health = ModelHealth(measure_spaces(found), found.absent, notes=found.notes)
        run.tell(0.6, "probing the model")
        probes = _probes(library)
    health = replace(
        health,
        pair=probes.pair,
        leaks=probes.leaks,
        dead=probes.dead,
        notes=(*health.notes, *probes.notes),
    )
    verdicts = health.verdicts
    answer = VectorHealth(
        headline(verdicts),
        worst(verdicts).value,
        tuple(_finding(verdict) for verdict in verdicts),
        tuple(f"{absent.space.value}: {absent.reason}" for absent in health.absent),
        health.notes,
        generation,
    )
    return Outcome(answer.headline, asdict(answer))


def _probes(library: Library) -> ModelProbes:
    from longbox.learning.model_probes import ModelProbes, probe_model  # the networks come with it
    from longbox.pipeline import library_model

    try:
        return probe_model(library, library_model(library.root))
    except ModelError as error:
        return ModelProbes(None, None, (), (), (f"the model was not probed: {error}",))


def _finding(verdict: Verdict) -> HealthFinding:
    return HealthFinding(verdict.name, verdict.level.value, verdict.sentence)
