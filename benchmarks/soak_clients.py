"""Who uses the server of the soak: readers, searchers, and people who put things right.

Readers are those of web_load. The others ask the API as programs do: nearest panels, searches with
a picture, corrections and their taking back, saved searches, exports. A book may be taken off the
shelf between two requests, and two people may correct one page: 404, 409 and 503 are answers, and
are counted; anything else that is not what was asked for is an error.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import httpx
from benchmarks.soak_watch import Stamped
from benchmarks.web_load import Person, Seen, Shelf

TOLERATED = (404, 409, 410, 503)


@dataclass
class Heard(Seen):
    """What clients were answered.

    Attributes:
        refused: Answers that a changing shelf explains, by kind and status.
        first_refused: The first of them.
        found_itself: Of the pictures that were searched with: asked, and found first.
        corrections: Saved, and taken back.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(Stamped))
    refused: Counter[str] = field(default_factory=Counter)
    first_refused: list[str] = field(default_factory=list)
    found_itself: list[int] = field(default_factory=lambda: [0, 0])
    corrections: list[int] = field(default_factory=lambda: [0, 0])

    def sort_errors(self) -> None:
        """Move what a changing shelf explains from the errors to the refused."""
        left = []
        for line in self.errors:
            status = line.rsplit(": ", 1)[-1]
            if status.isdigit() and int(status) in TOLERATED:
                self.refused[f"{line.split()[0]} {status}"] += 1
                if len(self.first_refused) < 20:
                    self.first_refused.append(line)
            else:
                left.append(line)
        self.errors[:] = left


class Program:
    """One client of the API."""

    def __init__(self, address: str, shelf: Shelf, heard: Heard, seed: int, rest_s: float) -> None:
        self._client = httpx.AsyncClient(base_url=address, timeout=60.0)
        self._shelf, self._heard, self._rest_s = shelf, heard, rest_s
        self._random = random.Random(seed)

    async def live(self, until: float) -> None:
        """Use the API until the time is over."""
        async with self._client:
            while time.monotonic() < until:
                await self.act()
                await asyncio.sleep(self._random.expovariate(1 / self._rest_s))

    async def act(self) -> None:
        """Do what this client does."""
        raise NotImplementedError

    async def ask(
        self, kind: str, address: str, method: str = "GET", **more: Any
    ) -> httpx.Response | None:
        """Send a request; None where it was refused or failed."""
        began = time.perf_counter()
        try:
            answer = await self._client.request(method, address, **more)
        except httpx.HTTPError as error:
            self._heard.errors.append(f"{kind} {address}: {error!r}")
            return None
        self._heard.seconds[kind].append(time.perf_counter() - began)
        if answer.is_success:
            return answer
        where = f"{kind} {address}"
        if answer.status_code not in TOLERATED:
            where += f" ({' '.join(answer.text[:160].split())})"
        self._heard.errors.append(f"{where}: {answer.status_code}")
        return None

    async def any_panel(self) -> str | None:
        """Return a panel that some word finds."""
        words = self._random.choice(self._shelf.words)
        answer = await self.ask("words", "/api/v1/search", params={"q": words, "k": 10})
        hits = answer.json()["hits"] if answer else []
        return self._random.choice(hits)["best"]["panel_id"] if hits else None


class PictureSearcher(Program):
    """Searches with the picture of a panel."""

    async def act(self) -> None:
        """Look a panel up, send its picture, and search with it."""
        panel = await self.any_panel()
        picture = await self.ask("picture", f"/pictures/panel/{panel}/640.webp") if panel else None
        if picture is None:
            return
        sent = await self.ask(
            "upload", "/api/v1/pictures", "POST",
            content=picture.content, headers={"Content-Type": "image/webp"},
        )  # fmt: skip
        if sent is None:
            return
        term = f"picture:{sent.json()['id']}"
        found = await self.ask("by picture", "/api/v1/search", params={"with": term, "k": 5})
        if found is not None:
            hits = [hit["best"]["panel_id"] for hit in found.json()["hits"]]
            self._heard.found_itself[0] += 1
            self._heard.found_itself[1] += bool(hits) and hits[0] == panel


class PanelSearcher(Program):
    """Asks for panels like a panel, in each space and in all."""

    async def act(self) -> None:
        """Look a panel up, and ask."""
        panel = await self.any_panel()
        if panel is None:
            return
        space = self._random.choice(("vision", "text", "composition", "fused", "contextual"))
        await self.ask("nearest", f"/api/v1/panels/{panel}/nearest", params={"space": space})
        await self.ask("by panel", "/api/v1/search", params={"with": f"panel:{panel}", "k": 20})
        await self.ask("facets", "/api/v1/facets")


