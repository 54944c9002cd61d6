"""Fits the projection of a tuned picture encoder and writes what is shipped.

    python -m training.picture_fit CHECKPOINT [--shares S ...] [--leave-out SERIES] [--write]

With --leave-out it answers the questions of benchmarks/pictures.py for the panels of a series that
training left out, which is how everything here was chosen; validation works are not asked about.
With --write it writes what is shipped and prints what efficientnet_comics.py pins. With
--keep-projection the projection stays that of the untuned encoder, in whose space training ran.

Two choices:
- The tuned weights are mixed with ImageNet's (WiSE-FT, Wortsman et al. 2022, eq. 1): a share of 1
  is the tuned network. The mean of the two often serves unseen drawings better than either.
- The projection is discriminant whitening as in training/picture_projection.py, but what counts as
  the same panel is wider: changed views (picture_views.py) beside harsh crops, and neighbours with
  a little weight.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from benchmarks.crops import REPOSITORY, harsh_crop
from benchmarks.pictures import all_queries, edition_panels, ranks_by_kind, report_rows
from benchmarks.report import table
from numpy.typing import NDArray

from longbox.encoders.efficientnet import SIDE, prepare_picture, read_lite0_weights, read_projection
from longbox.encoders.efficientnet_comics import TUNED
from longbox.encoders.efficientnet_graph import efficientnet_graph
from longbox.encoders.graph_cache import GraphSession
from longbox.encoders.graph_writer import Weights
from longbox.vectors import unit
from training.picture_encoder import progress, tuned_weights
from training.picture_panels import LearningPanel, learning_panels
from training.picture_projection import Features, fit, photograph, torch_answer
from training.picture_views import ViewMaker

MAX_PANELS_A_SERIES = 150
N_CROPS = 3
N_CHANGED = 3
Encode = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]


def mixed(tuned: Weights, share: float) -> dict[str, NDArray[np.float32]]:
    """Mix tuned weights with ImageNet's and round to half precision; share 0 is ImageNet's."""
    before = read_lite0_weights()
    return {
        name: ((1 - share) * before[name] + share * value).astype(np.float16).astype(np.float32)
        for name, value in tuned.items()
    }


def feature_reader(weights: Weights) -> Encode:
    """Return a function from pictures to pooled features, float32 (N, 2048)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.onnx"
        path.write_bytes(efficientnet_graph(weights, None).SerializeToString())
        session = GraphSession(path, 1)

    def read(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        rows = [session.run({"pixels": prepare_picture(p)[None]})[0] for p in pictures]
        return np.array(rows, np.float32)

    return read


def fit_projection(
    read: Encode, panels: list[LearningPanel], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Fit mean and matrix: what changes a panel is shrunk, what tells panels apart is kept.

    Args:
        read: Pooled features of pictures.
        panels: What to fit on; every series counts the same.
        seed: Chooses panels and views.

    Returns:
        mean float32 (F,) and matrix float16 (F, 256).
    """
    rng = np.random.default_rng([seed, 2])
    groups: dict[str, list[int]] = {}
    for index, panel in enumerate(panels):
        groups.setdefault(panel.series, []).append(index)
    chosen: list[int] = []
    weights: list[float] = []
    for group in groups.values():
        n = min(len(group), MAX_PANELS_A_SERIES)
        chosen += rng.choice(group, n, replace=False).tolist()
        weights += [1 / n / len(groups)] * n
    makers = ViewMaker(rng)
    pictures = [panels[i].editions[0] for i in chosen]
    views: list[Features] = []
    for number in range(N_CROPS):
        crops = [harsh_crop(p, rng) for p in pictures]
        if number % 2 == 0:
            crops = [photograph(c, rng) for c in crops]
        views.append(read(crops).astype(np.float64))
    for _ in range(N_CHANGED):
        editions = [panels[i].editions for i in chosen]
        changed = [makers.changed(e[int(rng.integers(len(e)))], SIDE) for e in editions]
        views.append(read(changed).astype(np.float64))
    return fit(read(pictures).astype(np.float64), views, np.array(weights))


def encoder(read: Encode, mean: NDArray[np.float32], matrix: NDArray[np.float16]) -> Encode:
    """Return a function from pictures to unit vectors."""
    wide = matrix.astype(np.float32)
    return lambda pictures: unit((read(pictures) - mean) @ wide)


def held_out_answers(comics: Path, series: str, encode: Encode) -> str:
    """Answer the benchmark's questions for a series that was left out, among other train panels.

    Args:
        comics: The folder of real comics.
        series: The series.
        encode: From pictures to unit vectors.

    Returns:
        A table.
    """
    panels, n_others = [], 0
    for panel in edition_panels(comics, "train"):
        n_others += panel.series != series
        if panel.series == series or n_others <= 300:
            panels.append(panel)
    asked = [i for i, panel in enumerate(panels) if panel.series == series]
    queries = all_queries(panels, asked, 0)
    ranks = ranks_by_kind(panels, [p.pixels for p in panels], queries, encode)
    rows = report_rows("", panels, ranks, "train", 0)
    return table([row for row in rows if row["series"] == series])


def write(
    tuned: Weights, mean: NDArray[np.float32], matrix: NDArray[np.float16], about: dict[str, object]
) -> None:
    """Write weights and config, print the constants to pin.

    Args:
        tuned: Tensors to ship, as they are used.
        mean: Of the projection.
        matrix: Of the projection.
        about: What the config says beside the method.
    """
    from safetensors.numpy import save_file

    half = {name: value.astype(np.float16) for name, value in tuned.items()}
    save_file({**half, "mean": mean, "matrix": matrix}, TUNED)
    config = {
        "format": 1,
        "method": "InfoNCE between panels and changed views, neighbours as soft positives",
        "dimension": int(matrix.shape[1]),
        **about,
        "credits": "CC BY 4.0: David Revoy (Pepper&Carrot); CC BY-SA: Nina Paley, Camille Bissuel, "
        "why the lucky stiff. The weights hold no picture.",
    }
    TUNED.with_suffix(".json").write_text(json.dumps(config, indent=2) + "\n")
    digest = hashlib.sha256(TUNED.read_bytes()).hexdigest()
    print(f"{TUNED.stat().st_size} bytes")
    print(f'TUNED_SHA256 = "{digest}"')
    answer = torch_answer({**read_lite0_weights(), **tuned}, mean, matrix)
    print(f"_PROBE_ANSWER = {tuple(answer)}")


def main() -> None:
    """Fit; answer for a left-out series, or write what is shipped."""
    parser = argparse.ArgumentParser(description="Fit the projection of a tuned encoder.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--comics", type=Path, default=REPOSITORY.parent / "shared" / "comics")
    parser.add_argument("--shares", type=float, nargs="+", default=[1.0])
    parser.add_argument("--leave-out", default="")
    parser.add_argument("--keep-projection", action="store_true", help="do not fit it anew")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    panels = []
    if not options.keep_projection:
        panels = learning_panels(options.comics, options.seed, leave_out=options.leave_out)
    trained = tuned_weights(options.checkpoint)
    for share in options.shares:
        tuned = mixed(trained, share)
        read = feature_reader({**read_lite0_weights(), **tuned})
        if options.keep_projection:
            before = read_projection()
            mean, matrix = before.mean, before.matrix.astype(np.float16)
        else:
            mean, matrix = fit_projection(read, panels, options.seed)
        if options.write:
            is_kept = options.keep_projection
            about = {"share": share, "projection": "as before" if is_kept else "fitted anew"}
            write(tuned, mean, matrix, {**about, **progress(options.checkpoint)})
        if options.leave_out:
            encode = encoder(read, mean, matrix)
            answers = held_out_answers(options.comics, options.leave_out, encode)
            print(f"share {share}\n{answers}", flush=True)


if __name__ == "__main__":
    main()
