"""Is a space of vectors healthy: spread out, of high rank, and telling panels apart?

Pure measures of vectors, whatever made them, so that they judge every space of every library. The
choices a reader would question:

- Cosines within a page, between pages of a book and between books are exact means over all such
  pairs, from sums of unit vectors, not from samples: |sum|^2 = n + twice the sum over pairs.
- What needs every pair (uniformity, hubs, near twins) or a decomposition (RankMe) is measured on
  a seeded sample of rows; `n_sampled` says how many.
- A Euclidean space (composition: numbers, not a direction) is standardised column by column first,
  without columns that are constant. Only its rank is judged.
- A row that counts as present but is all zeros has no direction. It is counted (`zero_share`) and
  takes no part in the rest.
- Ranks of picture-text retrieval count ties by what a guess among them gets, so that constant
  vectors score exactly chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.evaluation.space_measures import (
    nearest,
    pair_means,
    rankme,
    recalls,
    sampled,
    uniformity,
)
from longbox.evaluation.verdicts import Level, Verdict, judge
from longbox.vectors import Metric, Space, metric_of, unit

MAX_COMPARED: Final = 4096
MAX_RANKED: Final = 10_000


@dataclass(frozen=True, slots=True)
class SpaceHealth:
    """What one space's vectors look like.

    Attributes:
        name: The space, as people should read it.
        n_panels: Rows that were given.
        n: Rows that have a vector.
        n_sampled: Rows on which what needs all pairs was measured.
        dimension: D.
        intra_page_cosine: Mean over pairs of one page; None where there is no such pair.
        inter_page_cosine: Mean over pairs of one book, on different pages.
        inter_book_cosine: Mean over pairs of different books.
        rankme: Effective rank.
        rank_share: RankMe divided by the most possible, min(n, D).
        uniformity: Log of the mean Gaussian potential; -4 is even, 0 is one point.
        mean_norm: Length of the mean of the unit vectors.
        duplicate_share: Share of sampled rows with another at cosine .99 or more.
        hub_share: Largest share of sampled rows that have one and the same nearest row.
        zero_share: Share of the n rows that are all zeros.
        metric: EUCLIDEAN where columns were standardised first.
        is_of_pages: Whether a row is a page: no two are of one page, so nothing is said of that.
    """

    name: str
    n_panels: int
    n: int
    n_sampled: int
    dimension: int
    intra_page_cosine: float | None
    inter_page_cosine: float | None
    inter_book_cosine: float | None
    rankme: float | None
    rank_share: float | None
    uniformity: float | None
    mean_norm: float | None
    duplicate_share: float | None
    hub_share: float | None
    zero_share: float
    metric: Metric = Metric.COSINE
    is_of_pages: bool = False

    @property
    def unrelated_cosine(self) -> float | None:
        """The cosine between books, or between pages where there is one book only."""
        return self.inter_page_cosine if self.inter_book_cosine is None else self.inter_book_cosine


@dataclass(frozen=True, slots=True)
class PairHealth:
    """How picture and text vectors of the same panels lie in one space.

    Attributes:
        n: Panels that have both.
        n_pool: Among how many of them retrieval was measured.
        modality_gap: Distance of the mean picture vector to the mean text vector.
        alignment: Mean squared distance of a panel's two vectors.
        unmatched: The same between vectors of different panels.
        recall_text_to_picture, recall_picture_to_text: At 1 and at 10.
        chance: Of recall at 1 and at 10.
        hub_text_to_picture, hub_picture_to_text: Largest share of queries with one same first
            answer.
    """

    n: int
    n_pool: int
    modality_gap: float | None
    alignment: float | None
    unmatched: float | None
    recall_text_to_picture: tuple[float, float] | None
    recall_picture_to_text: tuple[float, float] | None
    chance: tuple[float, float] | None
    hub_text_to_picture: float | None
    hub_picture_to_text: float | None

    @property
    def alignment_share(self) -> float | None:
        """Alignment as a share of the distance between panels; 1 is none, 0 perfect."""
        if self.alignment is None or not self.unmatched:
            return None
        return self.alignment / self.unmatched

    @property
    def retrieval_lift(self) -> float | None:
        """Recall at 10 above chance, in the worse direction; None where chance is 1."""
        if not (self.recall_text_to_picture and self.recall_picture_to_text and self.chance):
            return None
        chance = self.chance[1]
        if chance >= 1:
            return None
        found = min(self.recall_text_to_picture[1], self.recall_picture_to_text[1])
        return (found - chance) / (1 - chance)


def space_health(
    vectors: NDArray[Any],
    mask: NDArray[np.bool_],
    pages: NDArray[Any],
    books: NDArray[Any],
    *,
    space: Space | str = "vectors",
    seed: int = 0,
) -> SpaceHealth:
    """Measure one space.

    Args:
        vectors: Float (N, D).
        mask: Which rows have a vector, bool (N,).
        pages: Page of every row, unique within its book, integers (N,).
        books: Book of every row, integers (N,).
        space: What messages and tables call it; a Space also says how its vectors are compared,
            any other name means by their cosine.
        seed: Of the sample of rows.

    Raises:
        ModelError: Shapes do not fit, or a vector is not finite.
    """
    name = str(space)
    metric = metric_of(space) if isinstance(space, Space) else Metric.COSINE
    n_panels, dimension = _require(vectors, mask, name)
    if np.shape(pages) != (n_panels,) or np.shape(books) != (n_panels,):
        raise ModelError(f"{name}: pages or books do not fit {n_panels} vectors")
    present = np.asarray(vectors)[mask]
    rows = _standardised(present) if metric is Metric.EUCLIDEAN else present
    directions = unit(rows)
    is_zero = ~present.any(axis=1)
    kept = ~is_zero & directions.any(axis=1)
    directions = directions[kept]
    within = pair_means(directions, np.asarray(pages)[mask][kept], np.asarray(books)[mask][kept])
    rng = np.random.default_rng(seed)
    sample = directions[sampled(len(directions), MAX_COMPARED, rng)]
    ranked = directions[sampled(len(directions), MAX_RANKED, rng)]
    rank = rankme(ranked) if len(ranked) else None
    duplicates, hub = nearest(sample)
    return SpaceHealth(
        name=name,
        n_panels=n_panels,
        n=len(present),
        n_sampled=len(sample),
        dimension=dimension,
        intra_page_cosine=within[0],
        inter_page_cosine=within[1],
        inter_book_cosine=within[2],
        rankme=rank,
        rank_share=None if rank is None else rank / max(1, min(ranked.shape)),
        uniformity=uniformity(sample),
        mean_norm=_norm(_mean(directions)) if len(directions) else None,
        duplicate_share=duplicates,
        hub_share=hub,
        zero_share=float(is_zero.mean()) if len(present) else 0.0,
        metric=metric,
    )


def pair_health(
    pictures: NDArray[Any],
    texts: NDArray[Any],
    mask: NDArray[np.bool_],
    *,
    name: str = "picture and text",
    max_pool: int = 2000,
    seed: int = 0,
) -> PairHealth:
    """Measure how picture and text vectors of the same panels lie in one joint space.

    Args:
        pictures: Vectors of the panels made from their pictures alone, float (N, D).
        texts: Of the same panels from their texts alone, in the same space, float (N, D).
        mask: Which panels have both, bool (N,).
        name: What messages call the pair.
        max_pool: Retrieval is measured among at most so many panels.
        seed: Of their sample.

    Returns:
        The gap of Liang et al. 2022 (arXiv 2203.02053, eq. 1), the alignment of Wang and Isola
        2020 (arXiv 2005.10242, eq. 1 with alpha 2), and recall both ways.

    Raises:
        ModelError: Shapes do not fit, or a vector is not finite.
    """
    if np.shape(pictures) != np.shape(texts):
        raise ModelError(
            f"{name}: {np.shape(pictures)} and {np.shape(texts)} are not vectors of one space; a "
            "picture space and a text space are never compared"
        )
    _require(pictures, mask, f"{name}: pictures")
    _require(texts, mask, f"{name}: texts")
    x, y = unit(np.asarray(pictures)[mask]), unit(np.asarray(texts)[mask])
    kept = x.any(axis=1) & y.any(axis=1)
    x, y = x[kept], y[kept]
    n = len(x)
    if n < 2:
        return PairHealth(n, n, *(None,) * 8)
    mean_x, mean_y = _mean(x), _mean(y)
    own = np.einsum("nd,nd->n", x, y, dtype=np.float64)
    others = (n * n * float(mean_x @ mean_y) - float(own.sum())) / (n * (n - 1))
    pool = sampled(n, max_pool, np.random.default_rng(seed))
    similarities = y[pool] @ x[pool].T  # (texts, pictures)
    to_picture, hub_picture = recalls(similarities)
    to_text, hub_text = recalls(similarities.T)
    return PairHealth(
        n=n,
        n_pool=len(pool),
        modality_gap=_norm(mean_x - mean_y),
        alignment=float(np.mean(2 - 2 * own)),
        unmatched=2 - 2 * others,
        recall_text_to_picture=to_picture,
        recall_picture_to_text=to_text,
        chance=(1 / len(pool), min(10, len(pool)) / len(pool)),
        hub_text_to_picture=hub_picture,
        hub_picture_to_text=hub_text,
    )


def space_verdicts(health: SpaceHealth) -> tuple[Verdict, ...]:
    """Put a space's measures into words, by the table in `longbox.evaluation.verdicts`."""
    name, n = health.name, health.n
    verdicts = [judge("rank_share", health.rank_share, n, name)]
    if health.metric is Metric.EUCLIDEAN:
        return tuple(verdicts)
    intra, far = health.intra_page_cosine, health.inter_book_cosine
    signal = None if intra is None or far is None else intra - far
    within = (
        judge("intra_page_cosine", intra, n, name),
        judge("page_signal", signal, n, name),
    )
    return (
        judge("zero_share", health.zero_share, n, name),
        judge("mean_cosine", health.unrelated_cosine, n, name),
        *(() if health.is_of_pages else within),
        *verdicts,
        judge("uniformity", health.uniformity, n, name),
        judge("duplicate_share", health.duplicate_share, health.n_sampled, name),
        judge("hub_share", health.hub_share, health.n_sampled, name),
    )