class Corrector(Program):
    """Puts pages and books right, and takes some of it back."""

    async def act(self) -> None:
        """Correct a page or a book, or take back what was said of a book."""
        book, n_pages = self._random.choice(self._shelf.books)
        if self._random.random() < 0.35:
            taken = await self.ask(
                "take back", f"/api/v1/books/{book}/corrections/take-back", "POST", json={}
            )
            if taken is not None:
                self._heard.corrections[1] += taken.json()["n_taken_back"]
            return
        page = self._random.randrange(n_pages)
        is_of_book = self._random.random() < 0.2
        where = f"/api/v1/books/{book}" + ("" if is_of_book else f"/pages/{page}") + "/correction"
        state = await self.ask("correction", where)
        if state is None:
            return
        change = self._of_book() if is_of_book else self._of_page(state.json())
        saved = await self.ask(
            "correct", where, "PUT", json=change, headers={"If-Match": state.headers["etag"]}
        )
        self._heard.corrections[0] += saved is not None

    def _of_book(self) -> dict[str, object]:
        return {"series": self._random.choice(("Lantern Street", "Paper Harbor", "Said So"))}

    def _of_page(self, state: dict[str, Any]) -> dict[str, object]:
        kind = self._random.choice(("page_type", "review", "panels", "texts"))
        if kind == "page_type":
            return {"page_type": self._random.choice(("story", "splash", "text_page"))}
        if kind == "review":
            return {"review": self._random.choice(("right", "detector", "both_wrong"))}
        if kind == "panels":
            boxes = [{"box": p["box"]} for p in state["panels"]]
            return {"panels": list(reversed(boxes))}
        names = ("box", "text", "kind", "panel")
        texts = [{n: t[n] for n in names} for t in state["texts"]]
        for text in texts[:1]:
            text["text"] = f"{self._random.choice(self._shelf.words)} {text['text']}"[:400]
        return {"texts": texts}


class Saver(Program):
    """Saves searches, reads them in the catalogue, forgets them, and exports."""

    async def act(self) -> None:
        """Save a search, use it, and forget it."""
        word = self._random.choice(self._shelf.words)
        asked = {"name": f"soak {word}", "query": f"q={word}"}
        saved = await self.ask("save search", "/api/v1/saved-searches", "POST", json=asked)
        await self.ask("saved searches", "/api/v1/saved-searches")
        await self.ask("catalogue", "/opds")
        if saved is not None:
            known = saved.json()["search_id"]
            await self.ask("catalogue", f"/opds/searches/{known}")
            await self.ask("search as CBZ", f"/opds/searches/{known}/search.cbz")
            await self.ask("forget search", f"/api/v1/saved-searches/{known}", "DELETE")
        form = self._random.choice(("jsonl", "comicinfo", "cbxy"))
        await self.ask("export", "/api/v1/corrections/export", params={"format": form})
        await self.ask("review", "/api/v1/review")
        await self.ask("health", "/api/v1/health")


async def follow_shelf(address: str, shelf: Shelf, heard: Heard, until: float) -> None:
    """Let clients know which books there are now."""
    async with httpx.AsyncClient(base_url=address, timeout=60.0) as client:
        while time.monotonic() < until:
            try:
                found = (await client.get("/api/v1/books", params={"limit": 200})).json()["books"]
                shelf.books[:] = [
                    (b["book_id"], b["n_pages"]) for b in found if not b["is_missing"]
                ] or shelf.books
            except (httpx.HTTPError, ValueError, KeyError) as error:
                heard.errors.append(f"shelf: {error!r}")
            await asyncio.sleep(10)


async def visit(
    address: str, shelf: Shelf, heard: Heard, until: float, scale: tuple[int, float]
) -> None:
    """Let everybody live until the time is over.

    Args:
        address: Of the server.
        shelf: What there is to ask for; kept up to date.
        heard: Filled with what they were answered.
        until: When, by the monotonic clock.
        scale: How many readers, and the mean seconds between what one does.
    """
    n_readers, rest_s = scale
    readers = [Person(address, shelf, heard, rest_s, n) for n in range(n_readers)]
    programs = [
        PictureSearcher(address, shelf, heard, 100, 3 * rest_s),
        PanelSearcher(address, shelf, heard, 101, rest_s),
        Corrector(address, shelf, heard, 102, 12 * rest_s),
        Corrector(address, shelf, heard, 103, 12 * rest_s),
        Saver(address, shelf, heard, 104, 8 * rest_s),
    ]
    everybody = [*readers, *programs]
    await asyncio.gather(
        follow_shelf(address, shelf, heard, until), *(one.live(until) for one in everybody)
    )
