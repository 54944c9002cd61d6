"""The page of the API."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from longbox.web.api.describing import describe
from longbox.web.html import render
from longbox.web.services import Shared

pages = APIRouter()
api = APIRouter()


@pages.get("/api")
def api_page(request: Request, services: Shared) -> HTMLResponse:
    """Show what programs can ask, as this server answers it."""
    address = str(request.base_url).rstrip("/")
    page = describe(request.app.openapi(), address)
    needs_token = services.options.token is not None
    return render(request, "api/api.html", page=page, address=address, needs_token=needs_token)
