"""`longbox describe`: a vision-language model says what is to be seen in every panel."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from longbox.cli.progress import counting
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    notes,
    one_line,
    open_library,
    plural,
    print_json,
)
from longbox.config import load_config
from longbox.errors import ConfigError
from longbox.pipeline import (
    DescribeEstimate,
    DescribePlan,
    DescribeProgress,
    DescribeReport,
    Prices,
    describe_library,
    estimate_descriptions,
)
from longbox.text.vlm import BoxConvention, VlmOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from longbox.library import Library

_MAX_PROBLEMS_SHOWN = 20


def describe(
    endpoint: Annotated[
        str,
        typer.Option(help="An OpenAI-compatible server, such as http://localhost:11434/v1."),
    ],
    model: Annotated[str, typer.Option(help="The model's name as the server knows it.")],
    library: LibraryOption = None,
    config: ConfigOption = None,
    book: Annotated[list[str] | None, typer.Option(help="Only this book id; may repeat.")] = None,
    series: Annotated[str | None, typer.Option(help="Only series with this in the name.")] = None,
    title: Annotated[str | None, typer.Option(help="Only books with this in the title.")] = None,
    limit: Annotated[
        int | None, typer.Option(help="Ask about at most so many pages.", min=0)
    ] = None,
    at_once: Annotated[
        int, typer.Option("--at-once", help="Requests in the air at once.", min=1, max=256)
    ] = 4,
    price_in: Annotated[
        float, typer.Option("--price-in", help="Price of a million prompt tokens.", min=0)
    ] = 0.0,
    price_out: Annotated[
        float, typer.Option("--price-out", help="Price of a million answer tokens.", min=0)
    ] = 0.0,
    budget: Annotated[
        float | None, typer.Option(help="Stop before the run costs more; needs prices.", min=0)
    ] = None,
    token_budget: Annotated[
        int | None, typer.Option(help="Stop before the run uses more tokens.", min=0)
    ] = None,
    answer_tokens: Annotated[int, typer.Option(help="Token limit of an answer.", min=1)] = 3000,
    max_answer_tokens: Annotated[
        int, typer.Option(help="Largest limit when a truncated page is asked again.", min=1)
    ] = 12000,
    timeout: Annotated[
        float, typer.Option(help="Seconds until an answer is given up.", min=0.1)
    ] = 300.0,
    boxes: Annotated[
        BoxConvention, typer.Option(help="How the model writes boxes; auto looks at each answer.")
    ] = BoxConvention.AUTO,
    key_variable: Annotated[
        str, typer.Option(help="Environment variable that holds the API key, if there is one.")
    ] = "LONGBOX_API_KEY",
    again: Annotated[bool, typer.Option("--again", help="Also pages that are done.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many pages and tokens, and ask nobody.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Have a vision-language model describe pages; what is done is skipped."""
    options = VlmOptions(
        endpoint,
        model,
        _key(key_variable),
        boxes,
        answer_tokens=answer_tokens,
        max_answer_tokens=max(answer_tokens, max_answer_tokens),
        timeout_s=timeout,
    )
    plan = DescribePlan(
        tuple(book or ()),
        series,
        title,
        n_pages=limit,
        n_at_once=at_once,
        again=again,
        prices=Prices(price_in, price_out),
        max_cost=budget,
        max_tokens=token_budget,
    )
    with open_library(library) as opened:
        if dry_run:
            _show_estimate(estimate_descriptions(opened, options, plan), json)
            return
        settings = load_config(config, opened.root)
        with _progress(opened) as tell:
            report = describe_library(opened, settings, options, plan, tell)
    if json:
        print_json(_as_json(report))
    else:
        _say(report)
    if report.was_interrupted:
        raise typer.Exit(130)
    n_done = sum(n for state, n in report.states.items() if state.is_done)
    if not n_done and (report.problems or report.stopped):
        raise typer.Exit(1)


def _key(variable: str) -> str | None:
    """Read the key; a variable that was named but is not set is a mistake, not an empty key."""
    value = os.environ.get(variable, "").strip()
    if not value and variable != "LONGBOX_API_KEY":
        raise ConfigError(f"the environment variable {variable} is not set; set it to the API key")
    return value or None


@contextmanager
def _progress(library: Library) -> Iterator[Callable[[DescribeProgress], None]]:
    """Show a bar; the pages of books not yet looked at are not in its total."""
    with counting(notes, f"describing {library.root.name}") as count:
        yield lambda step: count(step.n_pages_done, step.n_pages_total)


def _show_estimate(estimate: DescribeEstimate, as_json: bool) -> None:
    if as_json:
        print_json(estimate)
        return
    notes.print(
        f"{plural(estimate.n_to_ask, 'page')} of {plural(estimate.n_books, 'book')} to ask about, "
        f"{estimate.n_cached} known from earlier answers, {estimate.n_done_before} done, "
        f"{estimate.n_left_out} left out"
    )
    notes.print(
        f"about {estimate.n_prompt_tokens:,} prompt tokens and {estimate.n_answer_tokens:,} "
        f"answer tokens" + (f", cost about {estimate.cost:.2f}" if estimate.cost else "")
    )


def _as_json(report: DescribeReport) -> dict[str, object]:
    return {
        "asked": report.n_asked,
        "cached": report.n_cached,
        "done_before": report.n_done_before,
        "given_up": report.n_given_up,
        "left_out": report.n_left_out,
        "books": report.n_books,
        "states": {state.value: n for state, n in sorted(report.states.items())},
        "requests": report.n_requests,
        "tokens": report.n_tokens,
        "cost": round(report.cost, 6),
        "answer_format": report.answer_format,
        "stopped": report.stopped,
        "interrupted": report.was_interrupted,
        "seconds": round(report.wall_s, 3),
        "problems": report.problems,
    }


def _say(report: DescribeReport) -> None:
    for problem in report.problems[:_MAX_PROBLEMS_SHOWN]:
        page = "" if problem.page is None else f" page {problem.page + 1}:"
        where = "" if problem.file in problem.reason else f"{problem.file}:"
        line = one_line(f"{where}{page} {problem.reason}")
        notes.print(f"  {line}", style="yellow", markup=False)
    if (more := len(report.problems) - _MAX_PROBLEMS_SHOWN) > 0:
        notes.print(f"  and {plural(more, 'page')} more")
    states = ", ".join(f"{n} {state.value}" for state, n in sorted(report.states.items()))
    cost = f", cost {report.cost:.4f}" if report.cost else ""
    notes.print(
        f"{plural(report.n_asked, 'page')} asked, {report.n_cached} from earlier answers"
        f"{f' ({states})' if states else ''}, {report.n_tokens:,} tokens{cost}, "
        f"{report.wall_s:.0f} s"
    )
    if report.answer_format not in (None, "json_schema"):
        notes.print(f"the server took no JSON schema; asked with: {report.answer_format}")
    if report.n_done_before:
        notes.print(f"{plural(report.n_done_before, 'page')} done before; --again asks anew")
    if report.n_left_out:
        notes.print(f"{plural(report.n_left_out, 'page')} left out: blank, or cannot be decoded")
    if report.n_given_up:
        notes.print(
            f"{plural(report.n_given_up, 'page')} stayed truncated; raise --max-answer-tokens"
        )
    if report.stopped:
        notes.print(f"stopped: {one_line(report.stopped)}", markup=False)
    if report.stopped or report.was_interrupted:
        notes.print("what is done is kept, the same command goes on from here")
