from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lettered_pages import font, page_with_balloon, vertical_page
from longbox.book import Direction, Panel, TextKind
from longbox.errors import ConfigError, ModelError, PageError
from longbox.geometry import Box
from longbox.text import TextOptions, TextReader


def test_balloon_is_one_dialogue_in_its_panel(reader: TextReader) -> None:
    pixels = page_with_balloon(["Where did you", "put the", "dragon's tooth?"])
    panels = (Panel(Box(0, 0, 420, 300), 0, 1.0, "test"),)
    (text,) = reader.read_page(pixels, panels, Direction.LTR)
    assert text.text == "Where did you put the dragon's tooth?"
    assert text.kind is TextKind.DIALOGUE
    assert (text.panel, text.order, text.source, text.language) == (0, 0, "openvino", "en")
    assert text.confidence > 0.9
    assert not text.is_vertical
    assert text.box.covered_by(Box(60, 80, 360, 230)) > 0.99


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("fr", "Ça me gêne, là-bas ! Cœur à l'été"),
        ("es", "¿Dónde está el niño? ¡Aquí!"),
        ("de", "Die Straße ist für Bären größer"),
    ],
)
def test_accents_are_read_as_printed(reader: TextReader, language: str, line: str) -> None:
    picture = Image.new("RGB", (640, 120), "white")
    face = font(32, "fontpkg_pt_serif/files/PT_Serif-Web-Regular.ttf")
    ImageDraw.Draw(picture).text((30, 40), line, font=face, fill="black")
    (text,) = reader.read_page(np.asarray(picture), (), Direction.LTR, language)
    assert text.text.replace(" ", "") == line.replace(" ", "")
    assert text.language == language
    assert text.panel is None


def test_vertical_japanese_is_read_from_the_right_column(reader: TextReader) -> None:
    (text,) = reader.read_page(
        vertical_page(["ちょっとした", "好奇心だった", "憧れもあった"]), (), Direction.RTL
    )
    assert text.text == "ちょっとした好奇心だった憧れもあった"
    assert text.is_vertical
    assert text.language == "ja"


def test_strip_keeps_every_line_once(reader: TextReader) -> None:
    strip = Image.new("RGB", (360, 3600), "white")
    draw = ImageDraw.Draw(strip)
    for i in range(36):
        draw.text((60, 100 * i + 31), f"Line number {i + 10}", font=font(28), fill="black")
    texts = reader.read_page(np.asarray(strip), (), Direction.TTB)
    assert [t.text for t in texts] == [f"Line number {i + 10}" for i in range(36)]


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (400, 1), (33, 20)])
def test_tiny_pages_have_no_text(reader: TextReader, size: tuple[int, int]) -> None:
    assert reader.read_page(np.zeros((*size, 3), np.uint8), (), Direction.LTR) == ()


def test_blank_page_has_no_text(reader: TextReader) -> None:
    assert reader.read_page(np.full((300, 200, 3), 255, np.uint8), (), Direction.RTL) == ()


def test_noise_gives_no_confident_nonsense(reader: TextReader) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 200, 3), np.uint8)
    texts = reader.read_page(noise, (), Direction.LTR)
    assert sum(len(t.text) for t in texts) < 5


def test_huge_letters_do_not_fail(reader: TextReader) -> None:
    picture = Image.new("RGB", (500, 300), "white")
    ImageDraw.Draw(picture).text((20, -20), "BOOM", font=font(200), fill="red")
    for text in reader.read_page(np.asarray(picture), (), Direction.LTR):
        assert text.box.covered_by(Box(0, 0, 500, 300)) > 0.999


def test_what_is_no_rgb_picture_is_a_page_error(reader: TextReader) -> None:
    for pixels in (np.zeros((40, 40), np.uint8), np.zeros((40, 40, 3), np.float32)):
        with pytest.raises(PageError, match="uint8"):
            reader.read_page(pixels, (), Direction.LTR)


def test_reader_travels_to_another_process_without_its_networks(reader: TextReader) -> None:
    reader.read_page(np.full((64, 64, 3), 255, np.uint8), (), Direction.LTR)
    assert len(pickle.dumps(reader)) < 2000
    assert pickle.loads(pickle.dumps(reader)).options == reader.options


def test_unknown_engine_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="rapidocr"):
        TextReader(TextOptions(engine="tea leaves")).read_page(
            np.zeros((64, 64, 3), np.uint8), (), Direction.LTR
        )


def test_threads_read_the_same_as_one() -> None:
    pixels = page_with_balloon(["Where did you", "put the", "dragon's tooth?"])
    one, two = (
        TextReader(TextOptions(n_threads=n, detection_side_px=640)).read_page(
            pixels, (), Direction.LTR
        )
        for n in (1, 2)
    )
    assert one == two
    assert one[0].text == "Where did you put the dragon's tooth?"


def test_openvino_reads_the_same_words() -> None:
    reader = TextReader(TextOptions(engine="openvino", n_threads=2, detection_side_px=640))
    pixels = page_with_balloon(["Where did you", "put the", "dragon's tooth?"])
    (text,) = reader.read_page(pixels, (), Direction.LTR)
    assert text.text == "Where did you put the dragon's tooth?"
    assert text.source == "openvino"


_WATCHED = """
import sys
seen = []
def hook(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn"):
        seen.append(event)
sys.addaudithook(hook)
import numpy as np
from longbox.book import Direction
from longbox.text import TextOptions, TextReader
page = np.full((64, 64, 3), 255, np.uint8)
TextReader(TextOptions(engine="openvino")).read_page(page, (), Direction.LTR)
print(seen)
"""


def test_openvino_speaks_to_nobody_and_starts_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_missing_package_of_an_engine_is_a_model_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "openvino" else found(name)
    )
    with pytest.raises(ModelError, match="pip install openvino"):
        TextReader(TextOptions(engine="openvino")).read_page(
            np.zeros((64, 64, 3), np.uint8), (), Direction.LTR
        )


def test_missing_or_damaged_model_is_a_model_error(tmp_path) -> None:
    from longbox.text.engine import open_session

    with pytest.raises(ModelError, match="missing"):
        open_session(tmp_path / "none.onnx", 1)
    (tmp_path / "bad.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="usable"):
        open_session(tmp_path / "bad.onnx", 1)


@pytest.mark.parametrize("wrong", [{"n_threads": 0}, {"min_confidence": 2.0}, {"window_aspect": 0}])
def test_impossible_options_are_config_errors(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        TextOptions(**wrong)  # type: ignore[arg-type]


def test_import_is_silent_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, longbox.text; "
        "print([m for m in ('cv2', 'onnxruntime', 'rapidocr', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
