"""Trains the page type model: a small transformer over the pages of one book, two tokens a page.

    python -m training.page_types --cache DIR [--comics DIR] [--seed N] [--steps N]
    python -m training.page_types --cache DIR --ablate          # what each input is worth
    python -m training.page_types --cache DIR --library DIR     # and what people said of a library

The first run computes the features of all sources into the cache (some minutes of one core) and
may be stopped and started again; training takes about half a minute, twice: once without the
tuning pages (page_type_data.tuning_split), to fit the temperature and to score, once with them.

Choices: the two tokens of a page follow CoSMo (Serra Ortega et al., arXiv 2507.10053); beside its
vector each token has the numbers of longbox.page_types.features. Attention gets no positions but a
learned bias by the distance between pages, clipped at 12, so that any length of book works; the
place from both ends is an input. Vectors are dropped for whole books, single pages lose them too,
books are cut and mixed, because real books miss modalities and begin in the middle. The graph's
scores are divided by a temperature fitted on a style and templates that were left out. Weights are
averaged over the steps (EMA .98). Torch is needed here only: the graph runs in ONNX Runtime.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from longbox.encoders import picture_encoder, sentence_encoder
from longbox.page_types import (
    LOOK_FEATURES,
    SEEN_FEATURES,
    WRITTEN_FEATURES,
    book_features,
)
from training.page_type_binder import WHOLE_BOOK, Binder
from training.page_type_data import (
    CLASSES,
    Source,
    describe,
    drawn_source,
    real_sources,
    tuning_split,
)
from training.page_type_library import library_sources
from training.page_type_net import PageNet

REPOSITORY = Path(__file__).resolve().parent.parent
MODEL = REPOSITORY / "src" / "longbox" / "page_types"
N_DRAWN = 39
N_INSERTS = 40
STEPS = 450
FIRST_SEED = 7000
REAL = ("peppercarrot", "mimi_eunice", "poignant_guide", "climate_frogs")


@dataclass(frozen=True, slots=True)
class Drops:
    """Inputs that an ablation takes away."""

    picture: bool = False
    sentence: bool = False
    look: bool = False
    neighbours: bool = False


Batch = tuple[list[torch.Tensor], torch.Tensor]


def batch(binder: Binder, n: int, noise: np.random.Generator, drops: Drops) -> Batch:
    """Bind n books; returns the net's inputs and the true classes, -1 where there is no page."""
    books = [binder.book() for _ in range(n)]
    longest = max(len(b) for b in books)
    sizes = None
    arrays: list[NDArray[np.float32]] = []
    truth = np.full((n, longest), -1, np.int64)
    is_page = np.zeros((n, longest), np.float32)
    for i, pages in enumerate(books):
        f = book_features(binder.rows(pages, noise))
        parts = (f.picture, f.seen, f.sentence, f.written)
        if sizes is None:
            sizes = [p.shape[1] for p in parts]
            arrays = [np.zeros((n, longest, s), np.float32) for s in sizes]
        for array, part in zip(arrays, parts, strict=True):
            array[i, : len(pages)] = part
        truth[i, : len(pages)] = binder.types(pages)
        is_page[i, : len(pages)] = 1
    _ablate(arrays, drops)
    return [torch.from_numpy(a) for a in (*arrays, is_page)], torch.from_numpy(truth)


def _ablate(arrays: list[NDArray[np.float32]], drops: Drops) -> None:
    if drops.picture:
        arrays[0][:] = 0
        arrays[1][..., [1, *_named(SEEN_FEATURES, "picture")]] = 0
    if drops.sentence:
        arrays[2][:] = 0
        arrays[3][..., [0, *_named(WRITTEN_FEATURES, "sentence")]] = 0
    if drops.look:
        arrays[1][..., [0, *_named(SEEN_FEATURES, *LOOK_FEATURES)]] = 0
    if drops.neighbours:
        arrays[1][..., _named(SEEN_FEATURES, "usual_", "likeness", "nearest")] = 0
        arrays[3][..., _named(WRITTEN_FEATURES, "usual_", "likeness")] = 0


def _named(names: Sequence[str], *parts: str) -> list[int]:
    return [i for i, name in enumerate(names) if any(p in name for p in parts)]


