"""Trains the page type model: a small transformer over the pages of one book, two tokens a page.

    python -m training.page_types --cache DIR [--comics DIR] [--seed N] [--steps N]
    python -m training.page_types --cache DIR --ablate          # what each input is worth

The first run computes the features of all sources into the cache (about two minutes of one core)
and may be stopped and started again; training takes about half a minute.

Choices: the two tokens of a page follow CoSMo (Serra Ortega et al., arXiv 2507.10053); beside its
vector each token has the numbers of longbox.page_types.features. Attention gets no positions but a
learned bias by the distance between pages, clipped at 12, so that any length of book works; the
place from both ends is an input. Vectors are dropped for whole books, single pages lose them too,
books are cut and mixed, because real books miss modalities and begin in the middle. The graph's
scores are divided by a temperature fitted on drawn books of other seeds. Weights are averaged over
the steps (EMA .995). Torch is needed here only: the graph runs in ONNX Runtime.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from longbox.book import PageType
from longbox.encoders import picture_encoder, sentence_encoder
from longbox.page_types import (
    LAYOUT_FEATURES,
    LOOK_FEATURES,
    SEEN_FEATURES,
    WRITTEN_FEATURES,
    PageRows,
    book_features,
)
from longbox.synthetic import Habit, plan_types
from longbox.vectors import unit
from training.page_type_data import (
    CLASSES,
    N_VARIANTS,
    Source,
    describe,
    drawn_source,
    real_sources,
)

REPOSITORY = Path(__file__).resolve().parent.parent
MODEL = REPOSITORY / "src" / "longbox" / "page_types"
N_DRAWN = 10
N_DEV = 2  # drawn sources kept apart to fit the temperature and to compare ablations
FIRST_SEED = 7000
WIDTH, HEADS, LAYERS, FAR = 64, 4, 2, 12
_SHARED = (PageType.ADVERTISEMENT, PageType.PREVIEW, PageType.NOT_COMIC, PageType.BLANK)
_TEXT_NUMBERS = [
    i
    for i, name in enumerate(LAYOUT_FEATURES)
    if name.startswith(("n_texts", "n_char", "texts_", "share_", "cue_", "text_", "longest_"))
    or name in ("largest_text_height", "letter_height", "digits", "capitals")
]
_SIZE = LAYOUT_FEATURES.index("log_size")


@dataclass(frozen=True, slots=True)
class Drops:
    """Inputs that an ablation takes away."""

    picture: bool = False
    sentence: bool = False
    look: bool = False
    neighbours: bool = False


class Binder:
    """Binds books out of the pages of sources."""

    def __init__(self, sources: Sequence[Source], rng: random.Random) -> None:
        self._sources = sources
        self._rng = rng
        self._pools = [
            {k: np.flatnonzero(s.types == k) for k in range(len(CLASSES))} for s in sources
        ]
        self._alike: dict[str, list[int]] = {}
        for i, source in enumerate(sources):
            self._alike.setdefault(source.group, []).append(i)

    def book(self) -> list[tuple[int, int]]:
        """Return the pages of a book as (source, row), in order."""
        rng = self._rng
        habit = rng.choices(list(Habit), (6, 5, 3, 2, 3, 1, 2))[0]
        main = rng.randrange(len(self._sources))
        alike = self._alike[self._sources[main].group]
        mixed = rng.random() < 0.3
        used: set[tuple[int, int]] = set()
        pages = []
        for page_type in plan_types(habit, rng):
            source = main
            if page_type in _SHARED and rng.random() < 0.5:
                source = rng.randrange(len(self._sources))
            elif mixed and rng.random() < 0.5:
                source = rng.choice(alike)
            found = (
                self._page(source, page_type, used)
                or self._page(rng.choice(alike), page_type, used)
                or self._page(rng.randrange(len(self._sources)), page_type, used)
            )
            if found:
                pages.append(found)
                used.add(found)
        return pages or self.book()

    def _page(
        self, source: int, page_type: PageType, used: set[tuple[int, int]]
    ) -> tuple[int, int] | None:
        pool = self._pools[source]
        rows = list(pool[CLASSES.index(page_type)])
        if page_type is PageType.STORY and self._rng.random() < 0.12:
            rows = list(pool[CLASSES.index(PageType.SPLASH)]) or rows
        free = [(source, int(r)) for r in rows if (source, int(r)) not in used]
        return self._rng.choice(free) if free else None

    def rows(self, pages: Sequence[tuple[int, int]], noise: np.random.Generator) -> PageRows:
        """Gather the features of a book's pages, with what a scan and a reader add."""
        n = len(pages)
        at = [(self._sources[s], r) for s, r in pages]
        look = np.array([s.look[r] for s, r in at])
        shift = noise.normal(0, 0.03, look.shape[1]) + noise.normal(0, 0.015, look.shape)
        which = noise.integers(0, N_VARIANTS, n)
        layout = np.array([s.layout[r, v] for (s, r), v in zip(at, which, strict=True)])
        layout[:, _SIZE] += noise.uniform(-0.05, 0.12)
        picture = np.array([s.picture[r] for s, r in at])
        picture = unit(picture + noise.normal(0, 0.02, picture.shape))
        sentence = np.array([s.sentence[r] for s, r in at])
        has_sentence = np.array([s.sentence_mask[r] for s, r in at])
        has_picture = noise.random(n) > (1.0 if noise.random() < 0.15 else 0.04)
        has_look = noise.random(n) > (1.0 if noise.random() < 0.08 else 0.02)
        has_sentence &= noise.random(n) > (1.0 if noise.random() < 0.25 else 0.08)
        if noise.random() < 0.12:  # nobody read this book
            layout[:, _TEXT_NUMBERS] = 0
            has_sentence[:] = False
        return PageRows(
            np.where(has_look[:, None], np.clip(look + shift, 0, 1), 0).astype(np.float32),
            has_look,
            layout.astype(np.float32),
            np.where(has_picture[:, None], picture, 0).astype(np.float32),
            has_picture,
            np.where(has_sentence[:, None], sentence, 0).astype(np.float32),
            has_sentence,
        )

    def types(self, pages: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """Return the true classes."""
        return np.array([self._sources[s].types[r] for s, r in pages])


class _Block(nn.Module):
    """A pre-norm transformer layer whose attention knows only how far apart two pages are."""

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Parameter(torch.zeros(2 * FAR + 1, 4 * HEADS))
        self.mix, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.drop = nn.Dropout(0.15)

    def forward(self, x: torch.Tensor, gap: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        n_batch, n_tokens = x.shape[0], x.shape[1]
        n_pages = gap.shape[0]
        q, k, v = self.mix(self.first(x)).chunk(3, dim=-1)  # (B, 2P, D)
        q, k, v = (
            t.reshape(n_batch, n_tokens, HEADS, WIDTH // HEADS).transpose(1, 2) for t in (q, k, v)
        )  # (B, heads, 2P, D / heads)
        bias = self.near[gap].reshape(n_pages, n_pages, 2, 2, HEADS)
        bias = bias.permute(4, 0, 2, 1, 3).reshape(HEADS, n_tokens, n_tokens)
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + bias + mask
        seen = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n_batch, n_tokens, WIDTH)
        x = x + self.drop(self.out(seen))
        return x + self.drop(self.down(nn.functional.gelu(self.up(self.second(x)))))


class PageNet(nn.Module):
    """Scores of every page's type from all pages of a book."""

    def __init__(self, sizes: tuple[int, int]) -> None:
        super().__init__()
        self.register_buffer("seen_mean", torch.zeros(len(SEEN_FEATURES)))
        self.register_buffer("seen_scale", torch.ones(len(SEEN_FEATURES)))
        self.register_buffer("written_mean", torch.zeros(len(WRITTEN_FEATURES)))
        self.register_buffer("written_scale", torch.ones(len(WRITTEN_FEATURES)))
        self.register_buffer("temperature", torch.ones(()))
        self.picture, self.sentence = nn.Linear(sizes[0], WIDTH), nn.Linear(sizes[1], WIDTH)
        self.seen = nn.Linear(len(SEEN_FEATURES), WIDTH)
        self.written = nn.Linear(len(WRITTEN_FEATURES), WIDTH)
        self.blocks = nn.ModuleList(_Block() for _ in range(LAYERS))
        self.norm, self.drop = nn.LayerNorm(2 * WIDTH), nn.Dropout(0.3)
        self.join, self.answer = nn.Linear(2 * WIDTH, WIDTH), nn.Linear(WIDTH, len(CLASSES))

    def forward(
        self,
        picture: torch.Tensor,
        seen: torch.Tensor,
        sentence: torch.Tensor,
        written: torch.Tensor,
        is_page: torch.Tensor,
    ) -> torch.Tensor:
        """Return scores (B, P, classes); is_page (B, P) is 0 where a shorter book has ended."""
        seen = ((seen - self.seen_mean) * self.seen_scale).clamp(-4, 4)
        written = ((written - self.written_mean) * self.written_scale).clamp(-4, 4)
        one = self.drop(self.picture(4 * picture)) + self.seen(seen)
        two = self.drop(self.sentence(4 * sentence)) + self.written(written)
        x = torch.stack((one, two), dim=2)  # (B, P, 2, D)
        n_batch, n_pages = x.shape[0], x.shape[1]
        x = x.reshape(n_batch, 2 * n_pages, WIDTH)
        at = torch.cumsum(torch.ones_like(is_page[0]), 0)
        gap = ((at[None, :] - at[:, None]).clamp(-FAR, FAR) + FAR).long()
        mask = (is_page - 1).repeat_interleave(2, dim=1)[:, None, None, :] * 1e4
        for block in self.blocks:
            x = block(x, gap, mask)
        x = self.norm(x.reshape(n_batch, n_pages, 2 * WIDTH))
        return self.answer(nn.functional.gelu(self.join(x))) / self.temperature


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
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995)
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
        both = ((true == k) & (found == k)).sum()
        f1.append(2 * both / max(1, (true == k).sum() + (found == k).sum()))
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


def fit_temperature(net: PageNet, dev: Binder) -> None:
    """Choose the temperature with the least cross-entropy on the dev sources."""
    inputs, truth = batch(dev, 150, np.random.default_rng(98), Drops())
    with torch.no_grad():
        logits, true = net(*inputs)[truth >= 0], truth[truth >= 0]
    tries = [0.5 + 0.05 * i for i in range(40)]
    losses = [nn.functional.cross_entropy(logits / t, true).item() for t in tries]
    net.temperature.fill_(tries[int(np.argmin(losses))])


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
        group, pages = drawn_source(FIRST_SEED + i)
        describe(f"drawn-{i:03d}", group, pages, encoders, seed).save(path)
    return True


def main() -> None:
    """Gather features, train, write the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--comics", type=Path, default=REPOSITORY.parent / "shared" / "comics")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--drawn", type=int, default=N_DRAWN, help="drawn books to learn from")
    parser.add_argument("--steps", type=int, default=600, help="0 only fills the cache")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop gathering after this")
    parser.add_argument("--ablate", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if not gather(asked):
        print("not all features are cached yet; run again")
        return
    if asked.steps < 2:
        return
    sources = [Source.load(path) for path in sorted(asked.cache.glob("*.npz"))]
    drawn = [s for s in sources if s.name.startswith("drawn-")]
    known = [s for s in sources if s.name not in {d.name for d in drawn[-N_DEV:]}]
    binder = Binder(known, random.Random(asked.seed))
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
        net = train(binder, asked.steps, asked.seed, drops)
        print(name, score(net, Binder(drawn[-N_DEV:], random.Random(1)), drops))
    if not asked.ablate:
        write(net, drawn[-N_DEV:], known, asked.seed, asked.steps)


def write(
    net: PageNet, dev: Sequence[Source], known: Sequence[Source], seed: int, steps: int
) -> None:
    """Fit the temperature and write graph and description."""
    fit_temperature(net, Binder(dev, random.Random(2)))
    scores = score(net, Binder(dev, random.Random(1)), Drops())
    export(net, MODEL / "page_types.onnx")
    said = {
        "format": 1,
        "classes": [c.value for c in CLASSES],
        "picture_fingerprint": picture_encoder().fingerprint,
        "sentence_fingerprint": sentence_encoder().fingerprint,
        "picture_size": net.picture.in_features,
        "sentence_size": net.sentence.in_features,
        "seen_features": list(SEEN_FEATURES),
        "written_features": list(WRITTEN_FEATURES),
        "seed": seed,
        "steps": steps,
        "data": {
            "drawn_books": sum(s.name.startswith("drawn-") for s in known),
            "real_train_works": sorted(s.name for s in known if not s.name.startswith("drawn-")),
            "pages": int(sum(len(s.types) for s in known)),
        },
        "temperature": round(float(net.temperature), 2),
        "scores_on_other_drawn_books": {k: round(v, 4) for k, v in scores.items()},
    }
    (MODEL / "page_types.json").write_text(json.dumps(said, indent=1) + "\n")
    print(scores)


if __name__ == "__main__":
    main()
