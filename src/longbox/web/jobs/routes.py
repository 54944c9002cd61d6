"""Jobs in the API and on their own page."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, JsonValue
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, StreamingResponse

from longbox.web.html import render
from longbox.web.ids import JobId
from longbox.web.jobs.events import JobEvents
from longbox.web.jobs.records import Job
from longbox.web.services import Shared

pages = APIRouter()
api = APIRouter(tags=["jobs"])


class JobRequest(BaseModel):
    """What to do."""

    kind: str = Field(max_length=40, description="index, apply_corrections, embed, sync, health …")
    arguments: dict[str, JsonValue] = Field(
        default_factory=dict, description="of this kind; index takes paths and refresh"
    )


@api.get("/jobs")
def list_jobs(services: Shared) -> list[Job]:
    """List what waits, runs and has ended, newest first."""
    return list(services.jobs.jobs())


@api.post("/jobs", status_code=202)
def start_job(services: Shared, asked: JobRequest) -> Job:
    """Start long work, or queue it behind what runs."""
    return services.jobs.submit(asked.kind, asked.arguments)


@api.get(
    "/jobs/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "events job, quiet"}},
)
async def job_events(request: Request, services: Shared) -> StreamingResponse:
    """Follow the jobs as server-sent events, until none waits or runs."""
    events = getattr(request.app.state, "job_events", None)
    if events is None:
        events = request.app.state.job_events = JobEvents(services.jobs)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events.open(), media_type="text/event-stream", headers=headers)


@api.get("/jobs/{job_id}")
def get_job(services: Shared, job_id: JobId) -> Job:
    """Return one job."""
    return _found(services.jobs.get(job_id))


@api.delete("/jobs/{job_id}")
def stop_job(services: Shared, job_id: JobId) -> Job:
    """Stop a job in order; what it has done is kept. One that has ended stays as it is."""
    return _found(services.jobs.cancel(job_id))


@pages.get("/jobs")
def jobs_page(request: Request, services: Shared) -> HTMLResponse:
    """Show what runs, what waits and what became of the last jobs."""
    return render(
        request,
        "jobs/jobs.html",
        active=services.jobs.active(),
        over=[job for job in services.jobs.jobs() if job.is_over],
    )


def _found(job: Job | None) -> Job:
    if job is None:
        raise HTTPException(404, "there is no such job; only the last hundred are remembered")
    return job
