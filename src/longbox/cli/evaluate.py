"""`longbox eval ...`: how good is what Longbox understood, beside chance and simple baselines.

Every figure stands with its chance and a 95 % interval. Models are loaded where they are asked for
only: a library without one is scored with the untrained baselines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from longbox.cli.evaluate_spread import asking
from longbox.cli.evaluate_tables import (
    show_closure,
    show_orders,
    show_page_types,
    show_panels,
    show_retrieval,
)
from longbox.cli.progress import counting
from longbox.cli.terminal import (
    ConfigOption,
    JsonOption,
    LibraryOption,
    SchedulerOption,
    library_root,
    notes,
    open_library,
    plural,
    print_json,
    say_note,
)
from longbox.errors import ModelError

if TYPE_CHECKING:
    from longbox.config import Config
    from longbox.features import BookFeatures, PanelModel
    from longbox.tasks import Choice, Corpus, Scorer

app = typer.Typer(
    help="Score what Longbox understood: closure tasks, search, order, page types, panels.",
    no_args_is_help=True,
)
DEFAULT_SAMPLES = 300
Record = TypeVar("Record")

ModelOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--model",
        "-m",
        help="Folder of a trained model; may be given more than once. The library's or the "
        "package's own when not given.",
        show_default=False,
    ),
]
SamplesOption = Annotated[
    int | None,
    typer.Option(
        "--samples",
        "-n",
        min=1,
        help=f"Samples of each kind: {DEFAULT_SAMPLES} of a library, all of a data set, when not "
        f"given.",
        show_default=False,
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Of samples and intervals.")]
PapOption = Annotated[
    Path | None,
    typer.Option("--comicspap", help="Folder of ComicsPAP's validation files, as published."),
]
ClozeOption = Annotated[
    Path | None,
    typer.Option("--comics-cloze", help="Folder of COMICS with its text-cloze folds."),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What every command was told."""

    library: Path | None
    config: Path | None
    models: tuple[Path, ...]
    samples: int | None
    seed: int
    scheduler: str | None = None

    @property
    def n(self) -> int:
        """Samples of each kind of a library."""
        return self.samples or DEFAULT_SAMPLES


@app.command("closure")
def closure(
    library: LibraryOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
    samples: SamplesOption = None,
    seed: SeedOption = 0,
    comicspap: PapOption = None,
    comics_cloze: ClozeOption = None,
    scheduler: SchedulerOption = None,
    json: JsonOption = False,
) -> None:
    """Which panel or text comes next: every task by difficulty and by what is shown."""
    asked = Asked(library, config, tuple(model or ()), samples, seed, scheduler)
    found: dict[str, Any] = {}
    has_data_set = comicspap is not None or comics_cloze is not None
    if not has_data_set or library_root(library).is_dir():
        found["closure"] = _closure(asked, _corpus(asked), quiet=json)
    found |= _published(asked, comicspap, comics_cloze, quiet=json)
    if json:
        print_json({"seed": seed, **found})


@app.command("order")
def order(
    library: LibraryOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
    samples: SamplesOption = None,
    seed: SeedOption = 0,
    scheduler: SchedulerOption = None,
    json: JsonOption = False,
) -> None:
    """Put shuffled panels in order from what they show, their places unknown."""
    asked = Asked(library, config, tuple(model or ()), samples, seed, scheduler)
    found = _order(asked, _corpus(asked), quiet=json)
    if json:
        print_json({"seed": seed, "order": found})


