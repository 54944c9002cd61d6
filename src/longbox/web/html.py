"""HTML from templates: autoescaped, with the addresses and words that every page needs.

Text from books, lettering and models reaches a page through here only, and is always escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from longbox.web import addresses
from longbox.web.services import services_of
from longbox.wording import plural, size, spoken, when


def render(request: Request, name: str, status_code: int = 200, **values: object) -> HTMLResponse:
    """Return a page.

    Args:
        request: What is answered; templates know its path and the server's options.
        name: Template below web/templates, such as "search/results.html".
        status_code: HTTP status.
        **values: What the template shows.
    """
    services = services_of(request)
    shared: Mapping[str, object] = {
        "path": request.url.path,
        "query": dict(request.query_params),
        "is_read_only": services.options.is_read_only,
        # A fragment that htmx asked for goes without the frame around it.
        "is_fragment": is_fragment(request),
    }
    html = _environment().get_template(name).render({**shared, **values})
    return HTMLResponse(html, status_code=status_code)


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of a page; on the way back in the history it wants all of it."""
    headers = request.headers
    is_return = headers.get("hx-history-restore-request") == "true"
    return headers.get("hx-request") == "true" and not is_return


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("longbox.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made = {name: getattr(addresses, name) for name in dir(addresses) if _is_address(name)}
    environment.globals.update(made)
    environment.filters["plural"] = plural
    environment.filters["spoken"] = spoken
    environment.filters["count"] = lambda n: f"{n:,}"
    environment.filters["when"] = when
    environment.filters["size"] = size
    return environment


def _is_address(name: str) -> bool:
    return name.endswith(("_address", "_picture"))
