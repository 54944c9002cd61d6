"""Templates of pages that are no comic: photographs, code, forms, charts, a scanner's own page."""

from __future__ import annotations

import math

from PIL import Image, ImageFilter

from longbox.book import TextKind
from longbox.synthetic.insert_sheet import GROUNDS, RGB, Setting, Sheet, serif, small

_WHITE: RGB = (255, 255, 255)


def draw_photo(s: Sheet) -> None:
    """A blurred landscape, as a photograph is: soft gradients everywhere."""
    rng = s.rng
    for _ in range(60):
        x, y, r = rng.random() * s.width, rng.random() * s.height, rng.uniform(0.03, 0.35) * s.width
        tint = (rng.randint(20, 230), rng.randint(30, 220), rng.randint(20, 210))
        s.draw.ellipse((x - r, y - r, x + r, y + r), fill=tint)
    s.image = s.image.filter(ImageFilter.GaussianBlur(s.width * rng.uniform(0.008, 0.03)))
    grain = Image.effect_noise(s.image.size, rng.uniform(20, 50)).convert("RGB")
    s.image = Image.blend(s.image, grain, 0.15)


def draw_code(s: Sheet) -> None:
    """A page of a programming book."""
    s.fill(s.rng.choice((_WHITE, (248, 248, 248), (30, 32, 40))))
    end = s.write(s.rng.choice(("Chapter 4. Queues", "Listing 3.1", "app.py")), (0.08, 0.9, 0.05))
    for _ in range(s.rng.randint(18, 36)):
        line = Setting("prose", 0.022, s.ink, s.rng.choice(list(TextKind)[3:]), "left")
        indent = 0.1 + 0.03 * s.rng.randint(0, 2)
        end = s.write(s.word("code").strip(), (indent, 0.95, end + 0.008), line)


def draw_scanner(s: Sheet) -> None:
    """The page on which a scanner or translator presents itself."""
    if s.rng.random() < 0.5:
        s.picture(s.box(0.1, 0.05, 0.9, 0.5))
    else:
        s.fill(s.rng.choice(GROUNDS))
    end = s.rng.uniform(0.1, 0.54)
    for line in s.words("scanner", s.rng.randint(4, 9)):
        end = s.write(line, (0.1, 0.9, end + 0.015), small(s, s.rng.uniform(0.025, 0.05)))


def draw_form(s: Sheet) -> None:
    """A table of numbers."""
    columns, rows = s.rng.randint(3, 6), s.rng.randint(8, 20)
    s.write(s.word("forms"), (0.1, 0.9, 0.04), serif(s, 0.04))
    for row in range(rows):
        for column in range(columns):
            x0, y0 = 0.06 + 0.88 * column / columns, 0.12 + 0.8 * row / rows
            box = s.box(x0, y0, x0 + 0.88 / columns, y0 + 0.8 / rows)
            s.draw.rectangle(box.as_tuple(), outline=s.ink)
            cell = s.word("forms") if row * column == 0 else str(s.rng.randint(1, 9999))
            place = (x0 + 0.01, x0 + 0.86 / columns, y0 + 0.008)
            s.write(cell, place, small(s, 0.02, "left"))


def draw_chart(s: Sheet) -> None:
    """A figure of a textbook with its caption."""
    s.write(f"Figure {s.rng.randint(1, 9)}. {s.word('forms')}", (0.1, 0.9, 0.08), serif(s, 0.035))
    for line in range(s.rng.randint(1, 4)):
        points = [
            (
                s.width * (0.1 + 0.8 * i / 30),
                s.height * (0.45 + 0.12 * math.sin(i / (2 + line)) + s.rng.uniform(-0.03, 0.03)),
            )
            for i in range(31)
        ]
        s.draw.line(points, fill=s.rng.choice(GROUNDS), width=3)
    s.draw.rectangle(s.box(0.1, 0.2, 0.9, 0.7).as_tuple(), outline=s.ink, width=2)
    s.prose(2, (0.1, 0.75, 0.9, 0.95), 0.022)