@app.command("retrieval")
def retrieval(
    library: LibraryOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
    samples: SamplesOption = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Find panels by a harsh crop or by one utterance, in each space and in the fused one."""
    asked = Asked(library, config, tuple(model or ()), samples, seed)
    found = _retrieval(asked, _corpus(asked), quiet=json)
    if json:
        print_json({"seed": seed, "retrieval": found})


@app.command("page-types")
def page_types(
    library: LibraryOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Label pages anew whose type a person or ComicInfo.xml told, and compare."""
    found = _page_types(Asked(library, config, (), None, 0), quiet=json)
    if json:
        print_json({"page_types": found})


@app.command("panels")
def panels(
    library: LibraryOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Find the panels of corrected pages anew, and compare."""
    found = _panels(Asked(library, config, (), None, 0), quiet=json)
    if json:
        print_json({"panels": found})


@app.command("all")
def everything(
    library: LibraryOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
    samples: SamplesOption = None,
    seed: SeedOption = 0,
    comicspap: PapOption = None,
    comics_cloze: ClozeOption = None,
    scheduler: SchedulerOption = None,
    json: JsonOption = False,
) -> None:
    """All of them, one after the other."""
    asked = Asked(library, config, tuple(model or ()), samples, seed, scheduler)
    corpus = _corpus(asked)
    found = {
        "closure": _closure(asked, corpus, quiet=json),
        "order": _order(asked, corpus, quiet=json),
        "retrieval": _retrieval(asked, corpus, quiet=json),
        "page_types": _page_types(asked, quiet=json),
        "panels": _panels(asked, quiet=json),
        **_published(asked, comicspap, comics_cloze, quiet=json),
    }
    if json:
        print_json({"seed": seed, **found})


def _config(asked: Asked) -> Config:
    from longbox.config import load_config

    root = library_root(asked.library)
    return load_config(asked.config, root if root.is_dir() else None)


def _corpus(asked: Asked) -> tuple[BookFeatures, ...]:
    """Read the library as features; lettering is encoded piece by piece the first time."""
    from longbox.encoders import sentence_encoder
    from longbox.evaluation import library_corpus

    with open_library(asked.library) as opened, counting(notes, "reading books") as progress:
        sentences = sentence_encoder(_config(asked).encoders.sentence)
        corpus = library_corpus(opened, sentences, say_note, progress)
    notes.print(
        f"{plural(len(corpus), 'book')}, {plural(sum(b.n_panels for b in corpus), 'panel')}"
    )
    return corpus


def _trained(asked: Asked) -> tuple[Scorer, ...]:
    """Return the trained scorers of the models that were asked for, or of the default ones.

    Raises:
        ModelError: A model that was named cannot be used.
    """
    from longbox.learning.trained_scorers import scorers

    if asked.models:
        return tuple(scorer for folder in asked.models for scorer in scorers(folder))
    own = library_root(asked.library) / "models"
    try:
        return scorers(own if (own / "sequence").is_dir() else None)
    except ModelError as error:
        say_note(f"only untrained scorers are shown: {error}")
        return ()


def _panel_model(asked: Asked) -> PanelModel | None:
    """Return the first model that was asked for, or the default one; None without any.

    Raises:
        ModelError: A model that was named cannot be used.
    """
    from longbox.pipeline import library_model

    if asked.models:
        from longbox.fusion import open_fusion
        from longbox.pipeline.panel_model import SequencePanelModel

        folder = asked.models[0]
        return SequencePanelModel(open_fusion(folder / "fusion"), folder / "sequence", 1)
    try:
        return library_model(library_root(asked.library))
    except ModelError as error:
        say_note(f"the fused space is not asked: {error}")
        return None


def _closure(asked: Asked, corpus: Corpus, *, quiet: bool) -> list[dict[str, Any]]:
    from longbox.evaluation import draw_closure

    samples = draw_closure(corpus, asked.n, asked.seed)
    if not samples:
        say_note(
            "no closure task can be asked: it takes three panels of a story in a row and other "
            "panels to choose from; index more books"
        )
    return _score(asked, corpus, samples, "closure in the library", quiet=quiet)


def _score(
    asked: Asked, corpus: Corpus, samples: Sequence[Choice], title: str, *, quiet: bool
) -> list[dict[str, Any]]:
    from longbox.evaluation import closure_sections, scored_choices, untrained_scorers

    if not samples:
        return []
    untrained, trained = untrained_scorers(asked.seed), _trained(asked)
    each = asking(_config(asked), asked.scheduler)
    answers = each(scored_choices, (*untrained, *trained), (corpus, tuple(samples), asked.seed))
    table = closure_sections(untrained, trained, answers, say_note, asked.seed)
    return show_closure(table, title, quiet=quiet)


def _published(
    asked: Asked, pap: Path | None, cloze: Path | None, *, quiet: bool
) -> dict[str, list[dict[str, Any]]]:
    """Score the data sets that were given, whole unless --samples says otherwise."""
    from longbox.encoders import picture_encoder, sentence_encoder
    from longbox.evaluation import (
        comics_cloze_corpus,
        comics_pap_corpus,
        lettering_reader,
        read_comics_cloze,
        read_comics_pap,
    )

    found: dict[str, list[dict[str, Any]]] = {}
    if pap is None and cloze is None:
        return found
    names = _config(asked).encoders
    encoders = picture_encoder(names.picture), sentence_encoder(names.sentence)
    if pap is not None:
        records = read_comics_pap(pap.expanduser(), say_note, most=asked.samples)
        with counting(notes, "ComicsPAP samples") as progress:
            counted = _counted(records, progress)
            corpus, samples = comics_pap_corpus(counted, *encoders, say_note, lettering_reader())
        found["comicspap"] = _score(asked, corpus, samples, "ComicsPAP, validation", quiet=quiet)
    if cloze is not None:
        folder = cloze.expanduser()
        questions = read_comics_cloze(folder, say_note, most=asked.samples)
        with counting(notes, "COMICS questions") as progress:
            corpus, samples = comics_cloze_corpus(
                folder, _counted(questions, progress), *encoders, say_note
            )
        found["comics_cloze"] = _score(
            asked, corpus, samples, "COMICS text-cloze, dev", quiet=quiet
        )
    return found


def _counted(records: Iterable[Record], progress: Callable[[int, int], None]) -> Iterator[Record]:
    """Yield records, telling how many there were."""
    for number, record in enumerate(records):
        progress(number + 1, 0)
        yield record


def _order(asked: Asked, corpus: Corpus, *, quiet: bool) -> list[dict[str, Any]]:
    from longbox.evaluation import draw_orders, order_table, untrained_orderers

    samples = draw_orders(corpus, asked.n, asked.seed)
    if not samples:
        say_note("no reading order can be asked: it takes three panels of a story in a row")
        return []
    scorers = (*untrained_orderers(asked.seed), *_trained(asked))
    each = asking(_config(asked), asked.scheduler)
    return show_orders(
        order_table(corpus, samples, scorers, say_note, asked.seed, each), quiet=quiet
    )


def _retrieval(
    asked: Asked, corpus: tuple[BookFeatures, ...], *, quiet: bool
) -> list[dict[str, Any]]:
    from longbox.evaluation import picture_queries, space_retrieval, text_queries

    with open_library(asked.library) as opened:
        crops = picture_queries(opened, corpus, _config(asked), asked.n, say_note, asked.seed)
    texts = text_queries(corpus, asked.n, asked.seed)
    if texts is None:
        say_note("no panel has two pieces of lettering of which one could ask for it")
    asked_for = [q for q in (crops, texts) if q is not None]
    model = _panel_model(asked) if asked_for else None
    scores = []
    for queries in asked_for:
        try:
            scores.append(space_retrieval(corpus, queries, model, asked.seed))
        except ModelError as error:
            say_note(f"the fused space is not asked for {queries.space}: {error}")
            scores.append(space_retrieval(corpus, queries, None, asked.seed))
    return show_retrieval(scores, quiet=quiet)


def _page_types(asked: Asked, *, quiet: bool) -> dict[str, Any] | None:
    from longbox.evaluation import score_library_page_types

    with open_library(asked.library) as opened:
        truth = score_library_page_types(opened, _config(asked), say_note)
    if truth is None:
        say_note(
            "nobody told the type of a page of this library (no ComicInfo.xml with page types, no "
            "correction), so there is nothing to compare page types with"
        )
        return None
    return show_page_types(truth, quiet=quiet)


def _panels(asked: Asked, *, quiet: bool) -> dict[str, Any] | None:
    from longbox.evaluation import score_library_panels

    with open_library(asked.library) as opened:
        truth = score_library_panels(opened, _config(asked), say_note)
    if truth is None:
        say_note(
            "no page of this library has corrected panels, so there is nothing to compare panels "
            "with; `longbox import` takes them from other programs' files"
        )
        return None
    return show_panels(truth, quiet=quiet)
