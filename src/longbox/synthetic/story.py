"""Stories: arcs filled with a book's characters, places and things, one beat a panel.

A story of N panels is a chain of arcs over the same cast, with interludes that remember what
happened before, so a page can be told from the next one by picture and by text. Two seeds give two
stories; the same seed gives the same story whatever the layout, as long as it has as many panels.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from longbox.book import TextKind
from longbox.errors import ConfigError
from longbox.synthetic.arcs import Arc, Beat, load_grammar
from longbox.synthetic.cast import KINDS, Character, cast_character
from longbox.synthetic.phrasebook import Phrasebook
from longbox.synthetic.places import INDOOR_PLACES, PLACES
from longbox.synthetic.props import PROPS
from longbox.synthetic.recipe import BookRecipe


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody who is in a panel, how they stand and what they feel."""

    name: str
    kind: str
    pose: str
    emotion: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something that is said, thought, told or heard in a panel.

    Attributes:
        tone: say, think, shout, caption or sound.
        speaker: Name of who says it, None for captions and sounds.
    """

    kind: TextKind
    tone: str
    text: str
    speaker: str | None


@dataclass(frozen=True, slots=True)
class PanelStory:
    """What happens in one panel.

    Attributes:
        arc: Kind of story it belongs to.
        chapter: Number of the arc in its book, from 0.
        event: What happens, the step's name in the arc ("steal", "chase").
        place: Where ("kitchen"), and in which light (day, dusk, night, rain).
        shot: establishing, long, medium or close.
        present: Who is there, the leading figure first.
        holder: Name of who has the thing in hand, or None.
        prop: The thing in hand, or None.
        summary: One English sentence.
        lines: What the story wants lettered; a small panel may have room for fewer.
    """

    arc: str
    chapter: int
    event: str
    place: str
    light: str
    shot: str
    present: tuple[Presence, ...]
    holder: str | None
    prop: str | None
    summary: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A whole story: its cast, its title, and its panels in order."""

    title: str
    series: str
    cast: tuple[Character, ...]
    panels: tuple[PanelStory, ...]
    lead: str
    prop: str
    place: str


@dataclass(frozen=True, slots=True)
class _Scene:
    """An arc with its roles, places and thing filled in."""

    arc: Arc
    chapter: int
    roles: dict[str, Character]
    places: dict[str, str]
    prop: str
    light: str


def tell_story(recipe: BookRecipe, n_panels: int) -> Story:
    """Tell a story of exactly n_panels panels.

    Raises:
        ConfigError: The recipe names an arc, a kind of character or a thing that is not known.
    """
    _check(recipe)
    rng = random.Random(f"story-{recipe.seed}")
    book = Phrasebook(recipe.language, rng)
    cast = _gather_cast(recipe, rng)
    scenes = _choose_scenes(recipe, cast, n_panels, rng)
    title = book.title(scenes[0].arc.name, _fields(scenes[0], book))
    series = book.pick("series")
    panels: list[PanelStory] = []
    for i, scene in enumerate(scenes):
        room = n_panels - len(panels) - sum(s.arc.n_least for s in scenes[i + 1 :])
        panels += _tell_scene(scene, room, scenes[:i], book, rng)
    while len(panels) < n_panels:
        is_last = len(panels) == n_panels - 1 and n_panels > 2
        panels.append(_tell_interlude(scenes, book, rng, is_last=is_last))
    first = scenes[0]
    lead = first.roles[first.arc.roles[0]].name
    return Story(
        title, series, tuple(cast), tuple(panels[:n_panels]), lead, first.prop, first.places["A"]
    )


def _check(recipe: BookRecipe) -> None:
    grammar = load_grammar()
    for what, asked, known in (
        ("story", recipe.story, (*grammar.arcs, *grammar.short)),
        ("cast", recipe.cast, KINDS),
        ("prop", (recipe.prop,) if recipe.prop else (), PROPS),
    ):
        for name in asked:
            if name not in known:
                raise ConfigError(f"{what}: {name!r} is not known; choose from {', '.join(known)}")


def _gather_cast(recipe: BookRecipe, rng: random.Random) -> list[Character]:
    kinds = list(recipe.cast)
    others = [k for k in KINDS if k not in kinds]
    rng.shuffle(others)
    n = max(len(kinds), 3 + (recipe.n_pages > 10))
    return [cast_character(k, rng) for k in (kinds + others)[:n]]


def _choose_scenes(
    recipe: BookRecipe, cast: list[Character], n_panels: int, rng: random.Random
) -> list[_Scene]:
    grammar = load_grammar()
    long, short = list(grammar.arcs.values()), list(grammar.short.values())
    known = {arc.name: arc for arc in (*long, *short)}
    asked = [known[name] for name in recipe.story] or [rng.choice(long)]
    scenes: list[_Scene] = []
    left = n_panels
    while not scenes or left > 0:
        last = scenes[-1].arc if scenes else None
        fits = [a for a in long if a.n_least < left and a is not last]
        fits = fits or [a for a in short if a.n_least < left and a is not last]
        if not asked and not fits:
            break
        arc = asked.pop(0) if asked else rng.choice(fits)
        if scenes and left < arc.n_least:
            continue
        scenes.append(_cast_scene(arc, len(scenes), recipe, cast, rng))
        left -= min(len(arc.beats), max(left, 1)) + (1 if len(scenes) > 1 else 0)
    return scenes


