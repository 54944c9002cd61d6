"""A vision-language model describes the pages of a library.

Pages are asked about n at a time over all books, so that a shelf of one-page comics is as quick as
one long book. Every answer is on disk (pipeline/answers.py) as soon as it is there; a book's
description store is written when its last page has come back, or when the run ends, however it
ends. A later run skips what is done and asks again what failed or was cut.

A page of a file that is not the indexed one any more is never sent: its answer would be filed
under the wrong picture. Of two runs at once each book is one's (pipeline/turns.py).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from longbox.book import AnnotatedBook, Problem
from longbox.config import Config
from longbox.description import AnswerState
from longbox.errors import ConfigError, LibraryError
from longbox.ingest import printable
from longbox.library import Library
from longbox.pipeline.budget import Prices
from longbox.pipeline.description_work import BookWork, WorkMaker
from longbox.pipeline.patience import RetryPolicy
from longbox.pipeline.turns import BookTurns
from longbox.text.vlm.options import VlmOptions


@dataclass(frozen=True, slots=True)
class DescribePlan:
    """Which pages are described, and what it may cost.

    Attributes:
        book_ids: Only these books; all when empty.
        series: Only books with this in their series' name, whatever its case.
        title: Likewise of the title.
        n_pages: Ask about at most so many pages in this run; None for all.
        n_at_once: Requests in the air.
        again: Also pages that are done.
        prices: Of a million tokens.
        max_cost: Most that the run may cost, in the prices' currency.
        max_tokens: Most tokens that the run may use, of prompts and answers together.
        patience: How failures are waited out.
        seed: Of the jitter in waits.
    """

    book_ids: tuple[str, ...] = ()
    series: str | None = None
    title: str | None = None
    n_pages: int | None = None
    n_at_once: int = 4
    again: bool = False
    prices: Prices = field(default_factory=Prices)
    max_cost: float | None = None
    max_tokens: int | None = None
    patience: RetryPolicy = field(default_factory=RetryPolicy)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n_at_once < 1:
            raise ConfigError(f"{self.n_at_once} requests at once are none; use 1 or more")
        if self.n_pages is not None and self.n_pages < 0:
            raise ConfigError(f"a limit of {self.n_pages} pages is none; use 0 or more")

    def chooses(self, annotated: AnnotatedBook) -> bool:
        """Whether a book is to be described."""
        book = annotated.book
        series = (book.metadata.series or "").casefold()
        return (self.series is None or self.series.casefold() in series) and (
            self.title is None or self.title.casefold() in book.title.casefold()
        )


@dataclass(slots=True)
class DescribeReport:
    """What a run did.

    Attributes:
        n_asked: Pages that the server was asked about.
        n_cached: Pages answered from earlier answers, at no cost.
        n_done_before: Pages that needed nothing.
        n_given_up: Pages whose answers stay truncated at the largest token limit.
        n_left_out: Blank pages and pages that cannot be decoded.
        n_books: Books whose descriptions were written.
        states: Pages of this run by the state of their answer, cached ones included.
        n_requests: Requests, repeated ones included.
        n_tokens: As counted by the server, or estimated where it did not.
        cost: In the currency of the prices.
        answer_format: What the server took in the end: json_schema, json_object or none.
        stopped: Why the run ended early, or None.
        problems: Pages without a clean or repaired answer, and books that cannot be opened.
    """

    n_asked: int = 0
    n_cached: int = 0
    n_done_before: int = 0
    n_given_up: int = 0
    n_left_out: int = 0
    n_books: int = 0
    states: Counter[AnswerState] = field(default_factory=Counter)
    n_requests: int = 0
    n_tokens: int = 0
    cost: float = 0.0
    answer_format: str | None = None
    stopped: str | None = None
    was_interrupted: bool = False
    wall_s: float = 0.0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DescribeEstimate:
    """What a run would do.

    Attributes:
        n_to_ask: Pages that would be sent.
        n_prompt_tokens: Roughly, by the size of picture and prompt.
        n_answer_tokens: Roughly, by the number of panels.
        cost: Roughly, by these; 0 without prices.
    """

    n_books: int
    n_to_ask: int
    n_cached: int
    n_done_before: int
    n_given_up: int
    n_left_out: int
    n_prompt_tokens: int
    n_answer_tokens: int
    cost: float


@dataclass(frozen=True, slots=True)
class DescribeProgress:
    """One page is settled.

    Attributes:
        n_pages_total: Pages to be asked about; those of books not looked at yet are not in it.
        state: Of the page that this is about.
    """

    n_pages_done: int
    n_pages_total: int
    cost: float
    n_tokens: int
    state: AnswerState


Tell = Callable[[DescribeProgress], None]
# A description of a panel in JSON, with its texts, and a page's frame around it.
_TOKENS_A_PANEL = 170
_TOKENS_A_PAGE = 60


def describe_library(
    library: Library,
    config: Config,
    options: VlmOptions,
    plan: DescribePlan,
    on_progress: Tell = lambda _: None,
) -> DescribeReport:
    """Have the pages of a library described.

    Args:
        library: Open for writing.
        config: The library's settings: how files are opened, which encoder reads sentences.
        options: Which server and model, and what it is sent.
        plan: Which pages, and at what cost.
        on_progress: Told of every page.

    Returns:
        What was done; also when stopped by Ctrl-C or by the budget.

    Raises:
        LibraryError: The library cannot be written (found out before anybody is asked).
        ModelError: The sentence encoder cannot be loaded.
        ConfigError: The plan contradicts itself.
    """
    import asyncio

    from longbox.pipeline.describing import DescribeRun

    start = time.perf_counter()
    report = DescribeReport()
    maker = WorkMaker(library, options, again=plan.again)
    library.require_writable()
    run = DescribeRun(library, config, options, plan, report, on_progress)
    try:
        asyncio.run(run.work_through(_chosen(library, plan, maker, report, run.turns)))
    except KeyboardInterrupt:
        report.was_interrupted = True
    finally:
        try:
            run.finish_all()
        finally:
            run.turns.close()
    report.wall_s = time.perf_counter() - start
    return report


def estimate_descriptions(
    library: Library, options: VlmOptions, plan: DescribePlan
) -> DescribeEstimate:
    """Say what `describe_library` would do, without asking anybody."""
    from longbox.text.vlm import guess_tokens

    report = DescribeReport()
    maker = WorkMaker(library, options, again=plan.again)
    n_prompt = n_answer = n_to_ask = n_books = 0
    for work in _chosen(library, plan, maker, report):
        n_books += bool(work.pages)
        report.n_cached += work.n_cached
        for page in work.pages:
            n_to_ask += 1
            n_prompt += guess_tokens(page.question)
            n_panels = max(1, len(page.question.shown.boxes))
            n_answer += min(options.answer_tokens, _TOKENS_A_PAGE + _TOKENS_A_PANEL * n_panels)
    return DescribeEstimate(
        n_books,
        n_to_ask,
        report.n_cached,
        report.n_done_before,
        report.n_given_up,
        report.n_left_out,
        n_prompt,
        n_answer,
        plan.prices.cost(n_prompt, n_answer),
    )


def _chosen(
    library: Library,
    plan: DescribePlan,
    maker: WorkMaker,
    report: DescribeReport,
    turns: BookTurns | None = None,
) -> Iterator[BookWork]:
    """Yield the books that have anything to do, one after another, up to the page limit.

    With `turns` a book that is yielded is this run's until its turn is given back.
    """
    left = plan.n_pages
    for book_id in dict.fromkeys(plan.book_ids) or library.book_ids():
        try:
            work = _work_of(library, plan, maker, book_id, turns)
        except LibraryError as error:
            if plan.book_ids:
                raise  # asked for by name
            report.problems.append(Problem(book_id, None, "describe", str(error)))
            continue
        if work is None:
            continue
        if isinstance(work, Problem):
            report.problems.append(work)
            continue
        report.n_done_before += work.n_done_before
        report.n_given_up += work.n_given_up
        report.n_left_out += work.n_left_out
        if work.pages and (problem := _file_gone(work.annotated)) is not None:
            report.problems.append(problem)
            work.pages = []  # they must not use up the limit
        if left is not None:
            work.pages = work.pages[:left]
            left -= len(work.pages)
        if work.pages or work.is_changed:
            yield work
        elif turns is not None:
            turns.give_back(book_id)


def _work_of(
    library: Library,
    plan: DescribePlan,
    maker: WorkMaker,
    book_id: str,
    turns: BookTurns | None,
) -> BookWork | Problem | None:
    """Return a book's work, None where it is not chosen, or why it is left to another run."""
    annotated = library.annotated_book(book_id)
    if not plan.chooses(annotated):
        return None
    if turns is not None and not turns.take(book_id):
        reason = "another run is describing this book; run again when it is done"
        return Problem(printable(annotated.book.path), None, "describe", reason)
    return maker.work_of(annotated)


def _file_gone(annotated: AnnotatedBook) -> Problem | None:
    file = printable(annotated.book.path)
    if Path(annotated.book.path).exists():
        return None
    reason = f"{file}: is not there any more; connect its disk, or run `longbox index` on it"
    return Problem(file, None, "describe", reason)
