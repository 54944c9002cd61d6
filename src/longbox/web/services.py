"""What the slices of the web page share: one of each a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from longbox.config import Config
from longbox.library import Library
from longbox.retrieval import Searcher
from longbox.web.jobs import JobBoard
from longbox.web.options import WebOptions
from longbox.web.pictures import PictureServer, UploadStore
from longbox.web.search import SearchDesk


@dataclass(frozen=True, slots=True)
class Services:
    """An open library and what answers about it."""

    library: Library
    config: Config
    options: WebOptions
    searcher: Searcher
    pictures: PictureServer
    uploads: UploadStore
    jobs: JobBoard
    desk: SearchDesk

    def close(self) -> None:
        """End the processes that were started; the library is the caller's to close."""
        self.jobs.close()
        self.pictures.close()


def services_of(request: Request) -> Services:
    """Return the services of the application that a request came to."""
    found: Services = request.app.state.services
    return found


# What a route asks for: `def route(services: Shared) -> ...`.
Shared = Annotated[Services, Depends(services_of)]
