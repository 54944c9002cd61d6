"""Variance shares: how much of a space is layout, lettering, look, page type, book and work.

Three figures a group, because each alone misleads:

- `share`: the group by itself. Large also where the group only goes along with something else: a
  book has its own layouts and its own art, so layout "explains" art between books.
- `chance`: the same after the group was dealt anew. Layout, lettering, look and page types are
  moved round within their book, each book's units by a step of their own, forwards or backwards:
  books keep their layouts, and neighbouring pages stay neighbours (pages of a scene are alike, and
  shuffling would forget it). So the share above chance is layout's own and not the book's. Books
  are dealt anew by shuffling units over the whole shelf (for p among the books of one work only,
  where works have several), works by shuffling whole books.
- `unique`: what is lost when only this group is left out of all that is known. A book lies in its
  work: the book's own part is what books of one work differ by, the work's is the rest of what
  books differ by, so that what few books have in common by luck is not the work's. Where one book
  has most of a shelf's units, that split is rough: its interval says so.

p says how often the unique part of a group dealt anew is as large, by permuting what the others
leave unexplained (Freedman and Lane 1983).

Intervals are percentiles over draws of books, moved so that their mean is the value: a draw holds
some books twice, which makes units look more alike than they are (on planted shelves, plain
percentiles of a book's own share held the truth 2 times in 100, moved ones 98 times).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.ablation.dealing import Dealer, Dealt
from longbox.analysis.ablation.matched import Known
from longbox.analysis.ablation.moments import Draws, Floats, Taken, draw_books
from longbox.analysis.ablation.values import AblationOptions, Estimate, Group, Share
from longbox.evaluation import Interval
from longbox.vectors import Space

_LEVELS: Final = (0.025, 0.975)
FEWEST_BOOKS: Final = 5
_UNKNOWN: Final = float("nan")


def shares_of(
    space: Space, vectors: Floats, known: Known, options: AblationOptions
) -> tuple[Share, ...]:
    """Measure what a space is made of.

    Args:
        space: Whose vectors these are.
        vectors: Of the known units, float64 (N, D).
        known: What is known of the units.
        options: Permutations, draws and the seed.

    Returns:
        One line a group that can be measured, and `TOGETHER` at the end. p is not corrected.
    """
    rng = np.random.default_rng(options.sampling.seed)
    n_books, n_works = int(known.book.max()) + 1, int(known.work.max()) + 1
    weights = np.ones((1, n_books))
    if n_books >= FEWEST_BOOKS:
        drawn = rng.multinomial(n_books, np.full(n_books, 1 / n_books), options.n_draws)
        weights = np.concatenate([weights, drawn.astype(np.float64)])
    draws = draw_books(known.columns, vectors, known.book, known.work, weights)
    groups = list(known.groups)
    has_works = 1 < n_works < n_books
    if has_works:
        groups.append(Group.WORK)
    if n_books > 1:
        groups.append(Group.BOOK)
    dealer = Dealer(known, vectors, options.n_permutations, rng)
    every = known.places(known.groups)
    found = []
    for group in groups:
        alone, unique = _parts(draws, known, group, has_works=has_works)
        n_columns = {Group.BOOK: n_books - 1, Group.WORK: n_works - 1}.get(
            group, known.places([group]).size
        )
        dealt = dealer.deal(group)
        found.append(_share((space, group, n_columns), (alone, unique), dealt, n_books))
    together = draws.share(Taken.BOOK if n_books > 1 else Taken.ALL, every)
    nothing = np.full(len(together), _UNKNOWN)
    whole = _share(
        (space, Group.TOGETHER, every.size + n_books - 1), (together, nothing), Dealt(), n_books
    )
    return (*found, whole)


def corrected(shares: Sequence[Share]) -> tuple[Share, ...]:
    """Correct p for all groups and spaces (Benjamini and Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    told = [i for i, share in enumerate(shares) if np.isfinite(share.p)]
    done = list(shares)
    if told:
        q = false_discovery_control([shares[i].p for i in told])
        for i, value in zip(told, q.tolist(), strict=True):
            done[i] = replace(shares[i], p_corrected=float(value))
    return tuple(done)


def _parts(draws: Draws, known: Known, group: Group, *, has_works: bool) -> tuple[Floats, Floats]:
    """Return the share of a group alone and its unique share, for every draw."""
    every = known.places(known.groups)
    none = np.empty(0, dtype=np.int64)
    if group in (Group.BOOK, Group.WORK):
        whole = draws.share(Taken.BOOK, none)
        beside = draws.share(Taken.BOOK, every) - draws.share(Taken.ALL, every)
        if group is Group.WORK:
            return whole - draws.book_share(none), beside - draws.book_share(every)
        return whole, draws.book_share(every) if has_works else beside
    others = known.places([g for g in known.groups if g is not group])
    unique = draws.share(Taken.BOOK, every) - draws.share(Taken.BOOK, others)
    return draws.share(Taken.ALL, known.places([group])), unique


def _share(
    line: tuple[Space, Group, int], parts: tuple[Floats, Floats], dealt: Dealt, n_books: int
) -> Share:
    alone, unique = parts
    space, group, n_columns = line
    return Share(
        space,
        group,
        int(n_columns),
        _estimate(alone, n_books),
        dealt.chance,
        _estimate(unique, n_books),
        dealt.p,
        _UNKNOWN,
        dealt.how,
    )


def _estimate(draws: NDArray[np.float64], n_books: int) -> Estimate:
    """Return the first as the value, the others' percentiles about it as its interval."""
    others = draws[1:][np.isfinite(draws[1:])]
    if not others.size or not np.isfinite(draws[0]):
        return Estimate(float(draws[0]), Interval(_UNKNOWN, _UNKNOWN, "book", n_books))
    low, high = (draws[0] + np.quantile(others, _LEVELS) - others.mean()).tolist()
    return Estimate(float(draws[0]), Interval(low, high, "book", n_books))