def train(binder: Binder, steps: int, seed: int, drops: Drops) -> PageNet:
    """Train a net and return its averaged weights, in evaluation mode."""
    torch.manual_seed(seed)
    noise = np.random.default_rng(seed)
    first, truth = batch(binder, 60, noise, drops)
    net = PageNet((first[0].shape[-1], first[2].shape[-1]))
    real = first[4] > 0
    for name, rows in (("seen", first[1][real]), ("written", first[3][real])):
        getattr(net, f"{name}_mean").copy_(rows.mean(0))
        getattr(net, f"{name}_scale").copy_(1 / rows.std(0).clamp(min=0.05))
    counts = torch.bincount(truth[truth >= 0], minlength=len(CLASSES)).float()
    weight = (counts.mean() / counts.clamp(min=1)).sqrt().clamp(max=4)
    loss_of = nn.CrossEntropyLoss(weight, ignore_index=-1, label_smoothing=0.05)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    mean = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98)
    )
    started = time.monotonic()
    for step in range(steps):
        inputs, truth = batch(binder, 16, noise, drops)
        optimizer.zero_grad()
        if drops.neighbours:  # every page is a book of its own to attention
            inputs, truth = _alone(inputs, truth)
        loss = loss_of(net(*inputs).transpose(1, 2), truth)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        plan.step()
        mean.update_parameters(net)
        if step % 200 == 0:
            print(f"step {step} loss {loss.item():.3f} {time.monotonic() - started:.0f} s")
    module = mean.module
    assert isinstance(module, PageNet)
    return module.eval()


def _alone(inputs: list[torch.Tensor], truth: torch.Tensor) -> Batch:
    keep = inputs[4].reshape(-1) > 0
    return (
        [i.reshape(-1, 1, *i.shape[2:])[keep] for i in inputs],
        truth.reshape(-1, 1)[keep],
    )


