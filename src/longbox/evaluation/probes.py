"""Probes: questions to a model or a task that only a fault answers.

The leak probe replaces everything that is known of every panel by noise and asks the same samples
again: whoever still beats chance reads the answer off how the samples were made. Masks and pages
stay, because they are how samples are made; vectors are drawn at random, and words and kinds of
text are shuffled among panels that have some, because they are content.

The dead-input probe exchanges one modality between panels and looks whether the vector notices,
both among the others and alone. It is what the first system failed: its image query gave one
constant vector.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.evaluation.closure import by_group, correctness
from longbox.evaluation.closure_order import score_orders
from longbox.evaluation.verdicts import Level, Verdict, judge
from longbox.features import MODALITIES, BookFeatures, Utterances, no_vectors
from longbox.tasks import Choice, Corpus, Sample, Scorer, Shuffled
from longbox.vectors import PanelVectors, Space, unit

Embed = Callable[[BookFeatures], NDArray[Any]]

# How often a faultless set of tasks may fail the leak probe, all its groups together.
_FALSE_ALARMS: Final = 0.01
_MOST_EXACT: Final = 4000
# Of a vector's length: below this, the panel was given what it had before.
_CHANGED: Final = 0.05


@dataclass(frozen=True, slots=True)
class LeakResult:
    """What a scorer got on random vectors in one group of samples.

    Attributes:
        group: Task, difficulty and view, as people read them.
        n: Samples.
        accuracy: Mean over the draws; for reading order, of pairs.
        chance: Mean over the samples' own chances.
        low, high: What a guess gets with the probability that the probe allows for.
    """

    group: str
    n: int
    accuracy: float
    chance: float
    low: float
    high: float

    @property
    def is_chance(self) -> bool:
        """Whether the accuracy is what a guess gets."""
        return self.low - 1e-9 <= self.accuracy <= self.high + 1e-9


@dataclass(frozen=True, slots=True)
class DeadInput:
    """How much a vector changes when one modality is exchanged between panels.

    Attributes:
        n: Panels whose modality really changed.
        change_among_others: Mean 1 - cosine of panels that have other modalities too; None where
            no panel has.
        n_among_others: Those panels.
        change_alone: The same when the panels have only this modality; None where nothing changed.
    """

    modality: Space
    n: int
    change_among_others: float | None
    n_among_others: int
    change_alone: float | None


def leak_probe(
    scorer: Scorer | Callable[[Corpus], Scorer],
    samples: Sequence[Sample],
    corpus: Corpus,
    *,
    seed: int = 0,
    n_draws: int = 3,
) -> tuple[LeakResult, ...]:
    """Ask all samples with noise in place of the panels.

    Accuracy is the mean over several draws of noise, which share the samples; the interval is that
    of one draw (exact for choices up to 4,000 samples, normal above and for reading order), with
    false alarms of 1 % over all groups together. So the probe is on the careful side.

    Args:
        scorer: Answers samples; or a function that makes one from the noise, for scorers that
            prepare themselves on their corpus.
        samples: Of all tasks.
        corpus: What the samples name.
        seed: Of the noise.
        n_draws: How often noise is drawn.

    Raises:
        ModelError: The scorer's answers do not fit the samples.
        ValueError: `n_draws` is below 1, or a sample of reading order asks nothing.
    """
    if n_draws < 1:
        raise ValueError(f"{n_draws} draws: draw noise at least once")
    choices = [s for s in samples if isinstance(s, Choice)]
    orders = [s for s in samples if isinstance(s, Shuffled)]
    right = np.zeros(len(choices))
    pairs = np.zeros(len(orders))
    for noise_seed in np.random.SeedSequence(seed).spawn(n_draws):
        noise = random_corpus(corpus, np.random.default_rng(noise_seed))
        asked = _made(scorer, noise)
        if choices:
            right += correctness(asked.name, choices, asked.choose(noise, choices)) / n_draws
        if orders:
            pairs += score_orders(asked, noise, orders).pairwise / n_draws
    groups = list(by_group(choices))
    alarm = _FALSE_ALARMS / max(1, len(groups) + bool(orders))
    results = []
    for group, at in groups:
        chances = np.array([choices[i].chance for i in at])
        low, high = chance_interval(chances, alarm)
        name = f"{group.task}, {group.difficulty} ({group.view})"
        accuracy = float(right[at].mean())
        results.append(LeakResult(name, len(at), accuracy, float(chances.mean()), low, high))
    if orders:
        half = _z(alarm) * _order_spread(orders)
        low, high = max(0.0, 0.5 - half), min(1.0, 0.5 + half)
        accuracy = float(pairs.mean())
        results.append(LeakResult("reading_order", len(orders), accuracy, 0.5, low, high))
    return tuple(results)


def random_corpus(corpus: Corpus, rng: np.random.Generator) -> tuple[BookFeatures, ...]:
    """Replace what is known of every panel by noise; masks and pages stay."""
    return tuple(_random_book(book, rng) for book in corpus)


def chance_interval(chances: NDArray[np.float64], alarm: float = 0.01) -> tuple[float, float]:
    """Return the accuracies between which guessing falls, but for a share `alarm` of cases.

    Args:
        chances: Of every sample, (S,), S at least 1.
        alarm: Probability of falling outside, both sides together.

    Returns:
        Shares of the samples. Exact (the Poisson binomial distribution) up to 4,000 samples.
    """
    n = len(chances)
    if n > _MOST_EXACT:
        middle = float(chances.mean())
        half = _z(alarm) * math.sqrt(float((chances * (1 - chances)).sum())) / n
        return max(0.0, middle - half), min(1.0, middle + half)
    counts = np.ones(1)
    for chance in chances:
        counts = np.append(counts * (1 - chance), 0.0) + np.append(0.0, counts * chance)
    below = np.cumsum(counts)  # below[k] = P(right <= k)
    low = int(np.searchsorted(below, alarm / 2, side="right"))
    high = int(np.searchsorted(below, 1 - alarm / 2, side="left"))
    return low / n, min(high, n) / n


def leak_verdicts(results: Iterable[LeakResult]) -> tuple[Verdict, ...]:
    """Put the leak probe into words, one verdict a group."""
    verdicts = []
    for r in results:
        figures = (
            f"{r.accuracy:.3f} on noise; a guess gets {r.low:.3f} to {r.high:.3f}, n = {r.n:,}"
        )
        if r.is_chance:
            level, sentence = Level.OK, f"noise scores chance ({figures})"
        else:
            level = Level.BAD
            sentence = (
                f"the samples give their answers away: {figures}; look at where wrong candidates "
                "come from, at masks, and at the order of candidates"
            )
        verdicts.append(Verdict(f"leak probe: {r.group}", level, sentence))
    return tuple(verdicts)


def dead_inputs(embed: Embed, features: BookFeatures, seed: int = 0) -> tuple[DeadInput, ...]:
    """Exchange each modality between panels, and look whether the vectors notice.

    Args:
        embed: Makes a vector of every panel, (N, D); zeros where nothing is known of it.
        features: One book.
        seed: Of the exchange.

    Returns:
        One a modality that two or more panels have; what is not there cannot be probed.

    Raises:
        ModelError: The vectors do not fit the panels, or are not finite.
    """
    rng = np.random.default_rng(seed)
    whole = _embedded(embed, features)
    found = []
    for modality in MODALITIES:
        mask = features.of(modality).mask
        if mask.sum() < 2:
            continue
        rows = exchanged(features.of(modality), rng)
        is_new = mask & _differ(features.of(modality).vectors, rows.vectors)
        others = [features.of(s).mask for s in MODALITIES if s is not modality]
        among = is_new & np.any(others, axis=0)
        changed = _embedded(embed, features.having(rows))
        alone = only(features, (modality,))
        before = _embedded(embed, alone)
        after = _embedded(embed, alone.having(rows))
        found.append(
            DeadInput(
                modality,
                int(is_new.sum()),
                _change(whole, changed, among),
                int(among.sum()),
                _change(before, after, is_new),
            )
        )
    return tuple(found)


def dead_input_verdicts(results: Iterable[DeadInput], about: str = "") -> tuple[Verdict, ...]:
    """Put the dead-input probe into words: two verdicts a modality."""
    verdicts = []
    for r in results:
        name = f"{about} {r.modality}".strip()
        verdicts.append(judge("change_alone", r.change_alone, r.n, name))
        change = r.change_among_others
        verdicts.append(judge("change_among_others", change, r.n_among_others, name))
    return tuple(verdicts)


def only(features: BookFeatures, modalities: Iterable[Space]) -> BookFeatures:
    """Return a book of which only these modalities are known; the others are masked."""
    kept = frozenset(modalities)
    book = features
    for space in MODALITIES:
        if space not in kept:
            hidden = no_vectors(space, book.n_panels, book.of(space).dimension)
            hidden = replace(hidden, fingerprint=book.of(space).fingerprint)
            book = book.having(hidden)
    if Space.TEXT not in kept:
        book = replace(book, kinds=np.zeros_like(book.kinds), utterances=None, wordings=())
    return book


def pair_vectors(
    embed: Embed, books: Sequence[BookFeatures]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Make each panel's vector twice in the joint space: from its picture, and from its text.

    Args:
        embed: Makes a vector of every panel of a book, (N, D).
        books: One or more.

    Returns:
        Pictures (N, D), texts (N, D), and which panels have both (N,): what `pair_health` and
        `joint_plot` take. Books follow one another.

    Raises:
        ModelError: There is no book, or the vectors do not fit the panels.
    """
    if not books:
        raise ModelError("no book was given to make picture and text vectors of")
    pictures = [_embedded(embed, only(book, (Space.VISION,))) for book in books]
    texts = [_embedded(embed, only(book, (Space.TEXT,))) for book in books]
    masks = [book.vision.mask & book.text.mask for book in books]
    return np.concatenate(pictures), np.concatenate(texts), np.concatenate(masks)


