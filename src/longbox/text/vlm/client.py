"""One request to an OpenAI-compatible server, and what came of it.

Every way in which a server can fail becomes a Reply that says whether asking again can help;
nothing is raised for what a server does. The whole answer has one deadline (a server that drips a
byte a second never trips a read time-out) and one size limit, counted after decompression. A
redirect is never followed: it would carry the page, and perhaps the key, to somebody else. The
environment is not read (proxies, .netrc), and the key is cut out of every message.

httpx and asyncio are imported when a client is made: only `longbox describe` needs them.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from longbox.errors import ConfigError
from longbox.text.vlm.envelope import Reply, ReplyKind, read_reply
from longbox.text.vlm.options import VlmOptions
from longbox.text.vlm.prompt import AnswerFormat, Question, messages, response_format

if TYPE_CHECKING:
    import httpx


class TokenField(StrEnum):
    """What a server calls the token limit."""

    USUAL = "max_tokens"
    NEWER = "max_completion_tokens"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server understands of a request; narrowed when it refuses one.

    Attributes:
        answer_format: How the shape of the answer is asked for (AnswerFormat).
        token_field: What it calls the token limit.
        has_temperature: Whether a temperature may be given.
    """

    answer_format: str = AnswerFormat.SCHEMA
    token_field: TokenField = TokenField.USUAL
    has_temperature: bool = True

    def narrowed(self, problem: str) -> Dialect | None:
        """Return what to try after a refusal, or None when nothing is left to leave out.

        Args:
            problem: The server's own words, which often name what it does not know.
        """
        said = problem.casefold()
        if self.token_field is TokenField.USUAL and TokenField.NEWER in said:
            return Dialect(self.answer_format, TokenField.NEWER, self.has_temperature)
        if self.has_temperature and "temperature" in said:
            return Dialect(self.answer_format, self.token_field, False)
        less = {
            AnswerFormat.SCHEMA: AnswerFormat.OBJECT,
            AnswerFormat.OBJECT: AnswerFormat.NONE,
        }.get(self.answer_format)
        return Dialect(less, self.token_field, self.has_temperature) if less else None


_TOO_LARGE: Final = "the server's answer is larger than {:,} bytes"


class VlmClient:
    """Asks a server, one page a request; many requests may run at once.

    Use it as an asynchronous context manager.
    """

    def __init__(self, options: VlmOptions) -> None:
        """Get ready to ask; nothing is sent.

        Raises:
            ConfigError: The address has a host that none can have.
        """
        import httpx

        self._options = options
        try:
            httpx.URL(options.url)
        except httpx.InvalidURL as error:
            raise ConfigError(f"{options.endpoint!r} is not an address ({error})") from error
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip, identity"}
        if options.key:
            headers["Authorization"] = f"Bearer {options.key}"
        self._http = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(options.timeout_s, connect=options.connect_timeout_s),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def ask(
        self, question: Question, jpeg: bytes, answer_tokens: int, dialect: Dialect
    ) -> Reply:
        """Ask about one page, once.

        Args:
            question: What is asked.
            jpeg: The picture that goes with it.
            answer_tokens: Token limit of the answer.
            dialect: What the server understands.

        Returns:
            The answer, or why there is none.
        """
        import asyncio

        import httpx

        limit_s = self._options.timeout_s
        try:
            async with asyncio.timeout(limit_s):
                reply = await self._post(self._body(question, jpeg, answer_tokens, dialect))
        except (TimeoutError, httpx.TimeoutException):
            reply = Reply(
                ReplyKind.BROKEN, problem=f"no answer within {limit_s:g} s", may_be_billed=True
            )
        except httpx.ConnectError as error:
            reply = Reply(ReplyKind.UNREACHABLE, problem=f"cannot be reached ({error})")
        except (httpx.HTTPError, OSError, ValueError) as error:
            # ValueError: what the HTTP parsers make of nonsense that they do not foresee.
            what = str(error) or type(error).__name__
            reply = Reply(
                ReplyKind.BROKEN, problem=f"the connection broke ({what})", may_be_billed=True
            )
        return reply.without(self._options.key)

    def _body(
        self, question: Question, jpeg: bytes, answer_tokens: int, dialect: Dialect
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._options.model,
            "messages": messages(question, jpeg),
            "stream": False,
            dialect.token_field.value: answer_tokens,
        }
        if dialect.has_temperature:
            body["temperature"] = self._options.temperature
        if (shape := response_format(dialect.answer_format)) is not None:
            body["response_format"] = shape
        return body

    async def _post(self, body: dict[str, Any]) -> Reply:
        async with self._http.stream("POST", self._options.url, json=body) as response:
            data = await self._bounded(response)
            if data is None:
                limit = self._options.max_response_bytes
                return Reply(
                    ReplyKind.UNUSABLE, problem=_TOO_LARGE.format(limit), may_be_billed=True
                )
            return read_reply(response.status_code, dict(response.headers), data)

    async def _bounded(self, response: httpx.Response) -> bytes | None:
        """Return the body, or None as soon as it is too large."""
        limit = self._options.max_response_bytes
        body = bytearray()
        async for chunk in _plain(response, limit):
            body += chunk
            if len(body) > limit:
                return None
        return bytes(body)


async def _plain(response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    """Yield the decompressed body; one chunk never grows beyond the limit by much."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        async for chunk in response.aiter_raw():
            yield chunk
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"its answer is packed as {encoding[:20]!r}, which was not asked for")
    unpack = zlib.decompressobj(wbits=47)  # gzip and zlib headers
    async for chunk in response.aiter_raw():
        try:
            yield unpack.decompress(chunk, limit + 1)
        except zlib.error as error:
            raise ValueError(f"its answer is packed badly ({error})") from error
        if unpack.unconsumed_tail:
            yield b" " * (limit + 1)
