"""The page as a model gets it: scaled down, our panels outlined and numbered, a JPEG.

Drawn boxes with numbers (visual prompting) make the model talk about our panels instead of its
own. The lines lie on the panels' borders and the tags in their corners, where little is drawn.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from longbox.errors import ModelError
from longbox.text.vlm.shown import ShownPage

if TYPE_CHECKING:
    from PIL import Image

# Strong colours that neighbours in a page's palette rarely share; text on them is white.
_COLOURS = ("#d81b60", "#1e63d0", "#00796b", "#c25400", "#6a1b9a", "#37474f")
_QUALITIES = (88, 75, 60, 45, 30)


def page_jpeg(pixels: NDArray[np.uint8], shown: ShownPage, max_bytes: int) -> bytes:
    """Draw what the model sees.

    Args:
        pixels: The page, RGB uint8 (H, W, 3), of the size that `shown` says.
        shown: How it is shown.
        max_bytes: The JPEG is made coarser until it fits.

    Returns:
        A JPEG of shown.picture_width x shown.picture_height.

    Raises:
        ModelError: The pixels are of another size, or do not fit even at the lowest quality.
    """
    from PIL import Image

    if pixels.shape != (shown.height, shown.width, 3):
        raise ModelError(
            f"page pixels {pixels.shape} are not those of a {shown.width} x {shown.height} page"
        )
    size = shown.picture_width, shown.picture_height
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    _draw_panels(picture, shown)
    for quality in _QUALITIES:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() <= max_bytes:
            return out.getvalue()
    raise ModelError(
        f"a page of {size[0]} x {size[1]} does not fit {max_bytes:,} bytes; allow fewer pixels"
    )


def _draw_panels(picture: Image.Image, shown: ShownPage) -> None:
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(picture)
    across, down = picture.width / shown.width, picture.height / shown.height
    thick = max(2, min(picture.size) // 350)
    font_px = max(14, min(picture.size) // 36)
    font = ImageFont.load_default(size=font_px)
    for i, box in enumerate(shown.boxes):
        colour = _COLOURS[i % len(_COLOURS)]
        x0, y0, x1, y1 = box.scale(across, down).rounded()
        if x1 - x0 > 2 * thick and y1 - y0 > 2 * thick:
            draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline=colour, width=thick)
        tag = str(i + 1)
        wide = int(draw.textlength(tag, font=font)) + font_px // 2
        high = font_px + font_px // 3
        draw.rectangle((x0, y0, x0 + wide, y0 + high), fill=colour)
        draw.text((x0 + wide / 2, y0 + high / 2), tag, fill="white", font=font, anchor="mm")
