"""Whether who asks already has what would be sent."""

from __future__ import annotations

from fastapi import Request


def is_known(request: Request, etag: str) -> bool:
    """Whether a request says that it has the answer of this ETag, which is given with its quotes.

    Weak and strong tags count alike: that is what If-None-Match asks for.
    """
    said = ",".join(request.headers.getlist("if-none-match"))
    offered = {each.strip().removeprefix("W/") for each in said.split(",")}
    return etag in offered or "*" in offered
