"""What the server and a picture process say to each other over two pipes.

A message is the length of a JSON head, the length of a payload, the head, the payload. Nothing is
pickled: a process that decodes strangers' files may be taken over by one of them, and unpickling
what it says would hand on the server. Lengths are bounded by who reads.
"""

from __future__ import annotations

import json
import os
import selectors
import struct
import time
from typing import Any, Final

_LENGTHS: Final = struct.Struct("<IQ")
_LONGEST_HEAD: Final = 1 << 16
_PIECE_BYTES: Final = 1 << 18


class LostError(Exception):
    """The other side is gone, does not answer in time, or talks nonsense."""


def send(pipe: int, head: dict[str, Any], payload: bytes = b"", deadline: float = 0.0) -> None:
    """Write a message to a pipe.

    Args:
        pipe: Its file descriptor; must not block where there is a deadline.
        head: What JSON can say.
        payload: Any bytes.
        deadline: On time.monotonic(); 0 waits as long as it takes, on a pipe that blocks.

    Raises:
        LostError: The other side is gone or does not read in time.
    """
    text = json.dumps(head).encode()
    for piece in (_LENGTHS.pack(len(text), len(payload)) + text, payload):
        left = memoryview(piece)
        while left:
            if deadline:
                _wait(pipe, selectors.EVENT_WRITE, deadline)
            try:
                left = left[os.write(pipe, left[:_PIECE_BYTES]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise LostError("ended") from error


def receive(pipe: int, most_bytes: int, deadline: float = 0.0) -> tuple[dict[str, Any], bytes]:
    """Read a message from a pipe.

    Args:
        pipe: Its file descriptor.
        most_bytes: A longer payload is nonsense.
        deadline: On time.monotonic(); 0 waits as long as it takes.

    Raises:
        LostError: The other side is gone, too slow, or says what is no message.
    """
    n_head, n_payload = _LENGTHS.unpack(_read(pipe, _LENGTHS.size, deadline))
    if n_head > _LONGEST_HEAD or n_payload > most_bytes:
        raise LostError("gave an answer that is none")
    try:
        head = json.loads(_read(pipe, n_head, deadline))
    except ValueError as error:
        raise LostError("gave an answer that is none") from error
    if not isinstance(head, dict):
        raise LostError("gave an answer that is none")
    return head, _read(pipe, n_payload, deadline)


def is_readable(pipe: int, timeout_s: float) -> bool:
    """Wait until something can be read from a pipe, or its end; say whether that came in time."""
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        return bool(ready.select(timeout_s))


def _read(pipe: int, n_bytes: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < n_bytes:
        if deadline:
            _wait(pipe, selectors.EVENT_READ, deadline)
        try:
            piece = os.read(pipe, min(_PIECE_BYTES, n_bytes - len(data)))
        except OSError as error:
            raise LostError("ended") from error
        if not piece:
            raise LostError("ended")
        data += piece
    return bytes(data)


def _wait(pipe: int, event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, event)
        if not ready.select(max(deadline - time.monotonic(), 0)):
            raise LostError("took too long")
