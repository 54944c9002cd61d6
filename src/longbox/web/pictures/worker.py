"""A picture process: python -m longbox.web.pictures.worker SETTINGS.

It answers one request after the other, as `messages` says them: "render" makes a WebP of a page or
a panel, "upload" the WebP that is kept of a picture somebody sent, "pixels" decodes such a picture.
It may be killed at any moment. After a quiet minute it lets go of the files it keeps open.

What is wrong with a file is an answer; anything unforeseen ends the process, as the server then
says.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import Any, Final

from longbox.errors import ComicError, PageError
from longbox.geometry import Box
from longbox.ingest import IngestOptions, decode_picture
from longbox.web.heap import keep_heap_small
from longbox.web.pictures.comics import OpenComics, PagePlace
from longbox.web.pictures.confinement import confine, end_within
from longbox.web.pictures.messages import LostError, is_readable, receive, send
from longbox.web.pictures.rendering import render, render_upload, resized

_QUIET_S: Final = 60.0
_GRACE_S: Final = 5.0


def main() -> None:
    """Serve requests until they end."""
    settings = json.loads(sys.argv[1])
    keep_heap_small()
    confine(int(settings["memory_bytes"]), int(settings["parent"]))
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    desk = _Desk(IngestOptions(**settings["ingest"]), int(settings["max_upload_pixels"]))
    send(answers, {"ready": True})
    try:
        while True:
            if not is_readable(requests, _QUIET_S):
                desk.comics.close()
            head, payload = receive(requests, int(settings["max_upload_bytes"]))
            end_within(float(head["timeout_s"]) + _GRACE_S)
            send(answers, *desk.answer(head, payload))
            end_within(0)
    except LostError:
        desk.comics.close()


class _Desk:
    """Answers requests; errors about a file become answers."""

    def __init__(self, options: IngestOptions, max_upload_pixels: int) -> None:
        self.comics = OpenComics(options)
        most = min(max_upload_pixels, options.max_pixels)
        self._upload_options = dataclasses.replace(options, max_pixels=most)

    def answer(self, head: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        try:
            return self._do(head, payload)
        except ComicError as error:
            return {"error": type(error).__name__, "message": str(error)}, b""
        except MemoryError:
            self.comics.close()
            reason = "the picture takes more memory than it may; make it smaller"
            return {"error": PageError.__name__, "message": reason}, b""

    def _do(self, head: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        if head["do"] == "render":
            pixels = self.comics.pixels(PagePlace(**head["place"]))
            box = None if head["box"] is None else Box(*head["box"])
            made = render(pixels, int(head["width_px"]), box)
            return {"width": made.width, "height": made.height}, made.data
        pixels = decode_picture(payload, self._upload_options)
        side_px = int(head["side_px"])
        if head["do"] == "upload":
            made = render_upload(pixels, side_px)
            return {"width": made.width, "height": made.height}, made.data
        height, width = pixels.shape[:2]
        factor = min(1.0, side_px / max(width, height))
        small = resized(pixels, max(1, round(width * factor)), max(1, round(height * factor)))
        return {"width": small.shape[1], "height": small.shape[0]}, small.tobytes()


if __name__ == "__main__":
    main()