def _cast_scene(
    arc: Arc, chapter: int, recipe: BookRecipe, cast: list[Character], rng: random.Random
) -> _Scene:
    free = list(cast)
    if chapter or not recipe.cast:
        rng.shuffle(free)
    roles: dict[str, Character] = {}
    if chapter == 0 and recipe.cast:  # the recipe's cast fills the roles in their order
        roles = dict(zip(arc.roles, free, strict=False))
    else:
        wishes = arc.wishes
        for role in sorted(arc.roles, key=lambda r: r not in wishes):
            suited = [c for c in free if c.kind in wishes.get(role, ())]
            roles[role] = suited[0] if suited else free[0]
            free.remove(roles[role])
    suits = arc.places
    places: dict[str, str] = {}
    for letter in "ABC":
        choice = [p for p in suits.get(letter, PLACES) if p not in places.values()]
        places[letter] = rng.choice(choice or list(PLACES))
    prop = arc.prop or rng.choice([p for p in PROPS if p not in ("map", "letter", "treasure")])
    if chapter == 0 and recipe.prop and arc.prop is None:
        prop = recipe.prop
    light = rng.choice(("day", "day", "dusk", "night"))
    return _Scene(arc, chapter, roles, places, prop, light)


def _fields(scene: _Scene, book: Phrasebook) -> dict[str, str]:
    """Return what stands for the placeholders of a scene's phrases."""
    fields = {**book.prop_fields(scene.prop), **book.place_fields(scene.places)}
    for role, character in scene.roles.items():
        fields |= book.role_fields(role, character)
    return fields


def _tell_scene(
    scene: _Scene, room: int, before: list[_Scene], book: Phrasebook, rng: random.Random
) -> list[PanelStory]:
    """Tell a scene in at most `room` panels: optional beats go first, then the end is cut."""
    beats = list(scene.arc.beats)
    droppable = [b for b in beats if b.is_optional]
    rng.shuffle(droppable)
    while len(beats) > room and droppable:
        beats.remove(droppable.pop())
    fields = _fields(scene, book)
    out = [_tell_beat(beat, scene, fields, book) for beat in beats[: max(room, 0)]]
    if before and room > len(out):
        out.insert(0, _tell_interlude(before, book, rng, is_last=False))
    return out


def _tell_beat(
    beat: Beat, scene: _Scene, fields: dict[str, str], book: Phrasebook, group: str | None = None
) -> PanelStory:
    present = []
    names: dict[str, str] = {}
    for entry in beat.who.split():
        role, pose, emotion = entry.split("/")
        who = scene.roles[role]
        names[role] = who.name
        present.append(Presence(who.name, who.kind, pose, emotion))
    names |= {role: c.name for role, c in scene.roles.items()}
    arc = group or scene.arc.name
    lines = tuple(
        line
        for slot in beat.says.split()
        if (line := _say(slot, f"{arc}.{beat.step}", fields, names, book))
    )
    place = scene.places[beat.place]
    light = beat.light or scene.light
    if light == "rain" and place in INDOOR_PLACES:
        light = "day"
    prop = (beat.prop or scene.prop) if beat.holder else None
    the = {role: f"the {c.kind}" for role, c in scene.roles.items()} | {"prop": f"the {scene.prop}"}
    deed = beat.deed.format(**the)
    hour = {"day": "by day", "dusk": "at dusk", "night": "at night", "rain": "in the rain"}[light]
    where = book.english_place(place)
    return PanelStory(
        arc,
        scene.chapter,
        beat.step,
        place,
        light,
        beat.shot,
        tuple(present),
        names.get(beat.holder) if beat.holder else None,
        prop,
        f"{deed[0].upper()}{deed[1:]} {where} {hour}.",
        lines,
    )


def _say(
    slot: str, group: str, fields: dict[str, str], names: dict[str, str], book: Phrasebook
) -> Line | None:
    if slot == "sound":
        return Line(TextKind.SOUND_EFFECT, "sound", book.sound(f"{group}.sound"), None)
    if slot == "caption":
        text = book.phrase(f"{group}.caption", fields)
        return Line(TextKind.CAPTION, "caption", text, None)
    role = slot.rstrip("*!")
    tone = {"*": "think", "!": "shout"}.get(slot[-1], "say")
    return Line(TextKind.DIALOGUE, tone, book.phrase(f"{group}.{role}", fields), names[role])


def _tell_interlude(
    scenes: list[_Scene], book: Phrasebook, rng: random.Random, *, is_last: bool
) -> PanelStory:
    """A panel between the arcs; it may look back on one of them."""
    past = rng.choice(scenes)
    one, two, *_ = rng.sample(list(past.roles.values()), 2)
    scene = _Scene(
        past.arc, past.chapter, {"one": one, "two": two}, past.places, past.prop, past.light
    )
    fields = _fields(past, book)
    fields["past"] = book.phrase(f"past.{past.arc.name}", fields, is_sentence=False)
    if is_last:
        return _tell_beat(load_grammar().finale, scene, fields, book, "matter_finale")
    return _tell_beat(rng.choice(load_grammar().interludes), scene, fields, book, "interlude")