def exchanged(vectors: PanelVectors, rng: np.random.Generator) -> PanelVectors:
    """Give every panel that has this modality that of another: one round through all of them."""
    rows = rng.permutation(np.flatnonzero(vectors.mask))
    changed = vectors.vectors.copy()
    changed[rows] = vectors.vectors[np.roll(rows, 1)]
    return replace(vectors, vectors=changed)


def _made(scorer: Scorer | Callable[[Corpus], Scorer], corpus: Corpus) -> Scorer:
    """Return the scorer itself, or have it made. A scorer may be callable too, as networks are."""
    if hasattr(scorer, "choose"):
        return cast(Scorer, scorer)
    return scorer(corpus)


def _random_book(book: BookFeatures, rng: np.random.Generator) -> BookFeatures:
    for space in MODALITIES:
        known = book.of(space)
        noise = _noise(known.vectors.shape, known.mask, rng)
        book = book.having(replace(known, vectors=noise))
    lettered = np.flatnonzero(book.kinds.any(axis=1))
    kinds = book.kinds.copy()
    kinds[lettered] = kinds[rng.permutation(lettered)]
    wordings = list(book.wordings)
    worded = [i for i, text in enumerate(wordings) if text]
    for i, j in zip(worded, rng.permutation(worded).tolist(), strict=True):
        wordings[i] = book.wordings[j]
    utterances = book.utterances and _random_utterances(book.utterances, rng)
    return replace(book, kinds=kinds, wordings=tuple(wordings), utterances=utterances)


