"""All settings in one place: every room's options, read from one TOML file.

    [encoders]
    picture = "hf:google/siglip2-base-patch16-224"
    [index]
    n_workers = 2

Each table is a room and each key a field of its options, so the options classes are the
reference. An unknown table or key is an error that names the nearest known one: a setting with a
typing mistake must not be silently the default. Where settings come from: the file that the
caller names, else LONGBOX_CONFIG, else `config.toml` inside the library, else the defaults; files
are not merged, so that one file always says everything.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import msgspec

from longbox.errors import ConfigError
from longbox.ingest import IngestOptions
from longbox.page_types import PageTypeOptions
from longbox.panels import PanelOptions
from longbox.text import TextOptions

# Raised when the code of a stage changes what it stores for the same page and the same options,
# so that `longbox index --refresh` knows which books to do again.
RECIPE_VERSION = 3


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """Which models make the vectors; see longbox.encoders for the names."""

    picture: str = "efficientnet-lite0"
    sentence: str = "minilm"


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How a shelf is worked through.

    Attributes:
        n_workers: Processes that each work on one book with one thread; 0 means one per core.
            Books share nothing, so a process each needs no waiting for one another.
        page_timeout_s: A book whose page takes longer is given up with a problem on record. An
            ordinary page takes about a second of one core (benchmarks/index_shelf.py); the rest
            is room for huge scans and slow machines.
        merge_seconds: How often finished books are made searchable while the run goes on.
    """

    n_workers: int = 0
    page_timeout_s: float = 180.0
    merge_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.n_workers < 0:
            raise ConfigError(f"index.n_workers is {self.n_workers}; use 0 (all cores) or more")
        if self.page_timeout_s <= 0 or self.merge_seconds <= 0:
            raise ConfigError("index.page_timeout_s and index.merge_seconds must be above 0")


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What trained models of ours do.

    Attributes:
        embed: Give the books of an index run their fused and contextual vectors at its end.
    """

    embed: bool = True


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Which machines help; docs/cluster.md says how to start them.

    Attributes:
        scheduler: Address of a dask scheduler, such as tcp://10.0.0.5:8786; none works here.
        results: Where workers put what they made when they do not see the library's folder: a
            URL that fsspec knows (s3://bucket/prefix). Empty when they see it under its own path.
        index_resources, embed_resources: What a worker must offer to be given books to read or to
            embed, such as "GPU=1" or "GPU=1,MEMORY=8e9" (`dask worker --resources`).
        patience_s: How long a run waits for a first worker before it gives up.
    """

    scheduler: str = ""
    results: str = ""
    index_resources: str = ""
    embed_resources: str = ""
    patience_s: float = 600.0

    def __post_init__(self) -> None:
        resources_of(self.index_resources)
        resources_of(self.embed_resources)
        if self.patience_s <= 0:
            raise ConfigError(f"cluster.patience_s is {self.patience_s}; it must be above 0")


