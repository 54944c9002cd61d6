"""Composed at random: pages with next to nothing on them, pages that are no comic, story pages.

Story pages here are cheap relations of those that `draw_book` plans: rows of borrowed art in any
arrangement, with black, white or no gutters, empty panels, balloons or none. They say nothing of a
story; they are for telling a page of panels from a page of anything else.
"""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from longbox.book import Panel, TextKind
from longbox.geometry import Box
from longbox.synthetic import insert_words as say
from longbox.synthetic.insert_odd import draw_photo
from longbox.synthetic.insert_sheet import GROUNDS, INK, PAPERS, SOURCE, Setting, Sheet, small

_TALK = (
    "Wait!|What was that?|I told you so.|We have to go back.|Where is she?|No...|Not again!|Hm.|"
    "You can't be serious.|It was here yesterday.|Run!|Look at this.|Who are you?|Come with me.|"
    "I don't know.|This is all my fault.|Good morning!|Quiet. Someone is coming.|Never.|Oh."
)


def mixed_blank(s: Sheet) -> None:
    """Paper of any colour with what paper gets: grain, stains, a shade, faint print from behind."""
    rng = s.rng
    shade = rng.randint(0, 255)
    s.fill(rng.choice((*PAPERS, *GROUNDS, (0, 0, 0), (shade, shade, shade))))
    if rng.random() < 0.3:
        behind = (
            Image.fromarray(s.art(rng))
            .resize(s.image.size)
            .transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        )
        s.image = Image.blend(s.image, behind, rng.uniform(0.01, 0.04))
    if rng.random() < 0.4:
        grain = Image.effect_noise(s.image.size, rng.uniform(4, 14)).convert("RGB")
        s.image = Image.blend(s.image, grain, rng.uniform(0.02, 0.08))
    s.draw = ImageDraw.Draw(s.image)
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        x, y, r = rng.random() * s.width, rng.random() * s.height, rng.uniform(1, 0.02 * s.width)
        stain = tuple(max(0, c - rng.randint(5, 60)) for c in s.paper)
        s.draw.ellipse((x - r, y - r, x + r, y + r), fill=(stain[0], stain[1], stain[2]))
    if rng.random() < 0.25:
        s.write(str(rng.randint(1, 300)), (0.4, 0.6, rng.uniform(0.9, 0.96)), small(s, 0.02))


def mixed_odd(s: Sheet) -> None:
    """A photograph with a caption, a textbook's page, a list, a screen, a scanner's notice."""
    draw = s.rng.choice((_captioned_photo, _textbook, _list, _screen, _notice))
    draw(s)


def _captioned_photo(s: Sheet) -> None:
    ground = s.image.copy()
    draw_photo(s)
    photo = s.image
    top = s.rng.uniform(0, 0.3)
    size = s.width - 2 * (x := round(s.width * s.rng.uniform(0, 0.12))), round(s.height * 0.6)
    ground.paste(photo.resize(size), (x, round(top * s.height)))
    s.image, s.draw = ground, ImageDraw.Draw(ground)
    line = s.rng.choice((say.sentence(s.rng), f"IMG_{s.rng.randint(1, 9999)}.JPG", say.name(s.rng)))
    s.write(line, (0.1, 0.9, top + 0.63), small(s, 0.026))


def _textbook(s: Sheet) -> None:
    n = s.rng.randint(1, 12)
    y = s.write(f"{n}.{n % 5 + 1} {s.word('forms')}", (0.08, 0.9, 0.05), small(s, 0.04, "left"))
    for i in range(s.rng.randint(3, 7)):
        if s.rng.random() < 0.4:
            a, b = s.rng.choice("xyzabn"), s.rng.randint(2, 99)
            text = f"{a}{i} = {b}{a} + {s.rng.randint(1, 9)}({i + 1})"
            y = s.write(text, (0.2, 0.8, y + 0.02), small(s, 0.03))
        else:
            how = Setting("prose", 0.023, s.ink, TextKind.PROSE, "left")
            y = s.write(f"{i + 1}. {say.sentence(s.rng)}", (0.08, 0.92, y + 0.015), how)
    if s.rng.random() < 0.6 and y < 0.65:
        _curve(s, y + 0.03, 0.95)


def _curve(s: Sheet, top: float, bottom: float) -> None:
    left, right = 0.15 * s.width, 0.85 * s.width
    low, high = bottom * s.height, top * s.height
    s.draw.line((left, high, left, low, right, low), fill=s.ink, width=2)
    period, n = s.rng.uniform(1, 6), s.rng.choice((8, 40))
    if s.rng.random() < 0.4:  # bars
        for i in range(6):
            x, tall = left + (right - left) * (i + 0.2) / 6, s.rng.random() * (low - high)
            box = (x, low - tall, x + (right - left) / 10, low)
            s.draw.rectangle(box, fill=s.rng.choice(GROUNDS))
        return
    points = [
        (left + (right - left) * i / n, (low + high) / 2 + (low - high) / 3 * math.sin(i / period))
        for i in range(n + 1)
    ]
    s.draw.line(points, fill=s.rng.choice(GROUNDS), width=3)


def _list(s: Sheet) -> None:
    y = s.write(s.word("forms"), (0.08, 0.92, 0.04), small(s, 0.04))
    for _ in range(s.rng.randint(8, 30)):
        date = f"{s.rng.randint(1, 28)}.{s.rng.randint(1, 12)}.{s.rng.randint(1980, 2020)}"
        left = s.rng.choice((say.name(s.rng), s.word("forms"), date))
        text = f"{left}  {s.rng.randint(1, 99999)}  {s.word('forms')}"
        y = s.write(text, (0.08, 0.92, y + 0.008), small(s, 0.022, "left"))


