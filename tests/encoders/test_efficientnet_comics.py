from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.encoders import PictureEncoder, picture_encoder
from longbox.encoders import efficientnet_comics as comics
from longbox.encoders.efficientnet import prepare_picture, read_lite0_weights
from longbox.encoders.efficientnet_graph import POOLED_BLOCKS
from longbox.errors import ModelError
from longbox.vectors import unit

Crops = list[NDArray[np.uint8]]


@pytest.fixture(scope="module")
def tuned(encoder_cache: Path) -> PictureEncoder:
    return picture_encoder("efficientnet-comics", cache=encoder_cache)


def test_graph_computes_what_torch_computes_with_the_tuned_weights(
    crops: Crops, tuned: PictureEncoder
) -> None:
    import torch

    from longbox.encoders.efficientnet_torch import lite0_features

    state, projection = comics.read_comics_weights()
    weights = {name: torch.from_numpy(value.copy()) for name, value in state.items()}
    pixels = torch.from_numpy(np.stack([prepare_picture(crop) for crop in crops[:4]]))
    with torch.inference_mode():
        maps = {name: value.numpy() for name, value in lite0_features(weights, pixels).items()}
    pooled = [unit(np.sqrt(np.square(maps["head"]).mean(axis=(2, 3))))]
    pooled += [unit(maps[f"block {i}"].mean(axis=(2, 3))) for i in POOLED_BLOCKS]
    expected = unit((np.concatenate(pooled, axis=1) - projection.mean) @ projection.matrix)
    np.testing.assert_allclose(tuned.encode(crops[:4]), expected, atol=1e-4)


def test_only_late_blocks_differ_from_the_package() -> None:
    before = read_lite0_weights()
    after, _ = comics.read_comics_weights()
    assert list(after) == list(before)
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    early = ("_conv_stem", "_bn0", *(f"_blocks.{i}." for i in range(6)))
    assert changed
    assert not [name for name in changed if name.startswith(early) or "running" in name]
    assert all(after[name].shape == before[name].shape for name in before)


def test_shipped_file_is_small_and_finite() -> None:
    state, projection = comics.read_comics_weights()
    assert comics.TUNED.stat().st_size <= 9_500_000
    assert all(np.isfinite(value).all() for value in state.values())
    assert projection.matrix.shape == (2048, 256)
    assert np.isfinite(projection.matrix).all()
    assert np.isfinite(projection.mean).all()


def test_it_is_another_space_than_the_untuned_encoder(
    tuned: PictureEncoder, lite0: PictureEncoder, crops: Crops
) -> None:
    assert tuned.fingerprint != lite0.fingerprint
    assert tuned.dimension == lite0.dimension == 256
    assert not np.allclose(tuned.encode(crops[:1]), lite0.encode(crops[:1]), atol=0.05)


def test_no_pictures_give_no_vectors(tuned: PictureEncoder) -> None:
    assert tuned.encode([]).shape == (0, 256)


@pytest.mark.parametrize("value", [0, 127, 255])
def test_slivers_and_blank_panels_are_encoded(tuned: PictureEncoder, value: int) -> None:
    for shape in ((1, 1, 3), (1, 2000, 3), (3000, 3, 3)):
        vectors = tuned.encode([np.full(shape, value, np.uint8)])
        assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-5)


def test_error_names_this_encoder(tuned: PictureEncoder) -> None:
    with pytest.raises(ModelError, match="efficientnet-comics has no text tower"):
        tuned.encode_text(["rain"])


def test_altered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    altered = tmp_path / "picture_encoder.safetensors"
    shutil.copy(comics.TUNED, altered)
    data = bytearray(altered.read_bytes())
    data[-1] ^= 1
    altered.write_bytes(bytes(data))
    monkeypatch.setattr(comics, "TUNED", altered)
    with pytest.raises(ModelError, match="SHA-256"):
        comics.read_comics_weights()
    altered.unlink()
    with pytest.raises(ModelError, match="cannot read the weights"):
        comics.read_comics_weights()


def test_coarse_dots_do_not_hide_a_drawn_panel(
    tuned: PictureEncoder, lite0: PictureEncoder
) -> None:
    from longbox.book import Direction
    from longbox.synthetic import BookRecipe, Style, draw_book

    recipe = BookRecipe(seed=3, n_pages=5, direction=Direction.LTR, style=Style.FLAT)
    book = draw_book(recipe)
    panels = []
    for page in book.truth.pages:
        pixels = book.pixels(page.page.index)
        for panel in page.panels:
            x0, y0, x1, y1 = panel.box.rounded()
            panels.append(np.ascontiguousarray(pixels[max(0, y0) : y1, max(0, x0) : x1]))
    printed = [_dotted(panel) for panel in panels]

    def share_found(encoder: PictureEncoder) -> float:
        scores = encoder.encode(printed) @ encoder.encode(panels).T
        return float((scores.argmax(axis=1) == np.arange(len(panels))).mean())

    assert len(panels) >= 10
    assert share_found(tuned) > share_found(lite0)


def _dotted(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Print with square black cells, an ordered dither of 4 x 4 at 80 rows a panel."""
    from PIL import Image

    small = Image.fromarray(pixels).convert("L").resize((160, 160))
    order = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    threshold = np.tile((order + 0.5) * 16, (40, 40))
    ink = np.where(np.asarray(small) > threshold, 255, 0).astype(np.uint8)
    return np.repeat(ink[..., None], 3, axis=2)
