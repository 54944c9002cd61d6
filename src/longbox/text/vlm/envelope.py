"""What a server wraps around an answer: status, headers, choices, token counts.

Servers differ and fail in the envelope as much as models in the text: an error object under status
200, no choices, a content that is a list of parts, counts that are null. Each becomes a kind of
reply, and the kind alone decides whether asking again can help.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Final

_MAX_PROBLEM: Final = 240
_MAX_COUNT: Final = 10_000_000
_MIN_SECRET: Final = 12


class ReplyKind(StrEnum):
    """What came of a request."""

    ANSWERED = "answered"  # there is a text, of whatever quality
    BUSY = "busy"  # asked to come back later
    BROKEN = "broken"  # time-out, reset, server error: the next try may do
    UNREACHABLE = "unreachable"  # nobody listens there
    NOT_UNDERSTOOD = "not_understood"  # the request has something that the server does not know
    UNUSABLE = "unusable"  # an answer to this page without a text: trying again gives the same
    DENIED = "denied"  # key, model or address are wrong: no page will do better


@dataclass(frozen=True, slots=True)
class Reply:
    """One request's outcome.

    Attributes:
        text: What the model wrote; empty unless ANSWERED.
        is_at_limit: The server says that the answer stopped at the token limit.
        n_prompt_tokens: As the server counted; None when it did not say.
        n_answer_tokens: As n_prompt_tokens.
        retry_after_s: When the server wants to be asked again, in seconds from now, or None.
        problem: One line, or None when there is none.
        flaws: What was wrong with an answer that could be read all the same.
        may_be_billed: The server may have worked for it although nothing came of it.
    """

    kind: ReplyKind
    text: str = ""
    is_at_limit: bool = False
    n_prompt_tokens: int | None = None
    n_answer_tokens: int | None = None
    retry_after_s: float | None = None
    problem: str | None = None
    flaws: tuple[str, ...] = ()
    may_be_billed: bool = False

    def without(self, key: str | None) -> Reply:
        """Return the reply with a problem of one line, and the key nowhere in it.

        What a server sends back of its request (a proxy that is set to debug) is stored and shown.
        """
        # A local server takes any short word for a key; such a word is no secret and may be said.
        is_secret = key is not None and len(key) >= _MIN_SECRET
        text = self.text.replace(key or "", "(key)") if is_secret else self.text
        problem = None if self.problem is None else _one_line(self.problem, key)
        return replace(self, text=text, problem=problem)


def read_reply(status: int, headers: Mapping[str, str], data: bytes) -> Reply:
    """Read a whole response.

    Args:
        status: HTTP status.
        headers: With lower-case names.
        data: The body, already unpacked.

    Returns:
        What came of the request; never raises.
    """
    if status != 200:
        return _refused(status, headers, data)
    value, flaws = _json(data)
    if not isinstance(value, dict):
        what = "nothing" if not data.strip() else _kind_of_body(data)
        return Reply(
            ReplyKind.BROKEN,
            problem=f"the server sent {what} instead of an answer",
            may_be_billed=True,
        )
    counts = _counts(value.get("usage"))
    choice = _choice(value)
    if choice is None:
        return _error_inside(value, headers, counts)
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    finish = choice.get("finish_reason")
    is_at_limit = finish in ("length", "max_tokens", "MAX_TOKENS")
    text = _content(message.get("content"))
    if text.strip() and not counts[1]:
        counts = counts[0], None  # words that cost nothing were not counted
    reply = Reply(ReplyKind.ANSWERED, text, is_at_limit, *counts, flaws=flaws, may_be_billed=True)
    if is_at_limit or (text.strip() and not _is_filtered(finish)):
        return reply
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal.strip():
        why = f"the model refused: {refusal}"
    else:
        why = "the filter stopped it" if _is_filtered(finish) else "the answer is empty"
    return replace(reply, kind=ReplyKind.UNUSABLE, text="", problem=why)


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, given seconds or a date.

    Args:
        value: The header, or None.
        now: Seconds since 1970.

    Returns:
        Seconds from now, 0 or more; None where the header says nothing sensible.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _refused(status: int, headers: Mapping[str, str], data: bytes) -> Reply:
    value, _ = _json(data)
    said = _message(value)
    problem = f"HTTP {status}" + (f": {said}" if said else "")
    wait_s = retry_after(headers.get("retry-after"), time.time())
    if status in (429, 503, 529):
        return Reply(ReplyKind.BUSY, problem=problem, retry_after_s=wait_s)
    if status in (408, 409, 425) or (status >= 500 and status != 501):
        return Reply(ReplyKind.BROKEN, problem=problem, retry_after_s=wait_s)
    if 300 <= status < 400:
        to = headers.get("location", "nowhere")
        problem = f"HTTP {status}: redirects to {to}; give that address if it is the right one"
        return Reply(ReplyKind.DENIED, problem=problem)
    if status in (400, 422, 501):
        return Reply(ReplyKind.NOT_UNDERSTOOD, problem=problem)
    if status in (413, 451):
        return Reply(ReplyKind.UNUSABLE, problem=problem)
    return Reply(ReplyKind.DENIED, problem=problem)


def _error_inside(
    value: Mapping[str, Any], headers: Mapping[str, str], counts: tuple[int | None, int | None]
) -> Reply:
    """Read a 200 without a choice: an error object, or nothing."""
    said = _message(value)
    error = value.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if code in (429, 503, "429", "503", "rate_limit_exceeded"):
        wait_s = retry_after(headers.get("retry-after"), time.time())
        return Reply(ReplyKind.BUSY, problem=f"status 200, but: {said}", retry_after_s=wait_s)
    problem = f"status 200, but: {said}" if said else "the server sent no choices"
    return Reply(
        ReplyKind.UNUSABLE, "", False, *counts, problem=problem, may_be_billed=error is None
    )


def _choice(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    choices = value.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    return choices[0]


def _content(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return ""
    parts = [part.get("text") for part in value if isinstance(part, dict)]
    return "".join(part for part in parts if isinstance(part, str))


def _counts(usage: Any) -> tuple[int | None, int | None]:
    if not isinstance(usage, dict):
        return None, None
    # No prompt is of 0 tokens: some servers write that where they do not count.
    return _count(usage.get("prompt_tokens")) or None, _count(usage.get("completion_tokens"))


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _MAX_COUNT else None


def _is_filtered(finish: Any) -> bool:
    return finish in ("content_filter", "SAFETY", "safety")


def _json(data: bytes) -> tuple[Any, tuple[str, ...]]:
    """Decode a body; one that is not UTF-8 is read with its bad bytes replaced."""
    import msgspec

    try:
        return msgspec.json.decode(data), ()
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        mended = data.decode("utf-8", errors="replace")
    else:
        return None, ()
    try:
        return msgspec.json.decode(mended), ("bytes that are no UTF-8",)
    except (msgspec.DecodeError, RecursionError):
        return None, ()


def _message(value: Any) -> str:
    """Return the server's own words about an error, wherever it put them."""
    for _ in range(3):
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            return ""
        names = ("error", "message", "detail", "msg")
        value = next((value[name] for name in names if value.get(name)), None)
    return value if isinstance(value, str) else ""


def _kind_of_body(data: bytes) -> str:
    start = data.lstrip()[:100].lower()
    return "an HTML page" if start.startswith((b"<!doctype", b"<html")) else "no JSON"


def _one_line(text: str, key: str | None) -> str:
    if key:
        text = text.replace(key, "(key)")
    printable = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(printable.split())
    return line if len(line) <= _MAX_PROBLEM else line[: _MAX_PROBLEM - 3] + "..."
