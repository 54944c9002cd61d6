"""The report: made by a job, opened in the browser, its tables downloaded.

The report's page brings script and style of its own and shows titles of strangers' books. So it is
served into a sandbox: it may run its own script, but is of no origin, may ask no server, and holds
no cookie. Reports of others that lie in the library's place can do no more than that.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from longbox.analysis import Unit
from longbox.analysis.report import HTML_NAME
from longbox.vectors import Space
from longbox.web.addresses import report_address
from longbox.web.jobs import Job
from longbox.web.services import Shared
from longbox.web.study.reports import (
    REPORT_KIND,
    ReportFile,
    kept_report,
    remove_report,
    report_file,
)

pages = APIRouter()
api = APIRouter(tags=["studies"])

SANDBOX: Final = "; ".join(
    (
        "sandbox allow-scripts",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "script-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


class ReportAnswer(BaseModel):
    """The report of this library; nothing of it where none was made."""

    made_at: str | None = Field(description="ISO 8601 time; null where there is none")
    page: str | None = Field(description="address to read it at")
    files: list[ReportFile]


class ReportRequest(BaseModel):
    """What the report is made of."""

    spaces: list[Space] = Field(default_factory=list, description="all there are when empty")
    units: list[Unit] = Field(default=[Unit.PAGES], min_length=1, max_length=2)
    most: int = Field(default=50_000, ge=30, le=1_000_000, description="units a space at most")
    with_ablation: bool = Field(default=True, description="compare the spaces too")


@pages.get("/study/report/{name}")
def report_page(services: Shared, name: str) -> FileResponse:
    """Give the report's page to read, or one of its tables to keep."""
    path = report_file(services.library.root, name)
    if path is None:
        raise HTTPException(404, "there is no such report yet; make one on the page of the study")
    is_page = name == HTML_NAME
    return FileResponse(
        path,
        media_type=_TYPES[name.rpartition(".")[2]],
        filename=None if is_page else f"longbox-{name}",
        headers={"Content-Security-Policy": SANDBOX, "Cache-Control": "private, no-cache"},
    )


@api.get("/report")
def get_report(services: Shared) -> ReportAnswer:
    """Say which report there is, and its files."""
    found = kept_report(services.library.root)
    if found is None:
        return ReportAnswer(made_at=None, page=None, files=[])
    return ReportAnswer(
        made_at=found.made_at, page=report_address(HTML_NAME), files=list(found.files)
    )


@api.post("/report", status_code=202)
def ask_report(request: Request, services: Shared, asked: ReportRequest) -> Job:
    """Start the job that makes the report; it replaces the older one when it is done."""
    there = services.library.spaces()
    absent = [space for space in asked.spaces if space not in there]
    if absent or not there:
        lacking = f"no {absent[0]} vectors" if absent else "no vectors yet: index comics first"
        raise HTTPException(400, f"this library has {lacking}")
    return services.jobs.submit(
        REPORT_KIND.name,
        {
            "spaces": [space.value for space in dict.fromkeys(asked.spaces)],
            "units": [unit.value for unit in dict.fromkeys(asked.units)],
            "most": asked.most,
            "with_ablation": asked.with_ablation,
            "address": str(request.base_url).rstrip("/"),
        },
    )


@api.delete("/report", status_code=204)
def delete_report(services: Shared) -> None:
    """Delete the report and its tables."""
    if not remove_report(services.library.root):
        raise HTTPException(404, "there is no report")
