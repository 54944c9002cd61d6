"""What is left to ask about a book, given what was answered before.

A page is done when its stored description is clean or repaired, by the model that is asked for
now, and was made for the panels that the page has. Else an earlier answer to the very same
question is taken from the cache; only what is left is asked. A page that was cut before starts
with twice the tokens; one that was cut at the largest limit is given up until that is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from longbox.book import AnnotatedBook, AnnotatedPage, PageType
from longbox.description import AnswerState, PageDescription
from longbox.library import Library
from longbox.pipeline.answers import AnswerCache, KeptAnswer, answer_key
from longbox.text.vlm import Question, VlmOptions, make_question, match_to_panels, shown_page


@dataclass(frozen=True, slots=True)
class PageWork:
    """One page to ask about.

    Attributes:
        key: Names the question in the cache.
        answer_tokens: Token limit of the first request.
    """

    page: AnnotatedPage
    question: Question
    key: str
    answer_tokens: int


@dataclass(slots=True)
class BookWork:
    """What is to be done for one book, and what is known of it.

    Attributes:
        descriptions: By page index: stored ones, and those of this run as they come.
        pages: To ask about.
        cached: States of the pages answered from the cache.
        is_changed: There are descriptions that the library does not have yet.
    """

    annotated: AnnotatedBook
    descriptions: dict[int, PageDescription]
    pages: list[PageWork] = field(default_factory=list)
    cached: list[AnswerState] = field(default_factory=list)
    n_done_before: int = 0
    n_given_up: int = 0
    n_left_out: int = 0
    is_changed: bool = False

    @property
    def n_cached(self) -> int:
        """Pages answered from the cache."""
        return len(self.cached)

    def take(self, said: PageDescription) -> None:
        """Keep a description, unless it is worse than what is there."""
        before = self.descriptions.get(said.page_index)
        if before is not None and before.state.is_done and not said.state.is_done:
            return
        self.descriptions[said.page_index] = said
        self.is_changed = True


def adopted(page: PageWork, kept: KeptAnswer) -> PageDescription:
    """Return a kept answer as the description of this page, in whatever book it lies."""
    said = replace(kept.description, page_index=page.page.page.index)
    return match_to_panels(said, page.page.panels)


class WorkMaker:
    """Finds out what is left to do, book by book."""

    def __init__(self, library: Library, options: VlmOptions, *, again: bool = False) -> None:
        self._library = library
        self._options = options
        self._again = again
        self.cache = AnswerCache(library.root)

    def work_of(self, annotated: AnnotatedBook) -> BookWork:
        """Return what is left to do for a book.

        Raises:
            LibraryError: Its descriptions cannot be read.
        """
        book_id = annotated.book.book_id
        unfit = self._library.unfit_descriptions(book_id)
        stored = {said.page_index: said for said in self._library.descriptions(book_id)}
        fitting = {index: said for index, said in stored.items() if index not in unfit}
        # What no longer fits stays in the store, unsearched, until another answer replaces it.
        digests = {page.page.index: page.page.digest for page in annotated.pages}
        same = {i: said for i, said in stored.items() if digests.get(i) == said.page_digest}
        work = BookWork(annotated, same)
        for page in annotated.pages:
            if not page.page.is_readable or _is_blank(page):
                work.n_left_out += 1
            elif self._is_done(fitting.get(page.page.index)):
                work.n_done_before += 1
            else:
                self._add(work, page)
        return work

    def _is_done(self, said: PageDescription | None) -> bool:
        if said is None or self._again:
            return False
        return said.state.is_done and said.model == self._options.model

    def _add(self, work: BookWork, page: AnnotatedPage) -> None:
        options = self._options
        limits = options.max_picture_pixels, options.max_picture_side_px
        shown = shown_page((page.page.width, page.page.height), page.panels, limits)
        question = make_question(shown, work.annotated.book.direction, options)
        key = answer_key(page.page.digest, options.model, question.fingerprint)
        item = PageWork(page, question, key, options.answer_tokens)
        kept = None if self._again else self.cache.get(key)
        if kept is None:
            work.pages.append(item)
            return
        state = kept.description.state
        if state.is_done:
            work.take(adopted(item, kept))
            work.cached.append(state)
        elif state is not AnswerState.TRUNCATED:
            work.pages.append(item)
        elif kept.answer_tokens >= options.max_answer_tokens:
            work.n_given_up += 1
            if page.page.index not in work.descriptions:
                work.take(adopted(item, kept))
        else:
            more = max(options.answer_tokens, 2 * kept.answer_tokens)
            work.pages.append(replace(item, answer_tokens=min(more, options.max_answer_tokens)))


def _is_blank(page: AnnotatedPage) -> bool:
    """Whether nothing is on a page: labels may be wrong, so panels and texts must agree."""
    is_bare = len(page.panels) <= 1 and not page.texts
    return is_bare and page.label.page_type is PageType.BLANK
