"""An OpenAI-compatible server that answers as it is told to, page by page.

A request is answered after the plan of its page: the server knows the page by the colour of its
top left pixel. The first requests for a page may fail and later ones succeed; `requests` keeps
what was asked, so that tests can see tokens, formats and times.
"""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

N_PANELS = 3
# Three tiers on a page of 300 x 600 pixels, as drawn by `draw_page`.
TIERS = ((10, 10, 290, 190), (10, 210, 290, 390), (10, 410, 290, 590))
PAGE_WIDTH, PAGE_HEIGHT = 300, 600


def gemini(box: tuple[int, int, int, int]) -> list[int]:
    x0, y0, x1, y1 = box
    return [y0 * 1000 // 600, x0 * 1000 // 300, y1 * 1000 // 600, x1 * 1000 // 300]


def glm(box: tuple[int, int, int, int]) -> list[int]:
    y0, x0, y1, x1 = gemini(box)
    return [x0, y0, x1, y1]


def panel(number: int, box: Any, **changes: Any) -> dict[str, Any]:
    made = {
        "panel_number": number,
        "box_2d": box,
        "description": f"a fox runs over hill {number}",
        "characters": ["fox"],
        "actions": ["runs"],
        "setting": "a hill at dawn",
        "shot": "long",
        "text_content": [
            {"label": "dialogue", "speaker": "fox", "text": f"HOP {number}", "box_2d": None}
        ],
    }
    return made | changes


def page(panels: list[Any] | None = None, **changes: Any) -> dict[str, Any]:
    if panels is None:
        panels = [panel(i + 1, gemini(box)) for i, box in enumerate(TIERS)]
    return {"overall_summary": "A fox crosses three hills.", "panels": panels} | changes


GOOD = json.dumps(page())


@dataclass
class Answer:
    """One response. `text` is wrapped into a chat completion unless a body is given."""

    text: str | None = None
    finish: str = "stop"
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    usage: Any = "usual"
    message: dict[str, Any] = field(default_factory=dict)
    act: Callable[[BaseHTTPRequestHandler], None] | None = None

    def payload(self) -> bytes:
        if self.body is not None:
            return self.body
        usage = {"prompt_tokens": 1000, "completion_tokens": 300}
        value = {
            "choices": [
                {
                    "index": 0,
                    "finish_reason": self.finish,
                    "message": {"role": "assistant", "content": self.text} | self.message,
                }
            ],
            "usage": usage if self.usage == "usual" else self.usage,
        }
        return json.dumps(value).encode()


Plan = Callable[[int, dict[str, Any]], Answer]


def draw_page(number: int) -> Image.Image:
    """A page of three tiers that the server recognises by its paper's colour."""
    colour = _colour_of(number)
    drawn = Image.new("RGB", (PAGE_WIDTH, PAGE_HEIGHT), colour)
    for i, (x0, y0, x1, y1) in enumerate(TIERS):
        drawn.paste((90 + 40 * i, 140, 90), (x0, y0, x1, y1))
    return drawn


def _colour_of(number: int) -> tuple[int, int, int]:
    # Steps of 12 in the channels survive JPEG at the qualities that are used.
    return 255 - 12 * (number % 10), 255 - 12 * (number // 10), 250


def page_number(jpeg: bytes) -> int:
    """Recognise a page by the colour in its right margin, where no panel is outlined."""
    picture = Image.open(io.BytesIO(jpeg)).convert("RGB")
    x, y = picture.width - 1, picture.height - 1
    red, green, _ = picture.getpixel((x, y))  # type: ignore[misc]
    return round((255 - red) / 12) + 10 * round((255 - green) / 12)


@dataclass
class Server:
    """A running server.

    Attributes:
        requests: (page number, request body, time) of every request, in order.
        most_at_once: Largest number of requests that were being answered at one time.
    """

    url: str
    requests: list[tuple[int, dict[str, Any], float]]
    keys: list[str | None]
    most_at_once: int = 0

    def count(self) -> Counter[int]:
        return Counter(number for number, _, _ in self.requests)


@contextmanager
def misbehaving(plans: dict[int, Plan] | Plan, delay_s: float = 0.0) -> Iterator[Server]:
    """Run a server; a page number without a plan gets a good answer."""
    server = Server("", [], [])
    attempts: dict[int, int] = defaultdict(int)
    lock = threading.Lock()
    flying = [0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            request = json.loads(data)
            url = request["messages"][-1]["content"][0]["image_url"]["url"]
            number = page_number(base64.b64decode(url.split(",", 1)[1]))
            with lock:
                attempt = attempts[number]
                attempts[number] += 1
                server.requests.append((number, request, time.monotonic()))
                server.keys.append(self.headers.get("Authorization"))
                flying[0] += 1
                server.most_at_once = max(server.most_at_once, flying[0])
            try:
                if delay_s:
                    time.sleep(delay_s)
                plan = plans if callable(plans) else plans.get(number, lambda *_: Answer(GOOD))
                self._send(plan(attempt, request))
            except OSError:
                self.close_connection = True  # the client gave up: nothing to tell it
            finally:
                with lock:
                    flying[0] -= 1

        def _send(self, answer: Answer) -> None:
            if answer.act is not None:
                self.close_connection = True
                answer.act(self)
                return
            body = answer.payload()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            return

    http = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
