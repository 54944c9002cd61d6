"""The panels nearest to one, in one space at a time, and its other editions.

A column asks one space and no other, so its scores are that space's own and nothing is fused. A
panel that lacks a modality has no column of it but a reason: it is never asked by something else.
Editions are looked for among the panels that look most alike, because the catalog has no index of
pictures' hashes; a panel without a picture vector has none that can be found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from longbox.book import PanelId
from longbox.config import Config
from longbox.library import Library, PanelRecord
from longbox.retrieval import PanelTerm, Searcher, SearchRequest, is_same_panel, only_space
from longbox.vectors import Space

SPACE_NAMES: Final = {
    Space.VISION: "Picture",
    Space.TEXT: "Lettering",
    Space.DESCRIPTION: "Description",
    Space.COMPOSITION: "Composition",
    Space.FUSED: "All that is known",
    Space.CONTEXTUAL: "In its sequence",
}
SPACE_MEANINGS: Final = {
    Space.VISION: "looks like it",
    Space.TEXT: "says the like",
    Space.DESCRIPTION: "is described alike",
    Space.COMPOSITION: "has its place and shape",
    Space.FUSED: "picture and words as one",
    Space.CONTEXTUAL: "with what happens around it",
}
_LIBRARY_LACKS: Final = {
    Space.DESCRIPTION: "no page of this library is described yet; run longbox describe",
    Space.FUSED: "no trained model has read this library yet; run longbox embed",
    Space.CONTEXTUAL: "no trained model has read this library yet; run longbox embed",
}
_PANEL_LACKS: Final = {
    Space.TEXT: "nothing that can be read is lettered in this panel",
    Space.DESCRIPTION: "this panel is not described",
    Space.FUSED: "the trained model has not read this panel",
    Space.CONTEXTUAL: "the trained model has not read this panel",
}
_LOOKED_THROUGH: Final = 60


@dataclass(frozen=True, slots=True)
class NearPanel:
    """A near panel, its score in the space, and how many other editions were folded into it."""

    record: PanelRecord
    score: float
    n_editions: int


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest panels in one space, best first.

    Attributes:
        lacking: Why there can be none.
        typical: What panels taken at random score; None where that is not known.
    """

    space: Space
    panels: tuple[NearPanel, ...] = ()
    lacking: str | None = None
    typical: float | None = None


class Nearby:
    """Finds what is near to a panel."""

    def __init__(self, library: Library, searcher: Searcher, config: Config) -> None:
        self._library, self._searcher, self._config = library, searcher, config

    def lacking(self, panel_id: PanelId, space: Space) -> str | None:
        """Say why a panel has no place in a space, or return None.

        Raises:
            QueryError: There is no such panel.
        """
        if not self._library.spaces().get(space):
            return _LIBRARY_LACKS.get(space, "no book of this library has it; run longbox index")
        if self._library.panel_vector(self._library.panel_row(panel_id), space) is None:
            return _PANEL_LACKS.get(space, "this panel has none")
        return None

    def nearest(self, panel_id: PanelId, space: Space, k: int) -> Nearest:
        """Find the nearest panels in a space, editions of one panel once.

        Raises:
            QueryError: There is no such panel.
        """
        lacking = self.lacking(panel_id, space)
        if lacking is not None:
            return Nearest(space, lacking=lacking)
        request = SearchRequest((PanelTerm(panel_id),), k=k, weights=only_space(space))
        hits = self._searcher.search(request)
        rows = [self._library.panel_row(PanelId.parse(hit.panel_id)) for hit in hits]
        records = {record.row: record for record in self._library.panel_records(rows)}
        return Nearest(
            space,
            tuple(
                NearPanel(records[row], hit.matched[space].score, len(hit.also))
                for row, hit in zip(rows, hits, strict=True)
                if row in records and space in hit.matched
            ),
            typical=self._typical(panel_id, space),
        )

    def _typical(self, panel_id: PanelId, space: Space) -> float | None:
        query = self._library.panel_vector(self._library.panel_row(panel_id), space)
        scores = None if query is None else self._library.chance_scores(query)
        return None if scores is None else scores.typical

    def editions(self, panel_id: PanelId) -> tuple[PanelRecord, ...]:
        """Return the same panel in other books: translations, other scans.

        Raises:
            QueryError: There is no such panel.
        """
        row = self._library.panel_row(panel_id)
        query = self._library.panel_vector(row, Space.VISION)
        if query is None:
            return ()
        near = [scored.row for scored in self._library.nearest(query, _LOOKED_THROUGH)]
        own, *others = self._library.panel_records([row, *(n for n in near if n != row)])
        bits = self._config.search.edition_bits
        return tuple(other for other in others if is_same_panel(own, other, bits, True))