def score(net: PageNet, dev: Binder, drops: Drops, seed: int = 99) -> dict[str, float]:
    """Accuracy, macro F1 and calibration on bound books of the dev sources."""
    inputs, truth = batch(dev, 150, np.random.default_rng(seed), drops)
    if drops.neighbours:
        inputs, truth = _alone(inputs, truth)
    with torch.no_grad():
        answer = net(*inputs)[truth >= 0].softmax(-1)
    true, found = truth[truth >= 0].numpy(), answer.argmax(-1).numpy()
    f1 = []
    for k in range(len(CLASSES)):
        both, either = ((true == k) & (found == k)).sum(), (true == k).sum() + (found == k).sum()
        f1 += [2 * both / either] if either else []
    sure = answer.max(-1).values.numpy()
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = [
        abs((true == found)[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    return {
        "accuracy": float((true == found).mean()),
        "macro_f1": float(np.mean(f1)),
        "calibration_error": float(sum(gaps)),
    }


@dataclass(frozen=True, slots=True)
class Tuned:
    """What the tuning pages say of a way of training."""

    temperature: float
    scores: dict[str, float]


def fit_temperature(net: PageNet, tuning: Binder) -> Tuned:
    """Choose the temperature with the least cross-entropy on pages unlike those trained with.

    Fitted on pages drawn as the training pages were, it would be far too sure of real ones.
    """
    inputs, truth = batch(tuning, 150, np.random.default_rng(98), Drops())
    with torch.no_grad():
        logits, true = net(*inputs)[truth >= 0], truth[truth >= 0]
    tries = [0.1 + 0.05 * i for i in range(80)]
    losses = [nn.functional.cross_entropy(logits / t, true).item() for t in tries]
    best = round(tries[int(np.argmin(losses))], 2)
    net.temperature.fill_(best)
    return Tuned(best, score(net, tuning, Drops()))


def export(net: PageNet, path: Path) -> None:
    """Write the net as an ONNX graph with a free number of pages."""
    sizes = (net.picture.in_features, len(SEEN_FEATURES), net.sentence.in_features)
    example = [torch.zeros(1, 5, s) for s in (*sizes, len(WRITTEN_FEATURES))]
    names = ["picture", "seen", "sentence", "written", "is_page"]
    free = {name: {0: "books", 1: "pages"} for name in (*names, "scores")}
    out = io.BytesIO()
    torch.onnx.export(
        net,
        (*example, torch.ones(1, 5)),
        out,
        input_names=names,
        output_names=["scores"],
        dynamic_axes=free,
        opset_version=17,
        dynamo=False,
    )
    path.write_bytes(out.getvalue())


def gather(asked: argparse.Namespace) -> bool:
    """Fill the cache with the features of all sources; False where time ran out before."""
    cache, comics, seed = asked.cache, asked.comics, asked.seed
    cache.mkdir(parents=True, exist_ok=True)
    encoders = picture_encoder(), sentence_encoder()
    until = time.monotonic() + asked.seconds
    if not (cache / "real.done").exists():
        for name, group, pages in real_sources(comics, seed):
            path = cache / f"real-{name}.npz"
            if path.exists():
                continue
            if time.monotonic() > until:
                return False
            describe(name, group, pages, encoders, seed).save(path)
        (cache / "real.done").touch()
    for i in range(asked.drawn):
        path = cache / f"drawn-{i:03d}.npz"
        if path.exists():
            continue
        if time.monotonic() > until:
            return False
        group, pages = drawn_source(FIRST_SEED + i, n_inserts=N_INSERTS)
        describe(f"drawn-{i:03d}", group, pages, encoders, seed).save(path)
    return True


def main() -> None:
    """Gather features, train, write the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--comics", type=Path, default=REPOSITORY.parent / "shared" / "comics")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--drawn", type=int, default=N_DRAWN, help="drawn books to learn from")
    parser.add_argument("--steps", type=int, default=STEPS, help="0 only fills the cache")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop gathering after this")
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--library", type=Path, help="a library whose known labels are learnt too")
    parser.add_argument("--out", type=Path, default=MODEL, help="folder the model is written to")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if not gather(asked):
        print("not all features are cached yet; run again")
        return
    if asked.steps < 2:
        return
    sources = [Source.load(path) for path in sorted(asked.cache.glob("*.npz"))]
    if asked.library:
        sources += library_sources(asked.library, sentence_encoder(), picture_encoder())
    known, tuning = tuning_split(sources)
    variants = {"all inputs": Drops()}
    if asked.ablate:
        variants |= {
            "no picture vectors": Drops(picture=True),
            "no sentence vectors": Drops(sentence=True),
            "no look numbers": Drops(look=True),
            "no vectors": Drops(picture=True, sentence=True),
            "each page alone": Drops(neighbours=True),
        }
    for name, drops in variants.items():
        net = train(Binder(known, random.Random(asked.seed)), asked.steps, asked.seed, drops)
        print(name, score(net, Binder(tuning, random.Random(1)), drops), flush=True)
        if drops == Drops() and not asked.ablate:
            scores = fit_temperature(net, Binder(tuning, random.Random(2)))
            net = train(Binder(sources, random.Random(asked.seed)), asked.steps, asked.seed, drops)
            write(net, scores, sources, asked)


def write(net: PageNet, tuned: Tuned, sources: Sequence[Source], asked: argparse.Namespace) -> None:
    """Write graph and description."""
    net.temperature.fill_(tuned.temperature)
    export(net, asked.out / "page_types.onnx")
    drawn = [s for s in sources if s.name.startswith("drawn-")]
    said = {
        "format": 1,
        "classes": [c.value for c in CLASSES],
        "picture_fingerprint": picture_encoder().fingerprint,
        "sentence_fingerprint": sentence_encoder().fingerprint,
        "picture_size": net.picture.in_features,
        "sentence_size": net.sentence.in_features,
        "seen_features": list(SEEN_FEATURES),
        "written_features": list(WRITTEN_FEATURES),
        "seed": asked.seed,
        "steps": asked.steps,
        "data": {
            "drawn_books": len(drawn),
            "real_train_works": sorted(s.name for s in sources if s.group in REAL),
            "library_books": sum(s.group.startswith(WHOLE_BOOK) for s in sources),
            "pages": int(sum((s.types >= 0).sum() for s in sources)),
        },
        "temperature": tuned.temperature,
        # Of a model trained the same way without the style and templates that it was scored on.
        "scores_without_them_on_tuning_style_and_templates": {
            k: round(v, 4) for k, v in tuned.scores.items()
        },
    }
    (asked.out / "page_types.json").write_text(json.dumps(said, indent=1) + "\n")
    print(tuned)


if __name__ == "__main__":
    main()
