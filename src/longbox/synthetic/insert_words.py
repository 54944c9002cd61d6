"""Words of the pages around a story, put together at random out of a few lists.

A fixed phrase is soon known by heart; "Send $4.35 to Marlin, Dept. 12" in a thousand variants is
not. Each function answers one kind of line; some lines of each come from the word bank as they are.
"""

from __future__ import annotations

from random import Random

from longbox.synthetic.insert_sheet import word_bank

_FIRST = "Anna Ben Carla David Elif Farid Greta Hugo Ines Jack Kim Leo Mina Nils Olga Pia Quinn"
_LAST = "Adler Brooks Costa Dubois Endo Fischer Garcia Hill Ito Jansen Kato Lopez Moreau Nilsson"
_ADJECTIVES = (
    "Silent Crimson Lost Golden Broken Hidden Iron Last Strange Burning Frozen Little Endless "
    "Secret Electric Wandering Fearless Cosmic Wild Savage Paper Hollow Bright"
)
_THINGS = (
    "Garden Empire Rider Tower Sea Dragon City Planet Witch Machine Kingdom Shadow River Mask "
    "Detective Circus Forest Rocket Harvest Mirror Sword Train Island Heart Castle Robot Cat"
)
_SUBJECTS = (
    "The editor|My brother|An old sailor|Nobody in the village|The first volume|Our printer|"
    "A reader from Leeds|The young artist|Her father|The story|This little magazine|The captain"
)
_VERBS = (
    "had promised to return to|was already thinking of|never spoke about|wrote a long letter about|"
    "had lost everything but|could not stop laughing at|was asked many times about|came back for|"
    "made a hundred sketches of|remembered nothing of|had always dreamed of|carefully described"
)
_OBJECTS = (
    "the house by the river|the winter of that year|a box of old newspapers|the second chapter|"
    "the colours of the cover|the war and what came after|the contest in the last issue|"
    "a small town without a name|the difficult ending|the man with the lantern|her own drawings"
)
_OFFERS = (
    "Order today|Only {p}|Now {p}|Save 20%|Buy now for {p}|Just {p} each|Send {p} to|On sale now|"
    "Available everywhere|Get yours today|Free catalogue|Try it for free|Ask for it at your shop|"
    "Subscribe: 12 issues for {p}|Out now|Pre-order now|Download the app|New!|As seen on TV"
)
_COMING = (
    "Next: {t}|Next issue: {t}|Coming in {m}|In {m}: {t}|On sale {m} {d}|Continues in {t} #{d}|"
    "Next month: {t}|Next chapter|Coming soon: {t}|In our next number|Volume {d} coming {m}|"
    "Be here in 30 days!|Next week: {t}|See you in {m}|Preview|Don't miss {t}|Soon: {t}"
)
_MONTHS = "January February March April May June July August September October November December"


def _one(rng: Random, words: str) -> str:
    return rng.choice(words.split("|") if "|" in words else words.split())


def name(rng: Random) -> str:
    """Name a person."""
    if rng.random() < 0.25:
        return rng.choice(word_bank()["names"])
    first, last = _one(rng, _FIRST), _one(rng, _LAST)
    made = rng.choice((f"{first} {last}", f"{first[0]}. {last}", last))
    return made.upper() if rng.random() < 0.3 else made


def title(rng: Random) -> str:
    """Make up the title of a comic."""
    if rng.random() < 0.25:
        return rng.choice(word_bank()["titles"])
    adjective, thing = _one(rng, _ADJECTIVES), _one(rng, _THINGS)
    other = _one(rng, _THINGS)
    forms = (
        f"The {adjective} {thing}",
        f"{adjective} {thing}",
        thing,
        f"{thing} of the {other}",
        f"{name(rng)}'s {thing}",
        f"{adjective}",
    )
    made = rng.choice(forms)
    return made.upper() if rng.random() < 0.5 else made


def price(rng: Random) -> str:
    """Name a price."""
    n = rng.randint(1, 60)
    return rng.choice(
        (f"${n}.{rng.choice((50, 95, 99))}", f"{n},90 €", f"{n}¢", f"£{n}", f"¥{n}00")
    )


def address(rng: Random) -> str:
    """Give a place to write to, on paper or on the net."""
    word = _one(rng, _THINGS).lower()
    n, ending = rng.randint(2, 990), rng.choice(("com", "net", "de", "org"))
    return rng.choice(
        (
            rng.choice(word_bank()["addresses"]),
            f"www.{word}{rng.choice(('comics', 'shop', '', '-press'))}.{ending}",
            f"Dept. {n}, {n} {word.title()} Street, New York",
            f"P.O. Box {n}",
            f"@{word}press",
            f"{word}@{_one(rng, _LAST).lower()}.org",
        )
    )


def offer(rng: Random) -> str:
    """Praise a ware, or say what it costs."""
    if rng.random() < 0.3:
        return rng.choice(word_bank()["sale"])
    return _one(rng, _OFFERS).format(p=price(rng))


def coming(rng: Random) -> str:
    """Announce what comes next."""
    if rng.random() < 0.4:
        return rng.choice(word_bank()["next"])
    made = _one(rng, _COMING).format(t=title(rng), m=_one(rng, _MONTHS), d=rng.randint(1, 30))
    return made.upper() if rng.random() < 0.4 else made


def sentence(rng: Random) -> str:
    """Write a sentence of prose."""
    if rng.random() < 0.5:
        return rng.choice(word_bank()["prose"])
    tail = rng.choice(
        ("", ", and so did I", ", as we all know", " until spring", ", or so he said")
    )
    return f"{_one(rng, _SUBJECTS)} {_one(rng, _VERBS)} {_one(rng, _OBJECTS)}{tail}."
