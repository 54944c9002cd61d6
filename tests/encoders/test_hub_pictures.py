from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from longbox.encoders import PictureEncoder, picture_encoder
from longbox.errors import ModelError

DIMENSIONS = {"clip": 12, "siglip": 16, "siglip2": 16, "dinov2": 16, "vit": 16}
DUAL_TOWERS = ("clip", "siglip", "siglip2")
Crops = list[NDArray[np.uint8]]


@pytest.fixture(scope="module")
def opened(picture_models: dict[str, Path]) -> dict[str, PictureEncoder]:
    return {name: picture_encoder(f"hf:{folder}") for name, folder in picture_models.items()}


@pytest.mark.parametrize("name", DIMENSIONS)
def test_hub_model_gives_unit_vectors_that_follow_the_picture(
    opened: dict[str, PictureEncoder], crops: Crops, name: str
) -> None:
    vectors = opened[name].encode(crops)
    assert vectors.shape == (len(crops), DIMENSIONS[name])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(vectors[0] - vectors[1]) > 1e-4


@pytest.mark.parametrize("name", DIMENSIONS)
def test_neighbours_in_the_batch_do_not_change_a_vector(
    opened: dict[str, PictureEncoder], crops: Crops, name: str
) -> None:
    encoder = opened[name]
    together = encoder.encode(crops * 2)
    alone = np.concatenate([encoder.encode([crop]) for crop in crops])
    np.testing.assert_allclose(together[: len(crops)], alone, atol=1e-4)
    np.testing.assert_allclose(together[len(crops) :], alone, atol=1e-4)


@pytest.mark.parametrize("name", DIMENSIONS)
def test_no_pictures_give_no_vectors(opened: dict[str, PictureEncoder], name: str) -> None:
    assert opened[name].encode([]).shape == (0, DIMENSIONS[name])


@pytest.mark.parametrize("name", DIMENSIONS)
@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 3, 3), (1, 900, 3), (4000, 2, 3)])
def test_slivers_are_encoded(
    opened: dict[str, PictureEncoder], name: str, shape: tuple[int, ...]
) -> None:
    vectors = opened[name].encode([np.full(shape, 200, np.uint8)])
    assert np.isfinite(vectors).all()


def test_the_sides_of_a_wide_panel_are_seen(opened: dict[str, PictureEncoder]) -> None:
    plain = np.full((40, 160, 3), 120, np.uint8)
    marked = plain.copy()
    marked[:, :30] = (255, 0, 0)
    for name in ("clip", "dinov2"):  # their preprocessing crops to the centre
        vectors = opened[name].encode([plain, marked])
        assert np.linalg.norm(vectors[0] - vectors[1]) > 1e-3


@pytest.mark.parametrize("name", DUAL_TOWERS)
def test_text_tower_places_sentences_among_pictures(
    opened: dict[str, PictureEncoder], name: str
) -> None:
    encoder = opened[name]
    assert encoder.has_text_tower
    vectors = encoder.encode_text(["rain on a roof", "the dragon", ""])
    assert vectors.shape == (3, encoder.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(vectors[0] - vectors[1]) > 1e-4
    np.testing.assert_allclose(encoder.encode_text(["the dragon"])[0], vectors[1], atol=1e-4)
    assert encoder.encode_text([]).shape == (0, encoder.dimension)


def test_text_tower_reads_a_long_query_up_to_its_limit(opened: dict[str, PictureEncoder]) -> None:
    vectors = opened["clip"].encode_text(["rain on a roof " * 50])
    assert np.isfinite(vectors).all()


@pytest.mark.parametrize("name", ["dinov2", "vit"])
def test_model_without_text_tower_refuses_sentences(
    opened: dict[str, PictureEncoder], name: str
) -> None:
    assert not opened[name].has_text_tower
    with pytest.raises(ModelError, match="no text tower"):
        opened[name].encode_text(["rain"])


def test_clip_vectors_are_those_of_transformers(picture_models: dict[str, Path]) -> None:
    import torch
    from transformers import CLIPImageProcessorPil, CLIPModel

    square = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    folder = picture_models["clip"]
    inputs = CLIPImageProcessorPil.from_pretrained(folder)(images=[square], return_tensors="pt")
    with torch.inference_mode():
        expected = CLIPModel.from_pretrained(folder).eval().get_image_features(**inputs)
    expected = expected.pooler_output.numpy()
    found = picture_encoder(f"hf:{folder}").encode([square])
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)


def test_fingerprint_follows_the_weights_and_not_the_path(
    picture_models: dict[str, Path], tmp_path: Path
) -> None:
    original = picture_models["vit"]
    copy = tmp_path / "elsewhere" / original.name
    shutil.copytree(original, copy)
    first = picture_encoder(f"hf:{original}").fingerprint
    assert picture_encoder(f"hf:{copy}").fingerprint == first
    config = json.loads((copy / "preprocessor_config.json").read_text())
    config["image_mean"] = [0.4, 0.4, 0.4]
    (copy / "preprocessor_config.json").write_text(json.dumps(config))
    assert picture_encoder(f"hf:{copy}").fingerprint != first


def test_missing_model_says_how_to_get_it() -> None:
    with pytest.raises(ModelError, match="hf download owner/no-such-model"):
        picture_encoder("hf:owner/no-such-model")
    with pytest.raises(ModelError, match="neither a folder"):
        picture_encoder("hf:../no such:folder")


def test_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        picture_encoder(f"hf:{tmp_path}")


def test_pickled_weights_are_refused(picture_models: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(picture_models["vit"], folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="could run code"):
        picture_encoder(f"hf:{folder}")


def test_model_with_its_own_code_is_refused(
    picture_models: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "code"
    shutil.copytree(picture_models["vit"], folder)
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "evil.Model"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    with pytest.raises(ModelError, match="code of its own"):
        picture_encoder(f"hf:{folder}")


def test_damaged_weights_are_one_clear_error(
    picture_models: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(picture_models["vit"], folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        picture_encoder(f"hf:{folder}")
    assert "\n" not in str(caught.value)


def test_broken_configuration_is_one_clear_error(
    picture_models: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(picture_models["vit"], folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        picture_encoder(f"hf:{folder}")