def pair_verdicts(health: PairHealth, name: str = "picture and text") -> tuple[Verdict, ...]:
    """Put the measures of picture-text pairs into words.

    Recall that is above 0 lift but within what a guess gets by luck (99 %, one-sided) is bad too.
    """
    lift = health.retrieval_lift
    verdict = judge("retrieval_lift", lift, health.n_pool, name)
    if verdict.level is Level.WARNING and health.chance is not None and lift is not None:
        luck = 2.33 * np.sqrt(health.chance[1] / (1 - health.chance[1]) / health.n_pool)
        if lift <= luck:
            sentence = f"recall at 10 is within the luck of a guess ({lift:.3f} above chance)"
            verdict = Verdict(verdict.name, Level.BAD, sentence)
    hubs = [h for h in (health.hub_text_to_picture, health.hub_picture_to_text) if h is not None]
    return (
        judge("modality_gap", health.modality_gap, health.n, name),
        judge("alignment_share", health.alignment_share, health.n, name),
        verdict,
        judge("hub_share", max(hubs, default=None), health.n_pool, name),
    )


def _require(vectors: NDArray[Any], mask: NDArray[np.bool_], name: str) -> tuple[int, int]:
    shape = np.shape(vectors)
    if len(shape) != 2 or np.shape(mask) != shape[:1] or np.asarray(mask).dtype != np.bool_:
        raise ModelError(f"{name}: vectors {shape} and mask {np.shape(mask)} do not fit")
    present = np.asarray(vectors)[mask]
    finite = np.isfinite(present).all(axis=1)
    if not finite.all():
        row = int(np.flatnonzero(mask)[np.argmin(finite)])
        raise ModelError(
            f"{name}: the vector in row {row} is not finite; train or embed it again with a lower "
            "learning rate"
        )
    return shape[0], shape[1]


def _standardised(rows: NDArray[Any]) -> NDArray[np.float64]:
    values = np.asarray(rows, np.float64)
    if not len(values):
        return values
    spread = values.std(axis=0)
    varied = spread > 1e-9
    scaled: NDArray[np.float64] = (values - values.mean(axis=0))[:, varied] / spread[varied]
    return scaled


def _mean(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = rows.mean(axis=0, dtype=np.float64)
    return mean


def _norm(vector: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(vector))
