"""What is made of a model's answer, of any quality, without a server."""

from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longbox.book import Direction, Panel
from longbox.description import AnswerState
from longbox.errors import ConfigError
from longbox.geometry import Box
from longbox.text.vlm import (
    BoxConvention,
    ReadAnswer,
    ShownPage,
    VlmClient,
    VlmOptions,
    make_question,
    read_answer,
    shown_page,
)
from text.misbehaving_server import GOOD, TIERS, gemini, glm, page, panel

SHOWN = ShownPage(300, 600, 300, 600, tuple(Box(*box) for box in TIERS))
ONE = ShownPage(300, 600, 300, 600, (Box(0, 0, 300, 600),))
DONE = (AnswerState.CLEAN, AnswerState.REPAIRED)


def read(value: object, shown: ShownPage = SHOWN, **options: object) -> ReadAnswer:
    text = value if isinstance(value, str) else json.dumps(value)
    return read_answer(text, shown, **options)  # type: ignore[arg-type]


def test_clean_answer_keeps_every_field_apart() -> None:
    answer = read(GOOD)
    assert (answer.state, answer.problem) == (AnswerState.CLEAN, None)
    assert answer.summary == "A fox crosses three hills."
    first = answer.panels[0]
    assert (first.number, first.characters, first.actions) == (1, ("fox",), ("runs",))
    assert (first.setting, first.shot) == ("a hill at dawn", "long")
    assert [(t.text, t.label, t.speaker) for t in first.texts] == [("HOP 1", "dialogue", "fox")]
    assert first.box is not None
    assert first.box.iou(Box(*TIERS[0])) > 0.95


@pytest.mark.parametrize("cut", range(1, len(GOOD), 7))
def test_no_beginning_of_an_answer_counts_as_done(cut: int) -> None:
    assert read(GOOD[:cut]).state not in DONE


@pytest.mark.parametrize("cut", range(60, len(GOOD), 31))
@pytest.mark.parametrize("wrap", ["```json\n{}", "Sure! Here it is: {}", "```json\n{}\n```"])
def test_no_wrapped_beginning_counts_as_done(cut: int, wrap: str) -> None:
    assert read(wrap.replace("{}", GOOD[:cut])).state not in DONE


@pytest.mark.parametrize("cut", range(200, len(GOOD), 31))
def test_no_malformed_beginning_counts_as_done(cut: int) -> None:
    bad = GOOD.replace("runs over", 'cries "over, there", over')
    assert read(bad).state is AnswerState.REPAIRED
    assert read(bad[:cut]).state not in DONE


def test_repair_keeps_all_panels_and_their_words() -> None:
    answer = read(GOOD.replace("runs over hill 2", 'says "hop", "hop" and runs'))
    assert [p.number for p in answer.panels] == [1, 2, 3]
    assert [p.texts[0].text for p in answer.panels] == ["HOP 1", "HOP 2", "HOP 3"]


def test_truncated_answer_keeps_what_could_be_read() -> None:
    answer = read(GOOD[:700])
    assert answer.state is AnswerState.TRUNCATED
    assert answer.panels[0].description == "a fox runs over hill 1"


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='{}[]",:\\ abpanels1\n`<>/', max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert read(text).state in AnswerState


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["panels", "description", "panel_number", "box_2d", "text_content", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_JSON)
def test_no_json_breaks_the_reader_or_describes_nothing(value: object) -> None:
    answer = read(value)
    if answer.state in DONE:
        assert any(p.description or p.texts or p.characters or p.actions for p in answer.panels)


def test_damaged_letters_never_break_the_reader() -> None:
    rng = random.Random(0)
    for _ in range(400):
        letters = list(GOOD)
        for _ in range(rng.randint(1, 12)):
            letters[rng.randrange(len(letters))] = rng.choice('{}[]",:\\x\n')
        answer = read("".join(letters))
        assert len(answer.panels) <= 120


@pytest.mark.parametrize(
    "hostile",
    ["[" * 150_000, '{"a":' * 30_000, '"' * 150_000, '{"a":"' * 25_000, "\\" * 150_000,
     '{"panels": [{"description": "' + 'x" y "' * 25_000, "{" + '"a",' * 40_000,
     "```" * 50_000, "<think>" * 20_000, '{"' + " " * 150_000],
    ids=range(10),
)  # fmt: skip
def test_hostile_text_is_refused_quickly(hostile: str) -> None:
    start = time.process_time()
    assert read(hostile).state in (AnswerState.FAILED, AnswerState.TRUNCATED)
    assert time.process_time() - start < 5


