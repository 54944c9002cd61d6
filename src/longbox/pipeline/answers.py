"""Answers that were paid for, kept by what was asked: page, model and prompt.

A page that lies in two books is asked about once, and a run that was killed has lost nothing that
had come back. One small file an answer, written whole or not at all, so that any number of runs
may share the folder. The model's own words are kept beside what was made of them.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from longbox.description import AnswerState, PageDescription
from longbox.errors import LibraryError

ANSWERS_NAME = "answers"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One answer as it is kept.

    Attributes:
        description: What was made of it, for the page it was first asked about.
        answer_tokens: Token limit of the request.
        answer_format: How its shape was asked for: json_schema, json_object or none.
        raw: The model's words; empty where there was no answer.
    """

    description: PageDescription
    answer_tokens: int
    answer_format: str
    raw: str
    format: int = _FORMAT


def answer_key(page_digest: str, model: str, prompt: str) -> str:
    """Return the name of an answer: 32 hex digits."""
    said = "\n".join((page_digest, prompt, model))
    return hashlib.sha256(said.encode("utf-8", errors="surrogatepass")).hexdigest()[:32]


class AnswerCache:
    """The folder of kept answers of one library."""

    def __init__(self, root: Path) -> None:
        self._folder = root / ANSWERS_NAME

    def get(self, key: str) -> KeptAnswer | None:
        """Return a kept answer; a damaged or foreign one counts as none and is asked for again."""
        import msgspec

        try:
            kept = msgspec.json.decode(self._path(key).read_bytes(), type=KeptAnswer)
        except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
            return None
        said = kept.description
        is_its_own = answer_key(said.page_digest, said.model, said.prompt) == key
        return kept if is_its_own and kept.format == _FORMAT else None

    def put(self, key: str, kept: KeptAnswer) -> None:
        """Keep an answer, replacing an earlier one unless that is better.

        A failure takes the place of nothing but a failure: what was paid for stays.

        Raises:
            LibraryError: The disk refuses.
        """
        import msgspec

        before = self.get(key)
        if before is not None and _worth(before) > _worth(kept):
            return
        path = self._path(key)
        partial = path.with_name(f"{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            reason = error.strerror or str(error)
            raise LibraryError(f"{path}: {reason}; check the disk's space") from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"


def _worth(kept: KeptAnswer) -> int:
    state = kept.description.state
    return 2 if state.is_done else int(state is AnswerState.TRUNCATED)
