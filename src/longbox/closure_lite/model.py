"""ClosureLiteSimple: panels to vectors, pages to vectors, and the four losses that teach it.

Names and shape are the seed's: `atom` (PanelAtomizerLite) makes panel vectors, `han` page vectors,
and three heads are trained by L_mpm, L_pop and L_rpp, with L_clip between picture and text. It has
no heads for closure tasks; what it can say about them comes from its own losses: the vector
expected in a gap (L_mpm) and which of two panels comes first (L_pop and L_rpp).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from longbox.closure_lite.atomizer import PanelAtomizerLite
from longbox.closure_lite.batch import Batch, lay_out
from longbox.closure_lite.config import ClosureLiteConfig
from longbox.closure_lite.guesses import Guesses
from longbox.closure_lite.inputs import ALL, PanelInputs, panel_inputs
from longbox.closure_lite.masked_panel import MaskedPanelHead, masked_panels
from longbox.closure_lite.panel_order import BACKWARD, FORWARD, PanelOrderHead, ordered_runs
from longbox.closure_lite.picture_text import pictures_and_texts
from longbox.closure_lite.reading_path import NextPanelHead, next_panels
from longbox.closure_lite.story import StoryHANLiteSimple
from longbox.errors import ModelError
from longbox.features import BookFeatures, View
from longbox.objective import LossPart, Objective, Spread, alone
from longbox.vectors import PanelVectors, Space


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """What the first version is asked in one step."""

    mpm: Guesses
    pop: Guesses
    rpp: Guesses
    clip: Guesses

    def items(self) -> Iterator[tuple[str, Guesses]]:
        """Yield every loss with its name: L_mpm, L_pop, L_rpp, L_clip."""
        yield "L_mpm", self.mpm
        yield "L_pop", self.pop
        yield "L_rpp", self.rpp
        yield "L_clip", self.clip


class ClosureLiteSimple(nn.Module):
    """The first version.

    Attributes:
        config: Its options and the encoders it reads.
    """

    def __init__(self, config: ClosureLiteConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.atom = PanelAtomizerLite(config)
            self.han = StoryHANLiteSimple(config.d, config.n_heads, config.han_temperature)
            self.mpm_head = MaskedPanelHead(config.d)
            self.pop_head = PanelOrderHead(config.d)
            self.next_head = NextPanelHead(config.d)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.next_head.follows.device

    @property
    def fingerprint(self) -> str:
        """Names config and weights as they are now: "closure-lite-" and 16 hex digits."""
        return fingerprint_of(self.config, self.state_dict())

    def losses(self, batch: Batch, generator: torch.Generator, spread: Spread = alone) -> Losses:
        """Ask every loss about a batch.

        Args:
            batch: Pages, on the model's device.
            generator: Draws what is masked and paired; on the CPU, so that every device asks the
                same.
            spread: Shares out the encoding of panels; what pages are asked is computed by all.
        """
        panels = self._drop(batch.panels, generator)
        batch = Batch(panels, batch.pages, batch.books, batch.numbers)
        parts = spread(self.atom.parts, panels)
        vectors = self.atom.fused(parts, panels.present)
        placeless = self.atom.fused(parts, panels.without_place().present)
        temperature = self.config.temperature
        return Losses(
            masked_panels(self.mpm_head, self.han, batch, vectors, temperature, generator),
            ordered_runs(self.pop_head, self.han, batch, placeless, generator),
            next_panels(self.next_head, batch, placeless),
            pictures_and_texts(panels, parts, temperature),
        )

    def objective(
        self, batch: Batch, generator: torch.Generator, spread: Spread = alone
    ) -> Objective:
        """Return what a step minimises; as `losses`."""
        weights = {
            "L_mpm": self.config.mpm_weight,
            "L_pop": self.config.pop_weight,
            "L_rpp": self.config.rpp_weight,
            "L_clip": self.config.clip_weight,
        }
        total = torch.zeros((), device=self.device)
        parts = []
        for name, asked in self.losses(batch, generator, spread).items():
            if asked.n and weights[name] > 0:
                loss = asked.loss
                total = total + weights[name] * loss
                parts.append(LossPart(name, float(loss.detach()), asked.chance))
        return Objective(total, tuple(parts))

    def _drop(self, panels: PanelInputs, generator: torch.Generator) -> PanelInputs:
        """Hide modalities in training, where the config asks for it; never all of a panel."""
        if not self.training or not self.config.modality_dropout:
            return panels
        drawn = torch.rand(panels.present.shape, generator=generator).to(panels.present.device)
        kept = panels.present & (drawn >= self.config.modality_dropout)
        present = torch.where(kept.any(dim=1, keepdim=True), kept, panels.present)
        return PanelInputs(panels.vision, panels.text, panels.composition, present)

    def panel_vectors(
        self,
        book: BookFeatures,
        view: View = ALL,
        rows: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> PanelVectors:
        """Make panel vectors from whatever a view shows.

        Args:
            book: Features of the encoders that the model was trained with.
            view: What is shown.
            rows: Which panels, in this order; all where None.

        Returns:
            Unit vectors (N, D), masked where the view shows nothing of a panel.

        Raises:
            ModelError: The features are of other encoders.
        """
        vectors, mask = self.read(book, view, rows)
        return PanelVectors(Space.FUSED, self.fingerprint, vectors, mask)

    @torch.no_grad()
    def read(
        self,
        book: BookFeatures,
        view: View = ALL,
        rows: Sequence[int] | NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Make panel vectors as `panel_vectors`, without hashing the weights for their name."""
        panels = panel_inputs(book, self.config, view, rows).to(self.device)
        return self.atom(panels).cpu().numpy(), panels.known.cpu().numpy()

    @torch.no_grad()
    def page_vectors(
        self, book: BookFeatures, n_pages: int, view: View = ALL
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Make page vectors.

        Args:
            book: Features of the encoders that the model was trained with.
            n_pages: P, pages of the book, with panels or without.
            view: What is shown.

        Returns:
            Unit vectors, float32 (P, D), zero where masked; and whether a page has one, bool (P,).

        Raises:
            ModelError: The features are of other encoders, or of more pages.
        """
        if book.n_panels and int(book.pages.max()) >= n_pages:
            raise ModelError(f"book {book.book_id}: panels beyond its {n_pages} pages")
        panels = panel_inputs(book, self.config, view).to(self.device)
        pages = torch.from_numpy(book.pages).to(self.device)
        layout = lay_out(pages, panels.known, n_pages)
        vectors, _ = self.han.panels_to_page(self.atom(panels)[layout.slots], layout.mask)
        units = functional.normalize(vectors, dim=1).cpu().numpy()
        return units, layout.mask.any(dim=1).cpu().numpy()

    @torch.no_grad()
    def expect(
        self, context: NDArray[np.float32], mask: NDArray[np.bool_], gaps: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Say what panel is expected in a gap: the first version's own closure.

        Args:
            context: Panel vectors of this model, float32 (B, N, D).
            mask: Which are known, bool (B, N).
            gaps: How many places of each row come before the gap, int64 (B,).

        Returns:
            Unit vectors, float32 (B, D); zero where nothing of the context is known.
        """
        after = np.arange(mask.shape[1])[None, :] >= gaps[:, None]
        known = torch.from_numpy(mask).to(self.device)
        expected = self.mpm_head(
            self.han,
            torch.from_numpy(context).to(self.device),
            known,
            torch.from_numpy(after).to(self.device),
        )
        found: NDArray[np.float32] = (expected * known.any(dim=1, keepdim=True)).cpu().numpy()
        return found

    @torch.no_grad()
    def comes_before(self, panels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Say how surely each panel comes before each other.

        The sum of what the two order losses learned, both in nats: forward against backward for
        the pair (L_pop), and j following i against i following j (L_rpp).

        Args:
            panels: Panel vectors of this model, made without composition, float32 (N, D).

        Returns:
            Probability that i comes before j, float32 (N, N); .5 on the diagonal.
        """
        vectors = torch.from_numpy(panels).to(self.device)
        n = len(vectors)
        everything = torch.ones(n, 1, dtype=torch.bool, device=self.device)
        single, _ = self.han.panels_to_page(vectors[:, None], everything)
        first = single[:, None].expand(n, n, -1).flatten(0, 1)
        second = single[None].expand(n, n, -1).flatten(0, 1)
        classes = self.pop_head(first, second).view(n, n, 3)
        ahead = classes[:, :, FORWARD] - classes[:, :, BACKWARD]
        follows = self.next_head(vectors[None])[0, :, :n]
        evidence = (ahead - ahead.T) / 2 + (follows - follows.T)
        found: NDArray[np.float32] = torch.sigmoid(evidence).cpu().numpy()
        return found


def fingerprint_of(config: ClosureLiteConfig, weights: Mapping[str, Tensor]) -> str:
    """Name a config and weights: "closure-lite-" and 16 hex digits."""
    digest = hashlib.sha256(repr(config).encode())
    for name, values in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(values.detach().cpu().contiguous().numpy().tobytes())
    return f"closure-lite-{digest.hexdigest()[:16]}"
