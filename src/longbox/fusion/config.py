"""What a fusion model is made of; kept beside its weights."""

from __future__ import annotations

from dataclasses import dataclass

from longbox.errors import ConfigError

_WIDEST = 65_536
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """Sizes of stage 3, and the encoders whose vectors it was trained on.

    Attributes:
        picture, sentence, composition: Fingerprints of the encoders; vectors of others are
            refused, because they are another space.
        picture_size, sentence_size, composition_size: Lengths of their vectors.
        d_model: Length of a fused vector.
        d_hidden: Width of the attention over a panel's tokens.
        n_layers: Its layers; 0 leaves gated fusion alone.
        n_heads: Its heads.
    """

    picture: str
    sentence: str
    composition: str
    picture_size: int
    sentence_size: int
    composition_size: int
    d_model: int = 512
    d_hidden: int = 256
    n_layers: int = 2
    n_heads: int = 4

    def __post_init__(self) -> None:
        sizes = (self.picture_size, self.sentence_size, self.composition_size, self.d_model)
        if min(*sizes, self.d_hidden, self.n_heads) < 1 or self.n_layers < 0:
            raise ConfigError("fusion: every size must be 1 or more")
        if max(*sizes, self.d_hidden) > _WIDEST or self.n_layers > _DEEPEST:
            raise ConfigError(f"fusion: at most {_WIDEST} wide and {_DEEPEST} layers deep")
        if self.d_hidden % self.n_heads:
            raise ConfigError(
                f"fusion: d_hidden {self.d_hidden} must be a multiple of n_heads {self.n_heads}"
            )


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """What each loss of stage 3 counts, and the temperatures; longbox.fusion.losses says more.

    Attributes:
        subset: Fused(subset) towards fused(all), fact 11.
        keep: Likeness within each modality stays what its encoder says.
        search: A query of one modality finds whole panels as it finds panels of that modality.
        clip: Picture and words of one panel towards each other (L_clip).
        neighbours: Panels next to each other nearer than panels of other pages and books.
        masked: A panel predicted from its neighbours.
        temperature: Of all contrasts.
        drop: How often each modality is dropped from a subset.
    """

    subset: float = 1.0
    keep: float = 10.0
    search: float = 3.0
    clip: float = 0.1
    neighbours: float = 0.1
    masked: float = 0.1
    temperature: float = 0.07
    drop: float = 0.5