def _screen(s: Sheet) -> None:
    s.fill(s.rng.choice(((236, 238, 242), (30, 32, 38))))
    s.draw.rectangle(s.box(0, 0, 1, 0.05).as_tuple(), fill=s.rng.choice(GROUNDS))
    for x in (0.02, 0.2, 0.38):
        s.write(s.word("forms"), (x, x + 0.16, 0.06), small(s, 0.02, "left"))
    y = 0.12
    for _ in range(s.rng.randint(2, 6)):
        if y > 0.9:
            return
        high = s.rng.uniform(0.06, 0.2)
        s.draw.rectangle(
            s.box(0.05, y, 0.95, min(0.97, y + high)).as_tuple(), outline=(150, 150, 160)
        )
        text = s.rng.choice((s.word("code"), s.word("forms"), say.address(s.rng)))
        s.write(text, (0.07, 0.9, y + 0.012), small(s, 0.022, "left"))
        y += high + 0.02


def _notice(s: Sheet) -> None:
    s.fill(s.rng.choice((*GROUNDS, INK, (255, 255, 255))))
    if s.rng.random() < 0.5:
        s.picture(s.box(0, 0, 1, s.rng.uniform(0.4, 1)))
    y = s.rng.uniform(0.05, 0.4)
    shadowed = Setting("caption", 0.035, (255, 255, 255), has_shadow=True)
    for _ in range(s.rng.randint(3, 9)):
        who = say.name(s.rng)
        forms = (
            s.word("scanner"),
            f"Scans by {who}",
            f"Cleaned by {who}",
            f"Raw: {who}",
            say.address(s.rng),
        )
        y = s.write(s.rng.choice(forms), (0.08, 0.92, y + 0.015), shadowed)


def mixed_story(s: Sheet) -> None:
    """Two to fifteen panels in tiers, some of them empty, with or without balloons."""
    rng = s.rng
    s.fill(
        rng.choices((PAPERS[0], rng.choice(PAPERS), (0, 0, 0), rng.choice(GROUNDS)), (5, 3, 2, 1))[
            0
        ]
    )
    gutter = rng.choice((0.0, 0.008, 0.015, 0.025, 0.05))
    margin = rng.choice((0.0, 0.03, 0.06))
    border = rng.choice((0, 2, 2, 3, 4))
    empty = rng.choices((0.0, 0.15, 0.5, 1.0), (8, 4, 1, 1))[0]
    talk = rng.choice((0.0, 0.4, 0.7, 0.9))
    sizes = [rng.uniform(0.6, 1.6) for _ in range(rng.choice((1, 2, 2, 3, 3, 3, 4, 5)))]
    tall = (1 - 2 * margin) / sum(sizes)
    y = margin
    for size in sizes:
        least = 2 if len(sizes) == 1 else 1
        cuts = [rng.uniform(0.6, 1.6) for _ in range(rng.randint(least, 3))]
        wide, x = (1 - 2 * margin) / sum(cuts), margin
        for cut in cuts:
            at = (x, y, x + cut * wide - gutter, y + size * tall - gutter)
            _panel(s, at, border, is_empty=rng.random() < empty)
            if rng.random() < talk:
                _balloon(s, at)
            x += cut * wide
        y += size * tall


def mixed_splash(s: Sheet) -> None:
    """One picture on the page, to the edges or framed, with a word or two, or none."""
    margin = s.rng.choice((0.0, 0.0, 0.03, 0.07))
    at = (margin, margin, 1 - margin, 1 - margin)
    _panel(s, at, s.rng.choice((0, 3)) if margin else 0, is_empty=False)
    for _ in range(s.rng.choice((0, 0, 1, 2, 3))):
        _balloon(s, at)


def _panel(s: Sheet, at: tuple[float, float, float, float], border: int, *, is_empty: bool) -> None:
    box = s.box(*at)
    if not is_empty:
        s.picture(box, border=border)
        return
    color = s.rng.choice(((255, 255, 255), (250, 248, 240), (0, 0, 0), *GROUNDS))
    s.draw.rectangle(box.as_tuple(), fill=color, outline=INK, width=max(2, border))
    s.panels.append(Panel(Box(*box.as_tuple()), len(s.panels), 1.0, SOURCE))


def _balloon(s: Sheet, at: tuple[float, float, float, float]) -> None:
    """Set a few words on white, as a balloon or a caption does."""
    rng = s.rng
    x0, y0, x1, y1 = at
    wide, high = (x1 - x0) * rng.uniform(0.35, 0.7), (y1 - y0) * rng.uniform(0.15, 0.35)
    x, y = x0 + rng.random() * (x1 - x0 - wide), y0 + rng.random() * (y1 - y0 - high) * 0.6
    box = s.box(x, y, x + wide, y + high).as_tuple()
    n = rng.choice((1, 1, 2, 3))
    text = " ".join(rng.choice(_TALK.split("|")) for _ in range(n))
    is_caption = rng.random() < 0.2
    if is_caption:
        s.draw.rectangle(box, fill=(250, 240, 190), outline=INK)
        text = say.sentence(rng)
    else:
        s.draw.ellipse(box, fill=(255, 255, 255), outline=INK, width=2)
    kind = TextKind.CAPTION if is_caption else TextKind.DIALOGUE
    place = (x + wide * 0.14, x + wide * 0.86, y + high * 0.2)
    s.write(
        text.upper() if rng.random() < 0.5 else text, place, Setting("dialogue", 0.022, INK, kind)
    )