def resources_of(text: str) -> dict[str, float]:
    """Read resources such as "GPU=1,MEMORY=8e9".

    Raises:
        ConfigError: It is not of that form.
    """
    found: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, amount = part.partition("=")
        try:
            found[name.strip()] = float(amount)
        except ValueError:
            found[name.strip()] = math.nan
        if not name.strip() or not 0 < found[name.strip()] < math.inf:
            raise ConfigError(f"worker resources {text!r} cannot be read; write them as GPU=1")
    return found


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How the spaces' answers become one list.

    Attributes:
        text_weight, words_weight, substring_weight, vision_weight, composition_weight: What
            each space's ranks count. Composition is off unless asked for: panels of one shape
            are rarely what a person is after.
        description_weight, description_words_weight, description_substring_weight: The same
            for what a model wrote about the panels. A description is long and its words are the
            model's own, so its words count half of what lettered ones do (a choice, not measured).
        fused_weight, contextual_weight: The spaces of trained models, off unless asked for. Words
            and pictures reach the fused space; only panels of the library have a context.
        depth: Candidates taken from each space for every hit wanted, so that folding and
            grouping by page or book still fill the list.
        edition_bits: Pages whose 64-bit picture hashes differ in at most this many bits are
            editions of one page: another language or another scan. 6 finds all 351 pairs of
            editions of Pepper&Carrot, and beside them only its title banners, which are one
            picture with other words (benchmarks/editions.py).
    """

    text_weight: float = 1.0
    words_weight: float = 1.0
    substring_weight: float = 0.5
    vision_weight: float = 1.0
    composition_weight: float = 0.0
    description_weight: float = 1.0
    description_words_weight: float = 0.5
    description_substring_weight: float = 0.25
    fused_weight: float = 0.0
    contextual_weight: float = 0.0
    depth: int = 8
    edition_bits: int = 6

    def weights(self) -> dict[str, float]:
        """Return the weight of every list by its name."""
        return {
            f.name.removesuffix("_weight"): float(getattr(self, f.name))
            for f in fields(self)
            if f.name.endswith("_weight")
        }


@dataclass(frozen=True, slots=True)
class Config:
    """Every room's options."""

    ingest: IngestOptions = field(default_factory=IngestOptions)
    panels: PanelOptions = field(default_factory=PanelOptions)
    text: TextOptions = field(default_factory=TextOptions)
    page_types: PageTypeOptions = field(default_factory=PageTypeOptions)
    encoders: EncoderOptions = field(default_factory=EncoderOptions)
    index: IndexOptions = field(default_factory=IndexOptions)
    models: ModelOptions = field(default_factory=ModelOptions)
    search: SearchOptions = field(default_factory=SearchOptions)
    cluster: ClusterOptions = field(default_factory=ClusterOptions)

    def recipe(self) -> str:
        """Return a short name of everything that changes what is stored for a page.

        Two books with the same recipe were made alike; options of index and search do not count.
        """
        # The direction asked for is not a setting of the stages: a book keeps its own.
        parts = (
            replace(self.ingest, direction=None),
            replace(self.panels, n_threads=1),
            replace(self.text, n_threads=1),
            self.page_types,
            self.encoders,
        )
        text = msgspec.json.encode([RECIPE_VERSION, *(msgspec.to_builtins(p) for p in parts)])
        return hashlib.sha256(text).hexdigest()[:16]

    def to_toml(self) -> str:
        """Return the settings that differ from the defaults, as a file that load_config reads."""
        default = Config()
        tables = []
        for room in fields(self):
            mine, theirs = getattr(self, room.name), getattr(default, room.name)
            lines = [
                f"{f.name} = {_toml_value(value)}"
                for f in fields(mine)
                if (value := getattr(mine, f.name)) != getattr(theirs, f.name) and value is not None
            ]
            if lines:
                tables.append("\n".join([f"[{room.name}]", *lines]))
        return "\n\n".join(tables) + ("\n" if tables else "")


def load_config(path: Path | None = None, library: Path | None = None) -> Config:
    """Read the settings that apply.

    Args:
        path: A file that the caller named; it must exist, as must one that LONGBOX_CONFIG names.
        library: The library folder whose config.toml is used when nothing else is named.

    Raises:
        ConfigError: The file is missing, is not TOML, or holds an unknown or impossible setting,
            or a library's own settings name other machines.
    """
    named = path or (Path(value) if (value := os.environ.get("LONGBOX_CONFIG")) else None)
    if named is not None and not named.is_file():
        where = "" if path else " (LONGBOX_CONFIG names it)"
        raise ConfigError(f"{named}: there is no such settings file{where}; correct the path")
    chosen = named or (library / "config.toml" if library else None)
    if chosen is None or not chosen.is_file():
        return Config()
    try:
        tables = msgspec.toml.decode(chosen.read_bytes())
    except (msgspec.DecodeError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{chosen}: cannot be read as TOML ({error}); correct it") from error
    config = config_from(tables, str(chosen))
    if named is None and (config.cluster.scheduler or config.cluster.results):
        # Whoever makes a library writes its settings, and who talks to a scheduler runs its code.
        raise ConfigError(
            f"{chosen}: a library's own settings may not name a scheduler or where results go, for "
            "it may come from somebody else; give --scheduler, or name the file with --config"
        )
    return config


def config_from(tables: Mapping[str, Any], where: str = "settings") -> Config:
    """Build the settings from nested mappings.

    Raises:
        ConfigError: A table or key is unknown, or a value is of the wrong type or not allowed.
    """
    known = {f.name: f.default_factory for f in fields(Config)}
    rooms: dict[str, Any] = {}
    for name, table in tables.items():
        if name not in known:
            raise ConfigError(f"{where}: there is no table [{name}]{_nearest(name, known)}")
        if not isinstance(table, Mapping):
            raise ConfigError(f"{where}: {name} must be a table, [{name}]")
        options = type(getattr(Config(), name))
        keys = {f.name for f in fields(options)}
        for key in table:
            if key not in keys:
                raise ConfigError(f"{where}: [{name}] has no {key!r}{_nearest(key, keys)}")
        try:
            rooms[name] = msgspec.convert(dict(table), options)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{where}: [{name}]: {error}") from error
    return Config(**rooms)


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(known))}"


def _toml_value(value: object) -> str:
    return msgspec.json.encode(value).decode()
