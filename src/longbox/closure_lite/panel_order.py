"""L_pop, panel order prediction: does this follow that, come before it, or belong elsewhere?

Fact 8: the first version drew its pairs by shuffling pages, called everything "forward", and was
solved by noticing identical page vectors. Here the classes are true and equally likely. A pair is
two runs of panels, each pooled by the page attention:
- forward, backward: two runs of one page that follow each other, in order or exchanged;
- unrelated: a run of each of two pages, of the same book where the batch has another page of it
  that is no neighbour, else of another book.

Nothing but the panels may tell the class. The length of the runs is drawn before the class, from
both pages, so neither length nor number of panels does; composition, which holds the place in
order, is hidden altogether (masked, not zeroed). With equal vectors the loss cannot get below
log 3. A model that only knows whether two runs belong together reaches 2/3 log 2 = .462.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from longbox.closure_lite.batch import Batch, Layout, lay_out
from longbox.closure_lite.guesses import Guesses, ask
from longbox.closure_lite.story import StoryHANLiteSimple

FORWARD, BACKWARD, UNRELATED = range(3)
_WIDTH = 256
_NEIGHBOUR_PAGES = 1


class PanelOrderHead(nn.Module):
    """Two page vectors to logits of forward, backward, unrelated."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.classify = nn.Sequential(nn.Linear(3 * d, _WIDTH), nn.ReLU(), nn.Linear(_WIDTH, 3))

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Classify pairs, (B, D) and (B, D) to (B, 3)."""
        logits: Tensor = self.classify(torch.cat([first, second, (first - second).abs()], dim=1))
        return logits


def ordered_runs(
    head: PanelOrderHead,
    han: StoryHANLiteSimple,
    batch: Batch,
    vectors: Tensor,
    generator: torch.Generator,
) -> Guesses:
    """Ask about one pair for every page that has two panels or more.

    Args:
        head: What classifies.
        han: The page attention.
        batch: P pages.
        vectors: Of its panels without composition, float32 (M, D).
        generator: What draws pairs and classes.

    Returns:
        At most P questions with three candidates; two where the batch has no unrelated page.
    """
    layout = lay_out(batch.pages, batch.panels.without_place().known, batch.n_pages)
    pairs = _Pairs(batch, layout, generator)
    drawn = [pairs.draw(page) for page in torch.nonzero(layout.counts > 1).flatten().tolist()]
    firsts = _pool(han, vectors, [d[0] for d in drawn])
    seconds = _pool(han, vectors, [d[1] for d in drawn])
    device = vectors.device
    allowed = torch.ones(len(drawn), 3, dtype=torch.bool, device=device)
    allowed[:, UNRELATED] = torch.tensor([d[3] for d in drawn], dtype=torch.bool, device=device)
    answers = torch.tensor([d[2] for d in drawn], dtype=torch.int64, device=device)
    return ask(head(firsts, seconds), allowed, answers)


class _Pairs:
    """Draws runs of panels, as indices into the batch."""

    def __init__(self, batch: Batch, layout: Layout, generator: torch.Generator) -> None:
        self._generator = generator
        self._counts: list[int] = layout.counts.tolist()
        self._panels: list[list[int]] = [
            slots[:count] for slots, count in zip(layout.slots.tolist(), self._counts, strict=True)
        ]
        self._books: list[int] = batch.books.tolist()
        self._numbers: list[int] = batch.numbers.tolist()

    def draw(self, page: int) -> tuple[list[int], list[int], int, bool]:
        """Return both runs, the class, and whether "unrelated" could have been drawn."""
        others = self._unrelated(page)
        other = others[self._below(len(others))] if others else page
        length = min(self._counts[page], self._counts[other]) // 2
        before, after = self._runs(page, length)
        kind = self._below(3 if others else 2)
        if kind == FORWARD:
            return before, after, kind, bool(others)
        if kind == BACKWARD:
            return after, before, kind, bool(others)
        first = (before, after)[self._below(2)]
        second = self._runs(other, length)[self._below(2)]
        return first, second, kind, True

    def _runs(self, page: int, length: int) -> tuple[list[int], list[int]]:
        panels = self._panels[page]
        start = self._below(len(panels) - 2 * length + 1)
        middle = start + length
        return panels[start:middle], panels[middle : middle + length]

    def _unrelated(self, page: int) -> list[int]:
        """Return the pages that a run can be taken from, of the same book if there are any."""
        book, number = self._books[page], self._numbers[page]
        long_enough = [p for p, count in enumerate(self._counts) if count > 1]
        own = [
            p
            for p in long_enough
            if self._books[p] == book and abs(self._numbers[p] - number) > _NEIGHBOUR_PAGES
        ]
        return own or [p for p in long_enough if self._books[p] != book]

    def _below(self, n: int) -> int:
        return int(torch.randint(n, (), generator=self._generator))


def _pool(han: StoryHANLiteSimple, vectors: Tensor, runs: list[list[int]]) -> Tensor:
    widest = max((len(run) for run in runs), default=0)
    slots = torch.tensor([run + [-1] * (widest - len(run)) for run in runs], dtype=torch.int64)
    slots = slots.reshape(len(runs), widest).to(vectors.device)
    pages, _ = han.panels_to_page(vectors[slots.clamp(min=0)], slots >= 0)
    return pages
