"""What one line image says.

A line is cut out of the full-size page along its slant, brought to 48 pixels height and read by a
CTC network. Lines are read one by one at their own width: the network's time is proportional to
the pixels it sees, so a batch saves nothing and its padding costs (measured: 6 lines in one batch
take 6 times as long as one).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longbox.text.lines import is_cjk

FloatArray = NDArray[np.float32]

LINE_HEIGHT_PX = 48
_WIDTH_STEP_PX = 16
_MIN_WIDTH_PX = 48
_PADDING_PX = 8
_SPACE_THRESHOLD = 0.1  # hand lettering is tightly spaced; train split: 3.6 -> 2.5 % words missed


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


def decode(probabilities: FloatArray, characters: Sequence[str]) -> tuple[str, float]:
    """Read a CTC output by its best path.

    Args:
        probabilities: Per step the probability of blank and of every character, (T, V + 1).
        characters: The V characters, the space last.

    Returns:
        The string and the mean probability of its characters; ("", 0.0) for nothing.
    """
    best = probabilities.argmax(axis=1)
    kept = best != 0
    kept[1:] &= best[1:] != best[:-1]
    steps = np.flatnonzero(kept)
    if not len(steps):
        return "", 0.0
    confidence = float(probabilities[steps, best[steps]].mean())
    read = [characters[c - 1] for c in best[steps]]
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
