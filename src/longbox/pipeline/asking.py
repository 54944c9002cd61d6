"""One page is asked about until there is an answer or no use in trying further.

Busy servers are left alone by all requests together, as long as they ask for or, if they do not
say, twice as long each time, with jitter so that requests do not come back in step. A truncated
answer is asked for again with twice the tokens. A server that refuses a request for what it does
not know (a JSON schema, a token field) is asked more simply, and what worked is kept for the other
pages. When page after page fails in the same way, the run stops instead of failing a whole shelf.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from longbox.description import AnswerState
from longbox.pipeline.budget import Budget, Reservation
from longbox.pipeline.patience import RetryPolicy
from longbox.text.vlm import (
    Dialect,
    Question,
    ReadAnswer,
    Reply,
    ReplyKind,
    VlmClient,
    VlmOptions,
    guess_tokens,
    read_answer,
)


class RunStoppedError(Exception):
    """No further page may be asked about; the message says why. Caught by the runner."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one page.

    Attributes:
        raw: The answer as the model wrote it.
        answer_tokens: Token limit of the last request.
        answer_format: How the shape of the answer was asked for in the end.
        n_prompt_tokens, n_answer_tokens: Over all requests for the page, as the server counted.
        cost: Over all requests.
    """

    answer: ReadAnswer
    raw: str
    answer_tokens: int
    answer_format: str
    n_prompt_tokens: int
    n_answer_tokens: int
    cost: float


@dataclass(slots=True)
class _Tally:
    n_prompt: int = 0
    n_answer: int = 0
    cost: float = 0.0
    n_broken: int = 0
    n_busy: int = 0


class Asker:
    """Asks one server about many pages at once, within one budget.

    Attributes:
        dialect: What the server was found to understand.
        n_requests: Sent so far.
        n_waits: Times that the server was busy or broken and was waited for.
    """

    def __init__(
        self,
        client: VlmClient,
        options: VlmOptions,
        policy: RetryPolicy,
        budget: Budget,
        rng: np.random.Generator,
    ) -> None:
        self._client, self._options, self._policy = client, options, policy
        self._budget, self._rng = budget, rng
        self._settled = asyncio.Condition()
        self._not_before = 0.0
        self._n_failed_in_row = 0
        self._has_answered = False
        self.dialect = Dialect()
        self.n_requests = self.n_waits = 0

    async def ask(
        self,
        question: Question,
        jpeg: bytes,
        answer_tokens: int,
        keep: Callable[[Asked], object] = lambda _: None,
    ) -> Asked:
        """Ask about one page.

        Args:
            question: What is asked.
            jpeg: Its picture.
            answer_tokens: Token limit of the first request.
            keep: Given every truncated answer before the page is asked about again: it was paid
                for, and the run may be stopped before the next one comes.

        Returns:
            The answer in one of its states; a page that got none is FAILED, with the reason.

        Raises:
            RunStoppedError: The budget is spent, or the server is of no use; nothing is known of
                this page.
        """
        tally, dialect = _Tally(), self.dialect
        kept: Asked | None = None
        while True:
            try:
                reply = await self._request(question, jpeg, (answer_tokens, dialect), tally)
            except RunStoppedError:
                if kept is not None:
                    return kept  # a truncated answer is better than none
                raise
            if reply.kind is ReplyKind.ANSWERED:
                self._works(dialect)
                kept = self._asked(self._read(reply, question), reply, answer_tokens, tally)
                more = min(2 * answer_tokens, self._options.max_answer_tokens)
                if kept.answer.state is not AnswerState.TRUNCATED or more <= answer_tokens:
                    return kept
                keep(kept)
                answer_tokens = more
                continue
            narrowed = self._narrowed(reply, dialect)
            if narrowed is not None:
                dialect = narrowed
            elif not await self._tries_again(reply, tally):
                self._count_failure(reply)
                failed = ReadAnswer(AnswerState.FAILED, problem=reply.problem)
                return kept or self._asked(failed, reply, answer_tokens, tally)

    def check(self) -> None:
        """Say whether the server is of any use.

        Raises:
            RunStoppedError: Page after page failed for the server's sake.
        """
        policy = self._policy
        most = policy.n_failed_pages if self._has_answered else policy.n_first_failed_pages
        if self._n_failed_in_row >= most:
            raise RunStoppedError(f"{self._n_failed_in_row} pages in a row got no answer")

    async def _request(
        self, question: Question, jpeg: bytes, how: tuple[int, Dialect], tally: _Tally
    ) -> Reply:
        """Send one request when the budget and the server's wishes allow it."""
        await self._wait_for_server()
        reservation = await self._reserve(question, how[0])
        used = (0, 0)
        try:
            self.n_requests += 1
            used = (reservation.n_prompt, reservation.n_answer)  # should it be cancelled
            reply = await self._client.ask(question, jpeg, *how)
            used = _used(reply, reservation)
        finally:
            tally.cost += self._budget.settle(reservation, *used)
            async with self._settled:
                self._settled.notify_all()
        if reply.n_prompt_tokens:
            self._budget.learn(reservation, reply.n_prompt_tokens)
        elif reply.kind is ReplyKind.ANSWERED:
            self._budget.learn(reservation, reservation.n_prompt)
        tally.n_prompt += reply.n_prompt_tokens or 0
        tally.n_answer += reply.n_answer_tokens or 0
        return reply

    async def _reserve(self, question: Question, answer_tokens: int) -> Reservation:
        guess = guess_tokens(question)
        async with self._settled:
            while True:
                if not self._budget.must_wait:
                    reservation = self._budget.reserve(guess, answer_tokens)
                    if reservation is not None:
                        return reservation
                    if not self._budget.n_flying:
                        raise RunStoppedError("the next page might exceed the budget")
                await self._settled.wait()

    async def _wait_for_server(self) -> None:
        loop = asyncio.get_running_loop()
        while (left_s := self._not_before - loop.time()) > 0:
            await asyncio.sleep(left_s + self._jitter())

    def _jitter(self) -> float:
        return float(self._rng.uniform(0.0, self._policy.first_wait_s / 2))

    async def _tries_again(self, reply: Reply, tally: _Tally) -> bool:
        """Wait where another try can help; return whether there is to be one."""
        policy = self._policy
        if reply.kind is ReplyKind.BUSY:
            tally.n_busy += 1
            is_last, n_before = tally.n_busy >= policy.n_busy_tries, tally.n_busy - 1
        elif reply.kind in (ReplyKind.BROKEN, ReplyKind.UNREACHABLE):
            tally.n_broken += 1
            is_last, n_before = tally.n_broken >= policy.n_tries, tally.n_broken - 1
        else:
            return False
        if is_last:
            return False
        wait_s = reply.retry_after_s
        if wait_s is None:
            wait_s = min(policy.first_wait_s * 2.0**n_before, policy.longest_wait_s)
            wait_s *= float(self._rng.uniform(0.5, 1.0))
        if wait_s > policy.longest_wait_s:
            raise RunStoppedError(f"the server asks to be left alone for {wait_s:.0f} s")
        self.n_waits += 1
        if reply.kind is ReplyKind.BUSY:
            loop = asyncio.get_running_loop()
            self._not_before = max(self._not_before, loop.time() + wait_s)
        else:
            await asyncio.sleep(wait_s)
        return True

    def _narrowed(self, reply: Reply, dialect: Dialect) -> Dialect | None:
        if reply.kind is not ReplyKind.NOT_UNDERSTOOD:
            return None
        return dialect.narrowed(reply.problem or "")

    def _works(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._has_answered = True
        self._n_failed_in_row = 0

    def _count_failure(self, reply: Reply) -> None:
        if reply.kind is ReplyKind.UNUSABLE:
            self._n_failed_in_row = 0  # the server works, this page does not
        else:
            self._n_failed_in_row += 1

    def _read(self, reply: Reply, question: Question) -> ReadAnswer:
        return read_answer(
            reply.text,
            question.shown,
            self._options.convention,
            is_at_limit=reply.is_at_limit,
            flaws=reply.flaws,
        )

    def _asked(self, answer: ReadAnswer, reply: Reply, answer_tokens: int, tally: _Tally) -> Asked:
        answer_format = self.dialect.answer_format
        counts = tally.n_prompt, tally.n_answer, tally.cost
        return Asked(answer, reply.text, answer_tokens, answer_format, *counts)


def _used(reply: Reply, reservation: Reservation) -> tuple[int, int]:
    """Return the tokens to charge: as counted, else estimated, and never too few."""
    if reply.kind is ReplyKind.ANSWERED:
        n_prompt = reply.n_prompt_tokens
        n_answer = reply.n_answer_tokens
        if n_answer is None:
            # By bytes: a letter of Japanese can be a token and more, one of English never is.
            n_bytes = len(reply.text.encode("utf-8", errors="surrogatepass"))
            n_answer = min(reservation.n_answer, n_bytes // 2 + 1)
        return reservation.n_prompt if n_prompt is None else n_prompt, n_answer
    if reply.n_prompt_tokens is not None:
        return reply.n_prompt_tokens, reply.n_answer_tokens or 0
    return (reservation.n_prompt, reservation.n_answer) if reply.may_be_billed else (0, 0)
