"""Phrases of one language: what characters say, from phrases/<language>.json.

A phrase is chosen so that a book does not repeat itself: each list is gone through in a shuffled
order before any of its phrases comes again. Things and places are looked up with their articles
and prepositions, so that phrases stay grammatical.
"""

from __future__ import annotations

import json
import random
from functools import lru_cache
from importlib.resources import files
from typing import Any

from longbox.synthetic.cast import Character


@lru_cache(maxsize=8)
def load_phrases(language: str) -> dict[str, Any]:
    """Read a language's phrases."""
    text = (files("longbox.synthetic") / "phrases" / f"{language}.json").read_text("utf-8")
    phrases: dict[str, Any] = json.loads(text)
    return phrases


class Phrasebook:
    """Phrases of a language, drawn without repeating."""

    def __init__(self, language: str, rng: random.Random) -> None:
        """Open a language's phrases; the order of drawing comes from rng."""
        self.language = language
        self._phrases = load_phrases(language)
        self._rng = rng
        self._left: dict[str, list[str]] = {}

    def pick(self, key: str) -> str:
        """Draw from a list by its dotted key ("theft.plan.thief")."""
        if not self._left.get(key):
            found: Any = self._phrases
            for part in key.split("."):
                found = found[part]
            options = [found] if isinstance(found, str) else list(found)
            self._rng.shuffle(options)
            self._left[key] = options
        return self._left[key].pop()

    def phrase(self, key: str, fields: dict[str, str], *, is_sentence: bool = True) -> str:
        """Draw a phrase and fill it in."""
        key = "finale.caption" if key.startswith("matter_finale") else key
        text = self.pick(key).format_map(fields)
        return _capitalized(text) if is_sentence else text

    def title(self, arc: str, fields: dict[str, str]) -> str:
        """Draw a title for an arc."""
        title = _capitalized(self.pick(f"titles.{arc}").format_map(fields))
        if self.language != "en":
            return title
        small = ("the", "a", "and", "in", "for", "to", "down")
        words = title.split(" ")
        return " ".join(
            [words[0], *(w if w in small else w[:1].upper() + w[1:] for w in words[1:])]
        )

    def sound(self, key: str) -> str:
        """Draw a sound effect: the key's own list names kinds of sounds."""
        return self.pick(f"sounds.{self.pick(key)}")

    def name(self, character: Character) -> str:
        """Return a character's name as this language writes it."""
        return character.kana if self.language == "ja" else character.name

    def role_fields(self, role: str, character: Character) -> dict[str, str]:
        """Return placeholders for a role: its name, and its kind with article."""
        return {role: self.name(character), f"{role}_the": self._phrases["kinds"][character.kind]}

    def prop_fields(self, prop: str) -> dict[str, str]:
        """Return placeholders for a thing: as object, as subject, and "my"."""
        obj, subject, mine = self._phrases["props"][prop]
        return {"obj": obj, "obj_is": subject, "my_obj": mine}

    def place_fields(self, places: dict[str, str]) -> dict[str, str]:
        """Return placeholders for places: in and to each of A, B and C."""
        fields = {}
        for letter, place in places.items():
            inside, towards = self._phrases["places"][place]
            fields[f"in_{letter.lower()}"] = inside
            fields[f"to_{letter.lower()}"] = towards
        return fields

    def english_place(self, place: str) -> str:
        """Return "in the forest" for the summaries, which are always English."""
        inside: str = load_phrases("en")["places"][place][0]
        return inside

    def matter(self, key: str) -> Any:
        """Return the words around the story: headings, prose, advertisements."""
        return self._phrases["matter"][key]


def _capitalized(text: str) -> str:
    """Make sentence starts upper case: fields like "the cat" may begin one."""
    out = []
    start = True
    for char in text:
        out.append(char.upper() if start and char.isalpha() and char != "ß" else char)
        if char.isalnum():
            start = False
        elif char in ".!?":
            start = not "".join(out).endswith("..")
    return "".join(out)
