"""What a sequence model is made of, and what its losses count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from longbox.errors import ConfigError

_WIDEST = 65_536
_DEEPEST = 64


class Input(StrEnum):
    """What the transformer reads: one fused vector a panel, or its modalities one by one."""

    FUSED = "fused"
    MODALITIES = "modalities"


@dataclass(frozen=True, slots=True)
class SequenceConfig:
    """Sizes of stage 4; the defaults are those of the Stage 4 document.

    Attributes:
        fusion: Fingerprint of the stage 3 model whose vectors it reads; others are refused.
        d_model: Length of its vectors, as stage 3's.
        d_hidden: Width of the transformers inside; 0 for d_model. A narrow one is what ships.
        n_layers, n_heads: Of the panel transformer.
        d_feedforward: Width of its feed-forward layers.
        dropout: In training.
        n_book_layers: Of the small transformer over a book's strips.
        reads: One vector a panel, or cross-modal attention over its modalities.
    """

    fusion: str
    d_model: int = 512
    n_layers: int = 6
    n_heads: int = 8
    d_feedforward: int = 2048
    dropout: float = 0.1
    n_book_layers: int = 1
    reads: Input = Input.FUSED
    d_hidden: int = 0

    @property
    def width(self) -> int:
        """Width of the transformers inside."""
        return self.d_hidden or self.d_model

    def __post_init__(self) -> None:
        if min(self.d_model, self.n_layers, self.n_heads, self.d_feedforward) < 1:
            raise ConfigError("sequence: every size must be 1 or more")
        if self.n_book_layers < 1 or not 0 <= self.dropout < 1:
            raise ConfigError("sequence: n_book_layers must be 1 or more, dropout from 0 below 1")
        if max(self.d_model, self.d_feedforward, self.d_hidden) > _WIDEST:
            raise ConfigError(f"sequence: at most {_WIDEST} wide")
        if max(self.n_layers, self.n_book_layers) > _DEEPEST:
            raise ConfigError(f"sequence: at most {_DEEPEST} layers")
        if self.d_hidden < 0 or self.width % self.n_heads or self.width % 2:
            raise ConfigError(
                f"sequence: its width {self.width} must be even and a multiple of n_heads "
                f"{self.n_heads}"
            )


@dataclass(frozen=True, slots=True)
class TaskWeights:
    """How often each task is drawn (the Stage 4 document's weights), and what the rest counts.

    Attributes:
        panel_picking: The primary task, with text_cloze.
        contrast: A strip finds the panel that is missing from it, among those of other pages and
            books (the document's contrastive loss, with the negatives it lacked: fact 1).
        next_panel: The causal mode's: what comes next.
        book: The transformer over strips: a masked page among the pages of other books.
    """

    panel_picking: float = 1.0
    character_coherence: float = 0.5
    visual_closure: float = 0.8
    text_closure: float = 0.8
    caption_relevance: float = 0.5
    text_cloze: float = 1.0
    reading_order: float = 0.7
    contrast: float = 0.5
    next_panel: float = 0.3
    book: float = 0.3
    temperature: float = 0.07
