"""The running of a description run: pages in the air, books that open and close around them.

One event loop sends and receives; decoding pages, drawing boxes and encoding sentences happen in
threads beside it, one at a time, so that neither blocks the other and memory stays small.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TypeVar

import numpy as np

from longbox.book import Problem
from longbox.config import Config
from longbox.description import AnswerState, PageDescription
from longbox.encoders import SentenceEncoder, sentence_encoder
from longbox.errors import ComicError, IngestError, LibraryError, ModelError
from longbox.ingest import OpenBook, open_book, printable
from longbox.library import Library, write_description_store
from longbox.pipeline.answers import AnswerCache, KeptAnswer
from longbox.pipeline.asking import Asked, Asker, RunStoppedError
from longbox.pipeline.budget import Budget
from longbox.pipeline.describe import DescribePlan, DescribeProgress, DescribeReport
from longbox.pipeline.description_vectors import description_vectors, refresh_descriptions
from longbox.pipeline.description_work import BookWork, PageWork, adopted
from longbox.pipeline.turns import BookTurns
from longbox.text.vlm import VlmClient, VlmOptions, match_to_panels, page_jpeg

T = TypeVar("T")
# Of the model's own words; a longer answer was refused as a whole.
_MAX_RAW_CHARACTERS = 200_000


class RemovedError(Exception):
    """Another process removed or damaged a book while it was described."""


class _OpenWork:
    """A book whose pages are being asked about."""

    def __init__(self, work: BookWork) -> None:
        self.work = work
        self.n_left = len(work.pages)
        self.opened: OpenBook | None = None
        self.problem: str | None = None

    def close(self) -> None:
        """Let go of the comic file."""
        if self.opened is not None:
            self.opened.close()
            self.opened = None


class DescribeRun:
    """One run; `work_through` does it, `finish_all` writes down what is there at its end.

    Attributes:
        turns: Which books are this run's; the caller closes it at the end.
    """

    def __init__(
        self,
        library: Library,
        config: Config,
        options: VlmOptions,
        plan: DescribePlan,
        report: DescribeReport,
        on_progress: Callable[[DescribeProgress], None],
    ) -> None:
        self.turns = BookTurns(library.root)
        self._library, self._config, self._options = library, config, options
        self._plan, self._report, self._tell = plan, report, on_progress
        self._cache = AnswerCache(library.root)
        self._budget = Budget(plan.prices, plan.max_cost, plan.max_tokens)
        self._open: dict[str, _OpenWork] = {}
        self._n_pages_seen = self._n_pages_done = 0
        self._asker: Asker | None = None
        # Set up inside the running loop.
        self._beside: asyncio.Lock | None = None
        self._running: dict[str, asyncio.Event] = {}
        self._asked_now: set[str] = set()

    @cached_property
    def _sentences(self) -> SentenceEncoder:
        return sentence_encoder(self._config.encoders.sentence)

    async def work_through(self, books: Iterator[BookWork]) -> None:
        """Ask about the pages of these books until they are done or the run must stop."""
        self._beside = asyncio.Lock()
        flying: set[asyncio.Task[None]] = set()
        rng = np.random.default_rng(self._plan.seed)
        async with VlmClient(self._options) as client:
            asker = Asker(client, self._options, self._plan.patience, self._budget, rng)
            self._asker = asker
            try:
                async for book, page in self._pages(books):
                    flying.add(asyncio.create_task(self._describe(asker, book, page)))
                    if len(flying) >= self._plan.n_at_once:
                        flying = await _some_done(flying)
                    if self._report.stopped is not None:
                        break
                while flying:
                    flying = await _some_done(flying)
            finally:
                for task in flying:
                    task.cancel()
                await asyncio.gather(*flying, return_exceptions=True)

    def finish_all(self) -> None:
        """Write down what came back of books that are not complete, and make all searchable."""
        for book in list(self._open.values()):
            self._finish(book)
        self._report.cost = self._budget.cost
        self._report.n_tokens = self._budget.n_tokens
        if self._asker is not None:
            self._report.n_requests = self._asker.n_requests
            if self._report.n_asked:
                self._report.answer_format = self._asker.dialect.answer_format
        if self._report.n_books:
            self._library.update_indexes()

    async def _pages(self, books: Iterator[BookWork]) -> AsyncIterator[tuple[_OpenWork, PageWork]]:
        while (work := await self._in_thread(lambda: next(books, None))) is not None:
            book = _OpenWork(work)
            self._open[work.annotated.book.book_id] = book
            self._n_pages_seen += book.n_left + work.n_cached
            self._report.n_cached += work.n_cached
            for state in work.cached:
                self._settled(state)
            if not work.pages:
                await self._in_thread(partial(self._finish, book))
            for page in work.pages:
                yield book, page

    async def _describe(self, asker: Asker, book: _OpenWork, page: PageWork) -> None:
        """Settle one page; whatever is wrong with it stays with it."""
        is_repeated = page.key in self._asked_now  # so in two books, also where --again asks anew
        while (same := self._running.get(page.key)) is not None:
            await same.wait()  # the same page of another book is in the air
            is_repeated = True
        self._running[page.key] = asyncio.Event()
        try:
            said = self._repeated(page) if is_repeated else None
            if said is None:
                said = await self._answer(asker, book, page)
        except RunStoppedError as stop:
            self._report.stopped = self._report.stopped or str(stop)
            return
        except ComicError as error:
            self._add_problem(book, page, str(error))
            said = None
        finally:
            self._running.pop(page.key).set()
        if said is not None:
            book.work.take(said)
            self._settled(said.state)
            if not said.state.is_done:
                self._add_problem(book, page, f"{said.state}: {said.problem}")
        book.n_left -= 1
        if not book.n_left:
            await self._in_thread(partial(self._finish, book))

    def _repeated(self, page: PageWork) -> PageDescription | None:
        """Return what came back in this run for the same page of another book."""
        kept = self._cache.get(page.key)
        if kept is None:
            return None
        self._report.n_cached += 1
        return adopted(page, kept)

    async def _answer(self, asker: Asker, book: _OpenWork, page: PageWork) -> PageDescription:
        if self._report.stopped is not None:
            raise RunStoppedError(self._report.stopped)
        asker.check()
        jpeg = await self._in_thread(lambda: self._picture(book, page))
        keep = partial(self._keep, page)
        asked = await asker.ask(page.question, jpeg, page.answer_tokens, keep)
        self._report.n_asked += 1
        self._asked_now.add(page.key)
        return self._keep(page, asked)

    def _keep(self, page: PageWork, asked: Asked) -> PageDescription:
        """Put an answer on the disk; return what was made of it."""
        said = match_to_panels(self._described(page, asked), page.page.panels)
        raw = asked.raw[:_MAX_RAW_CHARACTERS]
        self._cache.put(page.key, KeptAnswer(said, asked.answer_tokens, asked.answer_format, raw))
        return said

    def _described(self, page: PageWork, asked: Asked) -> PageDescription:
        answer = asked.answer
        return PageDescription(
            page_index=page.page.page.index,
            page_digest=page.page.page.digest,
            state=answer.state,
            summary=answer.summary,
            panels=answer.panels,
            disagreements=(),
            model=self._options.model,
            prompt=page.question.fingerprint,
            n_prompt_tokens=asked.n_prompt_tokens,
            n_answer_tokens=asked.n_answer_tokens,
            cost=asked.cost,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            problem=answer.problem,
        )

    def _picture(self, book: _OpenWork, page: PageWork) -> bytes:
        """Return the JPEG of a page, from its file.

        Raises:
            ComicError: The file is gone or another one, or the page cannot be decoded.
        """
        if book.problem is not None:
            raise IngestError(book.problem)
        try:
            if book.opened is None:
                book.opened = self._open_same(book)
            pixels = book.opened.pixels(page.page.page.index)
            return page_jpeg(pixels, page.question.shown, self._options.max_picture_bytes)
        except IngestError as error:
            book.problem = str(error)  # the same for all its pages
            raise
        except ModelError as error:
            where = printable(book.work.annotated.book.path)
            raise IngestError(f"{where}: page {page.page.page.index + 1}: {error}") from error

    def _open_same(self, book: _OpenWork) -> OpenBook:
        from pathlib import Path

        indexed = book.work.annotated.book
        opened = open_book(Path(indexed.path), self._config.ingest)
        if opened.book.book_id != indexed.book_id:
            opened.close()
            raise IngestError(
                f"{printable(indexed.path)}: is not the file that was indexed; run `longbox "
                f"index` on it again"
            )
        return opened

    def _finish(self, book: _OpenWork) -> None:
        """Write a book's descriptions and merge them; an unchanged book is only closed."""
        annotated = book.work.annotated
        book_id = annotated.book.book_id
        self._open.pop(book_id, None)
        book.close()
        try:
            if book.work.is_changed:
                self._write(book.work)
                self._report.n_books += 1
        except RemovedError as error:
            self._report.problems.append(
                Problem(printable(annotated.book.path), None, "describe", str(error))
            )
        finally:
            self.turns.give_back(book_id)

    def _write(self, work: BookWork) -> None:
        """Write what is said of a book, for the panels that were shown, and make it searchable.

        Panels that another process put in their place meanwhile get it by where they are.

        Raises:
            RemovedError: The book is gone; its answers are in the cache.
            LibraryError: The disk refuses.
        """
        book_id, root = work.annotated.book.book_id, self._library.root
        try:
            now = self._library.annotated_book(book_id)
        except LibraryError as error:
            raise RemovedError(str(error)) from error
        pages = tuple(work.descriptions[i] for i in sorted(work.descriptions))
        vectors = description_vectors(work.annotated, pages, self._sentences)
        write_description_store(root, book_id, pages, vectors, work.annotated)
        refresh_descriptions(root, now, self._sentences)
        try:
            self._library.merge_descriptions(book_id)
        except LibraryError as error:
            raise RemovedError(str(error)) from error

    async def _in_thread(self, work: Callable[[], T]) -> T:
        assert self._beside is not None
        async with self._beside:
            return await asyncio.to_thread(work)

    def _settled(self, state: AnswerState) -> None:
        self._report.states[state] += 1
        self._n_pages_done += 1
        self._tell(
            DescribeProgress(
                self._n_pages_done,
                self._n_pages_seen,
                self._budget.cost,
                self._budget.n_tokens,
                state,
            )
        )

    def _add_problem(self, book: _OpenWork, page: PageWork, reason: str) -> None:
        file = printable(book.work.annotated.book.path)
        problem = Problem(file, page.page.page.index, "describe", reason)
        is_told = book.problem is not None and any(
            p.reason == book.problem for p in self._report.problems
        )
        if not is_told:
            self._report.problems.append(problem)


async def _some_done(flying: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Wait for one task or more; an error that is no page's own ends the run."""
    done, still = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    return still
