"""Settings of the page type labeller."""

from __future__ import annotations

from dataclasses import dataclass

from longbox.errors import ConfigError

LABELLERS = ("sequence", "rules")


@dataclass(frozen=True, slots=True)
class PageTypeOptions:
    """How pages are labelled.

    Attributes:
        labeller: "sequence" asks the trained model that sees the whole book, "rules" only what is
            on each page and its place. What ComicInfo.xml declares stands above both.
    """

    labeller: str = "sequence"

    def __post_init__(self) -> None:
        if self.labeller not in LABELLERS:
            raise ConfigError(
                f"page_types.labeller is {self.labeller!r}; use {' or '.join(LABELLERS)}"
            )