def test_text_that_the_repair_itself_fails_on_is_failed() -> None:
    answer = read('{"```json[```u')
    assert answer.state in (AnswerState.FAILED, AnswerState.TRUNCATED)
    assert answer.problem is not None


def test_over_long_answer_is_failed() -> None:
    answer = read(GOOD + " " * 300_000 + "{}")
    assert answer.state is AnswerState.FAILED
    assert "characters long" in str(answer.problem)


_ECHO_OF_SCHEMA = panel(
    1, None, description="string", characters=["string"], actions=["string"],
    text_content=[{"label": "string", "speaker": None, "text": "string", "box_2d": None}],
)  # fmt: skip
_ECHO_OF_QUESTION = panel(
    1, None,
    description="what is to be seen, two or three sentences, without quoting lettering",
    characters=["each figure, by name if the page gives one, else by looks"],
    actions=["what they do"],
    text_content=[
        {"text": "the lettering, copied letter by letter in its own language", "box_2d": None}
    ],
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "no panels"),
        ('["a fox", "a hill"]', "a list"),
        ('{"error": "out of memory"}', "error message"),
        ("I'm sorry, I can't help.", "no JSON"),
        (json.dumps(page([])), "describes no panel"),
        (json.dumps(page([panel(1, None, description="Sorry, I cannot see it")])), "refusal"),
        (json.dumps(page([{"panel_number": 1, "description": "..."}])), "empty"),
        (json.dumps(page([{"panel_number": 1, "description": "string"}])), "empty"),
        (json.dumps(page([_ECHO_OF_SCHEMA])), "empty"),
        (json.dumps(page([_ECHO_OF_QUESTION])), "empty"),
        (json.dumps({"panels": "three"}), "no panels"),
        (json.dumps({"panels": ["a fox", "a hill"]}), "no panels"),
    ],
)
def test_wrong_shapes_are_failed_with_their_reason(text: str, reason: str) -> None:
    answer = read(text)
    assert answer.state is AnswerState.FAILED
    assert answer.panels == ()
    if reason:
        assert reason in str(answer.problem)


def test_page_without_panels_of_its_own_may_have_only_a_summary() -> None:
    assert read(page([]), ONE).state is AnswerState.CLEAN
    assert read(page([], overall_summary="I cannot see it"), ONE).state is AnswerState.FAILED
    assert read(page([], overall_summary=" "), ONE).state is AnswerState.FAILED


def test_answer_after_an_example_is_taken() -> None:
    answer = read(f'As {{"shape": 1}} asks: {GOOD}')
    assert answer.state is AnswerState.REPAIRED
    assert len(answer.panels) == 3


def test_ideographic_spaces_and_line_breaks_are_text() -> None:
    said = page([panel(1, None, description="狐が　走る\n丘")])
    answer = read(said)
    assert answer.state is AnswerState.CLEAN
    assert answer.panels[0].description == "狐が　走る\n丘"


def test_two_lists_under_one_key_are_one_list_cut_in_two() -> None:
    one, two = (json.dumps(panel(i, None)) for i in (1, 2))
    answer = read(f'{{"overall_summary": "x", "panels": [{one}], "panels": [{two}]}}')
    assert answer.state is AnswerState.REPAIRED
    assert [p.number for p in answer.panels] == [1, 2]


# ---- boxes


def as_sent(box: tuple[int, int, int, int], scale: float) -> list[float]:
    return [v * scale for v in box]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("gemini", gemini),
        ("glm", glm),
        ("pixels", list),
        ("pixels, y first", lambda b: [b[1], b[0], b[3], b[2]]),
        ("fractions", lambda b: [b[0] / 300, b[1] / 600, b[2] / 300, b[3] / 600]),
        ("fractions, y first", lambda b: [b[1] / 600, b[0] / 300, b[3] / 600, b[2] / 300]),
    ],
)
@pytest.mark.parametrize("layout", ["tiers", "grid", "columns"])
def test_convention_is_found_by_what_fits_our_panels(name: str, make: object, layout: str) -> None:
    boxes = {
        "tiers": list(TIERS),
        "grid": [(x, y, x + 130, y + 180) for y in (10, 210, 410) for x in (10, 160)],
        "columns": [(10, 10, 100, 590), (110, 10, 190, 590), (200, 10, 290, 590)],
    }[layout]
    shown = ShownPage(300, 600, 300, 600, tuple(Box(*b) for b in boxes))
    said = page([panel(i + 1, make(b)) for i, b in enumerate(boxes)])  # type: ignore[operator]
    answer = read(said, shown)
    for found, box in zip(answer.panels, boxes, strict=True):
        assert found.box is not None, name
        assert found.box.iou(Box(*box)) > 0.9, name


