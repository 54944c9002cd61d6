"""Every choice of the first version, and the encoders it was trained with.

The picture and sentence encoders are chosen by name when a library is indexed (`hf:` for ViT and
RoBERTa, the default ones otherwise) and are frozen: the model reads their cached vectors. So it
works on whatever dimension they have, records whose vectors it learned from, and refuses others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from longbox.errors import ConfigError, ModelError
from longbox.features import BookFeatures
from longbox.vectors import Space

READ_SPACES: tuple[Space, ...] = (Space.VISION, Space.TEXT, Space.COMPOSITION)
UNKNOWN = "none"
LARGEST_DIMENSION = 8192
LARGEST_D = 2048


@dataclass(frozen=True, slots=True)
class Input:
    """A space that the model reads: the encoder's fingerprint and the length of its vectors.

    The fingerprint is "none" and the length 1 where no book of the training data had the space.
    """

    fingerprint: str
    dimension: int

    def __post_init__(self) -> None:
        if not 1 <= self.dimension <= LARGEST_DIMENSION:
            raise ConfigError(
                f"closure_lite: vectors of length {self.dimension}; 1 to {LARGEST_DIMENSION}"
            )


@dataclass(frozen=True, slots=True)
class ClosureLiteConfig:
    """Options of the first version.

    Attributes:
        vision, text, composition: What the features are made by.
        d: Length of panel and page vectors; 384 as in the seed.
        n_heads: Attention heads over the panels of a page; they share d.
        han_temperature: Of the attention over panels; low lets few panels speak for a page.
        temperature: Of the two contrastive losses, L_mpm and L_clip (cosines / temperature).
        mpm_weight, pop_weight, rpp_weight: The first version's own weights.
        clip_weight: Of Proposal B's loss; 0 is the first version without it.
        modality_dropout: Probability that a modality of a panel is hidden in training. The first
            version had none; above 0 shows what it would have done.
    """

    vision: Input
    text: Input
    composition: Input
    d: int = 384
    n_heads: int = 4
    han_temperature: float = 0.1
    temperature: float = 0.07
    mpm_weight: float = 1.0
    pop_weight: float = 0.3
    rpp_weight: float = 0.5
    clip_weight: float = 1.0
    modality_dropout: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.d <= LARGEST_D or self.n_heads < 1 or self.d % self.n_heads:
            raise ConfigError(
                f"closure_lite: d {self.d} with {self.n_heads} heads; d is 1 to {LARGEST_D} and a "
                f"multiple of the heads"
            )
        for name in ("han_temperature", "temperature"):
            if not 0.001 <= getattr(self, name) <= 100:
                raise ConfigError(f"closure_lite: {name} is .001 to 100")
        for name in ("mpm_weight", "pop_weight", "rpp_weight", "clip_weight"):
            if not 0 <= getattr(self, name) <= 1000:
                raise ConfigError(f"closure_lite: {name} is 0 to 1000")
        if not 0 <= self.modality_dropout < 1:
            raise ConfigError("closure_lite: modality_dropout is 0 or more and below 1")

    def input_of(self, space: Space) -> Input:
        """Return what the model knows of a space that it reads.

        Raises:
            ModelError: The first version does not read it (descriptions).
        """
        match space:
            case Space.VISION:
                return self.vision
            case Space.TEXT:
                return self.text
            case Space.COMPOSITION:
                return self.composition
        raise ModelError(f"the first version does not read {space} vectors")


def config_for(corpus: Sequence[BookFeatures], **options: Any) -> ClosureLiteConfig:
    """Make a config that fits the encoders of a corpus.

    Args:
        corpus: Books, all of the same encoders.
        **options: Any other field of ClosureLiteConfig.

    Raises:
        ModelError: No books, or two encoders for one space.
    """
    if not corpus:
        raise ModelError("there is no book to learn the encoders from")
    vision, text, composition = (_only_input(corpus, space) for space in READ_SPACES)
    return ClosureLiteConfig(vision, text, composition, **options)


def _only_input(corpus: Sequence[BookFeatures], space: Space) -> Input:
    given = {
        Input(book.of(space).fingerprint, book.of(space).dimension): book.book_id
        for book in corpus
        if book.of(space).mask.any()
    }
    if len(given) > 1:
        names = ", ".join(sorted(f"{i.fingerprint} (book {b})" for i, b in given.items())[:3])
        raise ModelError(
            f"{space} vectors of {len(given)} encoders: {names}; index all books with one"
        )
    return next(iter(given), Input(UNKNOWN, 1))