def _random_utterances(known: Utterances, rng: np.random.Generator) -> Utterances:
    noise = _noise(known.vectors.shape, known.mask, rng)
    return replace(known, vectors=noise, kinds=rng.permutation(known.kinds))


def _noise(
    shape: tuple[int, ...], mask: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float32]:
    rows = unit(rng.standard_normal(shape, dtype=np.float32))
    rows[~mask] = 0.0
    return rows


def _embedded(embed: Embed, features: BookFeatures) -> NDArray[np.float64]:
    vectors = np.asarray(embed(features), np.float64)
    if vectors.ndim != 2 or len(vectors) != features.n_panels:
        raise ModelError(
            f"{features.book_id}: the model gave vectors {vectors.shape} for "
            f"{features.n_panels} panels"
        )
    if not np.isfinite(vectors).all():
        raise ModelError(f"{features.book_id}: a vector of the model is not finite")
    return vectors


def _cosines(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Return the cosine of every row with its like, (N,); 1 where a row is zeros in both."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    scale = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    products: NDArray[np.float64] = np.einsum("nd,nd->n", a, b)
    return np.where(scale > 0, products / np.where(scale > 0, scale, 1.0), 1.0)


def _differ(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    distance = np.linalg.norm(a - b, axis=1)
    differ: NDArray[np.bool_] = distance > _CHANGED * np.linalg.norm(a, axis=1)
    return differ


def _change(
    before: NDArray[np.float64], after: NDArray[np.float64], rows: NDArray[np.bool_]
) -> float | None:
    if not rows.any():
        return None
    return float(np.mean(1 - _cosines(before[rows], after[rows])))


def _order_spread(samples: Sequence[Shuffled]) -> float:
    """Return the standard deviation of the mean pairwise accuracy of random orders.

    Of n panels, the share of pairs in the right order has a quarter of the variance of Kendall's
    tau, 2 (2 n + 5) / (9 n (n - 1)) (Kendall 1938).
    """
    n = np.array([len(s.panels) for s in samples], np.float64)
    variances = (2 * n + 5) / (18 * n * (n - 1))
    return float(np.sqrt(variances.sum()) / len(samples))


def _z(alarm: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(1 - alarm / 2)