def test_told_convention_is_not_second_guessed() -> None:
    said = page([panel(i + 1, glm(b)) for i, b in enumerate(TIERS)])
    right = read(said, convention=BoxConvention.GLM)
    wrong = read(said, convention=BoxConvention.GEMINI)
    assert right.panels[1].box is not None
    assert right.panels[1].box.iou(Box(*TIERS[1])) > 0.9
    other = wrong.panels[1].box
    assert other is None or other.iou(Box(*TIERS[1])) < 0.7


def test_pixels_are_of_the_picture_that_was_sent() -> None:
    shown = ShownPage(1200, 2400, 600, 1200, tuple(Box(*b).scale(4, 4) for b in TIERS))
    said = page([panel(i + 1, as_sent(b, 2.0)) for i, b in enumerate(TIERS)])
    answer = read(said, shown)
    assert answer.panels[2].box is not None
    assert answer.panels[2].box.iou(shown.boxes[2]) > 0.95


def test_box_off_the_page_is_left_out_and_the_panel_kept() -> None:
    said = page()
    said["panels"][1]["box_2d"] = [5000, 5000, 9000, 9000]
    answer = read(said)
    assert answer.state is AnswerState.REPAIRED
    assert answer.panels[1].box is None
    assert answer.panels[1].description


# ---- questions and settings


def test_page_is_scaled_to_the_limits_and_never_enlarged() -> None:
    small = shown_page((300, 600), (), (1_000_000, 4000))
    assert (small.picture_width, small.picture_height) == (300, 600)
    large = shown_page((4000, 6000), (), (1_500_000, 4000))
    assert large.picture_width * large.picture_height <= 1_500_000
    strip = shown_page((800, 40_000), (), (1_500_000, 4000))
    assert strip.picture_height == 4000


def test_fingerprint_follows_what_is_shown() -> None:
    options = VlmOptions("http://localhost:1/v1", "m")
    panels = [Panel(Box(*b), i, 1.0, "drawn") for i, b in enumerate(TIERS)]
    whole = shown_page((300, 600), panels, (10**6, 4000))
    fewer = shown_page((300, 600), panels[:2], (10**6, 4000))
    first = make_question(whole, Direction.LTR, options)
    assert first == make_question(whole, Direction.LTR, options)
    prints = {
        first.fingerprint,
        make_question(fewer, Direction.LTR, options).fingerprint,
        make_question(whole, Direction.RTL, options).fingerprint,
        make_question(
            whole, Direction.LTR, VlmOptions("http://a/v1", "m", convention=BoxConvention.GLM)
        ).fingerprint,
    }
    assert len(prints) == 4
    assert "panel 3: [683, 33, 983, 967]" in first.words


@pytest.mark.parametrize(
    "endpoint",
    ["", "localhost:1234", "ftp://host/v1", "file:///etc/passwd", "http://", "http://a b/\x00",
     "http://user:word@host/v1", "https://host/v1?key=1", "http://[::1"],
)  # fmt: skip
def test_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigError):
        VlmOptions(endpoint, "m")


def test_host_that_none_can_have_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigError, match="not an address"):
        VlmClient(VlmOptions("http://\u2603.example/v1", "m"))


@pytest.mark.parametrize("model", ["", "  ", "a\nb", "m\udcff"])
def test_model_must_have_a_name(model: str) -> None:
    with pytest.raises(ConfigError, match="model"):
        VlmOptions("http://localhost/v1", model)


def test_key_with_a_line_break_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        VlmOptions("http://localhost/v1", "m", "secret\nInjected: header")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["\ud800", "\x1b[31m", "\u202e"])
def test_problem_of_a_hostile_answer_can_be_printed(key: str) -> None:
    for text in (json.dumps({key: 1, "x": 2}), f'{{"{key}": 1, "{key}": 2}}'):
        problem = str(read(text).problem)
        assert problem.isprintable()
        problem.encode("utf-8")


def test_key_goes_over_http_only_nearby() -> None:
    for near in ("http://localhost:1/v1", "http://127.0.0.1/v1", "http://192.168.1.5:8000/v1"):
        VlmOptions(near, "m", "key")
    VlmOptions("https://api.example.com/v1", "m", "key")
    with pytest.raises(ConfigError, match="https"):
        VlmOptions("http://api.example.com/v1", "m", "key")


def test_endpoint_may_be_the_base_or_the_whole_address() -> None:
    base = VlmOptions("http://localhost:1/v1/", "m").url
    assert base == VlmOptions("http://localhost:1/v1/chat/completions", "m").url
