"""Stories: causes come before effects, who speaks is there, and looks never change."""

from __future__ import annotations

import dataclasses
import json
from importlib.resources import files

import pytest

from longbox.book import TextKind
from longbox.synthetic import BookRecipe, PanelStory, draw_book
from longbox.synthetic.arcs import load_grammar
from longbox.synthetic.cast import KINDS, cast_character
from longbox.synthetic.faces import EXPRESSIONS
from longbox.synthetic.phrasebook import load_phrases
from longbox.synthetic.places import PLACES
from longbox.synthetic.poses import POSES
from longbox.synthetic.props import PROPS
from longbox.synthetic.recipe import LANGUAGES
from longbox.synthetic.story import tell_story


def _panels(seed: int, n: int, **fields: object) -> tuple[PanelStory, ...]:
    return tell_story(BookRecipe(seed=seed, **fields), n).panels  # type: ignore[arg-type]


@pytest.mark.parametrize("n_panels", [1, 2, 3, 5, 9, 17, 40, 150])
def test_a_story_has_as_many_panels_as_asked(n_panels: int) -> None:
    for seed in range(10):
        assert len(_panels(seed, n_panels)) == n_panels


def test_a_theft_comes_before_the_chase_and_the_chase_before_the_return() -> None:
    for seed in range(30):
        events = [p.event for p in _panels(seed, 14, story=("theft",)) if p.arc == "theft"]
        assert events.index("guard") < events.index("steal") < events.index("missing")
        assert events.index("missing") < events.index("chase") < events.index("found")
        assert events.index("found") < events.index("forgive")


def test_the_thief_is_the_one_who_runs_with_the_thing() -> None:
    for seed in range(10):
        by_event = {p.event: p for p in _panels(seed, 14, story=("theft",)) if p.arc == "theft"}
        owner = by_event["guard"].present[0].name
        thief = by_event["steal"].present[0].name
        assert by_event["guard"].holder == owner != thief
        assert by_event["steal"].holder == by_event["chase"].holder == thief
        assert by_event["forgive"].holder == owner
        assert by_event["confess"].lines[0].speaker == thief


def test_the_cat_steals_the_potion_when_the_recipe_wants_it() -> None:
    story = tell_story(
        BookRecipe(story=("theft",), cast=("witch", "cat", "knight"), prop="potion"), 12
    )
    steal = next(p for p in story.panels if p.event == "steal")
    assert steal.summary.startswith("The cat steals the potion")
    caption = next(line for line in steal.lines if line.kind is TextKind.CAPTION)
    assert "the cat" in caption.text.lower()
    assert "the potion" in caption.text.lower()


def test_everybody_who_speaks_is_in_the_panel() -> None:
    for seed in range(20):
        for panel in _panels(seed, 30):
            present = {who.name for who in panel.present}
            assert {line.speaker for line in panel.lines} <= present | {None}
            assert panel.holder is None or panel.holder in present or panel.event == "light"


def test_captions_and_sounds_have_no_speaker_and_dialogue_has_one() -> None:
    for panel in _panels(3, 40):
        for line in panel.lines:
            assert (line.speaker is not None) == (line.kind is TextKind.DIALOGUE)


def test_a_character_keeps_one_look_through_the_book() -> None:
    book = draw_book(BookRecipe(seed=9, n_pages=12, matter=False))
    assert len({c.name for c in book.cast}) == len(book.cast)
    looks = {c.name: c.look for c in book.cast}
    kinds = {c.name: c.kind for c in book.cast}
    for page in book._plan.pages:
        for panel in page.panels:
            for figure in panel.figures:
                assert figure.character.look == looks[figure.name]
            for who in panel.story.present:
                assert who.kind == kinds[who.name]


def test_later_panels_look_back_on_earlier_arcs() -> None:
    chapters = [p.chapter for p in _panels(1, 60)]
    assert chapters[0] == 0
    assert max(chapters) >= 3
    told = " ".join(
        line.text
        for seed in range(6)
        for p in _panels(seed, 60)
        if p.event == "walk"
        for line in p.lines
    )
    assert "remember" in told or "think of" in told or "since" in told


def test_a_scene_stays_in_its_place() -> None:
    panels = [p for p in _panels(2, 12, story=("theft",)) if p.arc == "theft"]
    by_event = {p.event: p.place for p in panels}
    assert by_event["guard"] == by_event["steal"] == by_event["missing"] == by_event["forgive"]
    assert by_event["chase"] != by_event["guard"]


def test_seeds_tell_thousands_of_different_stories() -> None:
    told = {tuple(line.text for p in _panels(seed, 8) for line in p.lines) for seed in range(400)}
    assert len(told) == 400


def test_a_book_does_not_repeat_itself_at_once() -> None:
    lines = [
        line.text for p in _panels(4, 24) for line in p.lines if line.kind is TextKind.DIALOGUE
    ]
    assert len(set(lines)) >= 0.9 * len(lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_arc_can_be_told_in_every_language(language: str) -> None:
    grammar = load_grammar()
    phrases = load_phrases(language)
    assert set(phrases["kinds"]) == set(KINDS)
    assert set(phrases["places"]) == set(PLACES)
    assert set(phrases["props"]) == set(PROPS)
    for name in (*grammar.arcs, *grammar.short):
        assert name in phrases["past"]
        for seed in range(3):
            panels = _panels(seed, 14, language=language, story=(name,))
            for panel in panels:
                for line in panel.lines:
                    assert line.text
                    assert "{" not in line.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_slot_of_every_beat_has_a_phrase(language: str) -> None:
    grammar, phrases = load_grammar(), load_phrases(language)
    arcs = {**grammar.arcs, **grammar.short}
    for arc in arcs.values():
        for beat in arc.beats:
            roles = {entry.split("/")[0] for entry in beat.who.split()}
            assert roles <= set(arc.roles)
            for slot in beat.says.split():
                assert phrases[arc.name][beat.step][slot.rstrip("*!")], (arc.name, beat.step, slot)
    for beat in grammar.interludes:
        for slot in beat.says.split():
            assert phrases["interlude"][beat.step][slot.rstrip("*!")]


def test_every_pose_and_emotion_of_the_arcs_can_be_drawn() -> None:
    grammar = load_grammar()
    beats = [b for a in (*grammar.arcs.values(), *grammar.short.values()) for b in a.beats]
    for beat in (*beats, *grammar.interludes, grammar.finale):
        for entry in beat.who.split():
            _, pose, emotion = entry.split("/")
            assert pose in POSES
            assert emotion in EXPRESSIONS


def test_every_kind_of_character_has_names_and_looks() -> None:
    import random

    for kind in KINDS:
        character = cast_character(kind, random.Random(1))
        assert character.name
        assert character.kana
        assert dataclasses.is_dataclass(character.look)


def test_phrase_files_are_json_of_the_same_shape() -> None:
    names = {p.name for p in (files("longbox.synthetic") / "phrases").iterdir()}
    assert {f"{language}.json" for language in LANGUAGES} <= names
    english = json.loads((files("longbox.synthetic") / "phrases" / "en.json").read_text("utf-8"))
    for language in LANGUAGES:
        assert set(load_phrases(language)) == set(english)
