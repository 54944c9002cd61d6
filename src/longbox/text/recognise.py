"""What one line image says.

A line is cut out of the full-size page along its slant, brought to 48 pixels height and read by a
CTC network. Lines are read one by one at their own width: the network's time is proportional to
the pixels it sees, so a batch saves nothing and its padding costs (measured: 6 lines in one batch
take 6 times as long as one).

The network knows 18,708 characters, mostly Chinese. Where the book's language is written in Latin
letters only those are allowed, which removes the Chinese characters that it sees in drawings.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longbox.text.lines import is_cjk

FloatArray = NDArray[np.float32]
CharacterProbabilities = Callable[[FloatArray], FloatArray]

LINE_HEIGHT_PX = 48
_WIDTH_STEP_PX = 16
_MIN_WIDTH_PX = 48
_PADDING_PX = 8
_SPACE_THRESHOLD = 0.1  # hand lettering is tightly spaced; train split: 3.6 -> 2.5 % words missed
_LATIN_LANGUAGES = frozenset(
    "en fr es de it pt nl ca pl cs sv da no fi hu ro tr id vi eo la".split()
)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The characters a recogniser knows, the space last; column 0 of its output is CTC's blank."""

    characters: tuple[str, ...]

    def allowed(self, language: str | None) -> NDArray[np.intp] | None:
        """Return the output columns to choose from for a language, or None for all of them."""
        if language is None or language.split("-")[0] not in _LATIN_LANGUAGES:
            return None
        kept = [i + 1 for i, c in enumerate(self.characters) if _is_latin_or_sign(c)]
        return np.array([0, *kept], dtype=np.intp)


def _is_latin_or_sign(character: str) -> bool:
    if len(character) != 1:
        return False
    if character.isalpha():
        return "LATIN" in unicodedata.name(character, "")
    return ord(character) < 0x2E80


def line_image(pixels: NDArray[np.uint8], corners: FloatArray) -> NDArray[np.uint8]:
    """Cut a slanted line out of a page and set it upright.

    Args:
        pixels: The page, RGB, uint8 (H, W, 3).
        corners: Four corners clockwise from the top left, page pixels, (4, 2).

    Returns:
        The line as it stands (a column stays tall), uint8 (h, w, 3).
    """
    import cv2

    width = max(1, round(float(max(_gap(corners, 0, 1), _gap(corners, 3, 2)))))
    height = max(1, round(float(max(_gap(corners, 0, 3), _gap(corners, 1, 2)))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    cut = cv2.warpPerspective(
        pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cut, dtype=np.uint8)


def _gap(corners: FloatArray, a: int, b: int) -> float:
    return float(np.linalg.norm(corners[a] - corners[b]))


def network_input(image: NDArray[np.uint8], max_aspect: float) -> FloatArray:
    """Bring a line image to the network's shape: float32 (1, 3, 48, w), BGR, -1 to 1."""
    import cv2

    height, width = image.shape[:2]
    width_px = round(LINE_HEIGHT_PX * min(width / height, max_aspect))
    width_px = max(width_px, 8)
    mode = cv2.INTER_AREA if height > 1.5 * LINE_HEIGHT_PX else cv2.INTER_LINEAR
    resized = cv2.resize(image, (width_px, LINE_HEIGHT_PX), interpolation=mode)
    scaled = resized[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 127.5 - 1  # (3, 48, w)
    padded_px = max(_MIN_WIDTH_PX, -(-(width_px + _PADDING_PX) // _WIDTH_STEP_PX) * _WIDTH_STEP_PX)
    out = np.zeros((1, 3, LINE_HEIGHT_PX, padded_px), dtype=np.float32)
    out[0, :, :, :width_px] = scaled
    return out


def decode(
    probabilities: FloatArray, characters: Sequence[str], allowed: NDArray[np.intp] | None
) -> tuple[str, float]:
    """Read a CTC output by its best path.

    Args:
        probabilities: Per step the probability of blank and of every character, (T, V + 1).
        characters: The V characters.
        allowed: Columns to choose from, blank first, or None for all.

    Returns:
        The string and the mean probability of its characters; ("", 0.0) for nothing.
    """
    seen = probabilities if allowed is None else probabilities[:, allowed]
    best = seen.argmax(axis=1)
    kept = best != 0
    kept[1:] &= best[1:] != best[:-1]
    if not kept.any():
        return "", 0.0
    steps = np.flatnonzero(kept)
    confidence = float(seen[steps, best[steps]].mean())
    columns = best[steps] if allowed is None else allowed[best[steps]]
    read = [characters[c - 1] for c in columns]
    return _with_spaces(read, steps, probabilities, characters), confidence


def _with_spaces(
    read: list[str],
    steps: NDArray[np.intp],
    probabilities: FloatArray,
    characters: Sequence[str],
) -> str:
    """Put a space between two letters where the network held one likely, if not likeliest."""
    if characters[-1] != " ":
        return "".join(read)
    space = probabilities[:, len(characters)]
    text = read[0]
    for character, before, step in zip(read[1:], steps, steps[1:], strict=False):
        is_between_letters = not (text[-1] == " " or character == " " or is_cjk(text[-1]))
        if is_between_letters and not is_cjk(character):
            text += " " if float(space[before + 1 : step + 1].max()) > _SPACE_THRESHOLD else ""
        text += character
    return text
