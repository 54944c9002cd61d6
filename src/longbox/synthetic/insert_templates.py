"""Templates of the pages that are bound around a story, by page type and name.

Each is a function that sets one sheet. They are many and different on purpose: a labeller should
learn what an advertisement does, not how ours is laid out; "mixed" composes a page at random.
HELD_OUT names one of each type that training never sees; it is for measuring. TUNING names another
one, which only the choice between ways of training leaves out.
"""

from __future__ import annotations

from collections.abc import Callable

from longbox.book import PageType, TextKind
from longbox.synthetic.insert_mixed import MIXED
from longbox.synthetic.insert_mixed_odd import mixed_blank, mixed_odd, mixed_splash, mixed_story
from longbox.synthetic.insert_odd import draw_chart, draw_code, draw_form, draw_photo, draw_scanner
from longbox.synthetic.insert_sheet import GROUNDS, INK, RGB, Setting, Sheet, serif, small

_WHITE: RGB = (255, 255, 255)
_YELLOW: RGB = (255, 222, 60)
Template = Callable[[Sheet], None]


def _loud(sheet: Sheet, size: float, color: RGB | None = None) -> Setting:
    chosen = color or sheet.rng.choice((_WHITE, _YELLOW, (230, 40, 50), INK))
    return Setting("title", size, chosen, has_shadow=True)


def _cover_bleed(s: Sheet) -> None:
    s.picture(s.box(0, 0, 1, 1))
    end = s.write(s.word("titles"), (0.05, 0.95, s.rng.uniform(0.03, 0.08)), _loud(s, 0.13))
    if s.rng.random() < 0.7:
        s.write(f"#{s.rng.randint(1, 300)}", (0.05, 0.3, end + 0.01), _loud(s, 0.05))
    if s.rng.random() < 0.5:
        s.write(s.word("teasers"), (0.1, 0.9, s.rng.uniform(0.8, 0.9)), _loud(s, 0.05))
    if s.rng.random() < 0.4:
        s.barcode(s.box(0.05, 0.86, 0.25, 0.96))


def _cover_framed(s: Sheet) -> None:
    s.fill(s.rng.choice(GROUNDS))
    end = s.write(s.word("titles"), (0.06, 0.94, 0.04), _loud(s, 0.12))
    price = s.rng.choice(("10¢", "$2.99", "No. 12  JUNE", "3,50 €", "1"))
    end = s.write(price, (0.06, 0.94, end + 0.01), _loud(s, 0.04))
    s.picture(s.box(0.05, max(end + 0.02, 0.2), 0.95, 0.96), border=4)


def _cover_volume(s: Sheet) -> None:
    s.picture(s.box(0, 0, 1, 1))
    top = s.rng.uniform(0.66, 0.78)
    end = s.write(s.word("titles"), (0.05, 0.95, top), _loud(s, 0.1))
    end = s.write(str(s.rng.randint(1, 40)), (0.7, 0.95, end + 0.01), _loud(s, 0.08))
    s.write(s.word("names"), (0.05, 0.6, min(end, 0.93)), _loud(s, 0.04))


def _cover_quiet(s: Sheet) -> None:
    s.fill(s.rng.choice(GROUNDS))
    s.picture(s.box(0.0, 0.3, 1, 1))
    end = s.write(s.word("names"), (0.1, 0.9, 0.05), serif(s, 0.035))
    s.write(s.word("titles"), (0.1, 0.9, end + 0.02), serif(s, 0.08))


def _cover_emblem(s: Sheet) -> None:
    s.fill(s.rng.choice(GROUNDS))
    s.picture(s.box(0.3, 0.45, 0.7, 0.72), border=3)
    end = s.write(s.word("titles"), (0.1, 0.9, 0.15), _loud(s, 0.15))
    s.write(s.word("brands"), (0.3, 0.7, max(0.9, end)), _loud(s, 0.035))


def _title_centred(s: Sheet) -> None:
    end = s.write(s.word("titles"), (0.1, 0.9, s.rng.uniform(0.15, 0.4)), serif(s, 0.09))
    for name in s.words("names", s.rng.randint(1, 3)):
        end = s.write(name, (0.1, 0.9, end + 0.02), small(s, 0.035))
    if s.rng.random() < 0.4:
        s.write(s.word("brands"), (0.3, 0.7, 0.9), small(s, 0.03))


def _title_credits(s: Sheet) -> None:
    end = s.write(s.word("titles"), (0.1, 0.9, 0.1), serif(s, 0.06))
    for role in s.words("roles", s.rng.randint(4, 9)):
        end = s.write(f"{role}: {s.word('names')}", (0.15, 0.85, end + 0.012), small(s, 0.028))
    end = max(end + 0.05, 0.7)
    for line in s.words("legal", s.rng.randint(2, 5)):
        end = s.write(line, (0.1, 0.9, end + 0.004), small(s, 0.018))


def _title_recap(s: Sheet) -> None:
    s.picture(s.box(0.08, 0.05, 0.92, 0.4))
    end = s.write(s.word("titles"), (0.08, 0.92, 0.43), serif(s, 0.08))
    text = "Previously: " + " ".join(s.words("blurbs", 2))
    end = s.write(text, (0.12, 0.88, end + 0.03), small(s, 0.03))
    for role in s.words("roles", 4):
        end = s.write(f"{role} {s.word('names')}", (0.1, 0.9, end + 0.01), small(s, 0.024))


def _title_banner(s: Sheet) -> None:
    s.picture(s.box(0, 0, 1, 1))
    s.write(s.word("titles"), (0.1, 0.9, 0.3), _loud(s, 0.09))
    chapter = s.rng.choice(("Episode", "Chapter", "Chapitre", "Part", "第三話"))
    s.write(f"{chapter} {s.rng.randint(1, 40)}", (0.1, 0.9, 0.7), _loud(s, 0.05))


def _title_contents(s: Sheet) -> None:
    end = s.write(s.rng.choice(("CONTENTS", "Sommaire", "Inhalt", "目次")), (0.1, 0.9, 0.1))
    page = 3
    for title in s.words("titles", s.rng.randint(4, 9)):
        line = f"{title} . . . . . . {page}"
        end = s.write(line, (0.15, 0.9, end + 0.025), small(s, 0.035, "left"))
        page += s.rng.randint(6, 30)


def _title_chapter(s: Sheet) -> None:
    s.fill(s.rng.choice((INK, _WHITE, (90, 20, 30))))
    number = f"{s.rng.choice(('CHAPTER', 'Chapitre', 'Kapitel', 'BOOK'))} {s.rng.randint(1, 20)}"
    end = s.write(number, (0.2, 0.8, 0.38), serif(s, 0.05))
    s.write(s.word("titles"), (0.15, 0.85, end + 0.02), serif(s, 0.07))


def _text_columns(s: Sheet) -> None:
    end = s.write(s.word("heads"), (0.08, 0.92, 0.05), serif(s, 0.06))
    n = s.rng.choice((2, 2, 3))
    wide = 0.86 / n
    for i in range(n):
        left = 0.07 + i * wide
        s.prose(12, (left, end + 0.04, left + wide - 0.03, 0.95), 0.022)


def _text_story(s: Sheet) -> None:
    end = s.write(s.word("heads"), (0.08, 0.92, 0.06), serif(s, 0.05))
    if s.rng.random() < 0.6:
        s.picture(s.box(0.2, end + 0.03, 0.8, end + 0.3))
        end += 0.3
    s.prose(10, (0.1, end + 0.04, 0.9, 0.95), 0.027)


def _text_plain(s: Sheet) -> None:
    s.prose(14, (0.1, 0.06, 0.9, 0.94), s.rng.uniform(0.022, 0.03))


def _text_notes(s: Sheet) -> None:
    end = s.write(s.word("heads"), (0.08, 0.92, 0.05), serif(s, 0.05))
    end = s.prose(3, (0.08, end + 0.03, 0.92, 0.5), 0.025)
    for i in range(s.rng.randint(1, 3)):
        s.picture(s.box(0.08 + 0.3 * i, 0.6, 0.34 + 0.3 * i, 0.78))
    s.prose(3, (0.08, 0.82, 0.92, 0.97), 0.02)


def _text_interview(s: Sheet) -> None:
    s.fill(s.rng.choice(((250, 240, 214), (214, 228, 240), (40, 44, 60))))
    s.picture(s.box(0.6, 0.05, 0.95, 0.35))
    end = s.write(f"Interview: {s.word('names')}", (0.06, 0.56, 0.06), serif(s, 0.05, "left"))
    s.prose(5, (0.06, end + 0.02, 0.56, 0.9), 0.022)
    s.prose(5, (0.6, 0.38, 0.95, 0.95), 0.022)


def _ad_product(s: Sheet) -> None:
    s.fill(s.rng.choice(GROUNDS))
    end = s.write(s.word("slogans"), (0.06, 0.94, 0.05), _loud(s, 0.1))
    s.picture(s.box(0.15, end + 0.03, 0.85, 0.68))
    end = s.write(f"{s.word('brands')} {s.word('nouns')}", (0.06, 0.94, 0.71), _loud(s, 0.07))
    end = s.write(s.word("sale"), (0.1, 0.9, end + 0.015), _loud(s, 0.04, _WHITE))
    s.write(s.word("addresses"), (0.1, 0.9, end + 0.01), small(s, 0.025))


def _ad_coupons(s: Sheet) -> None:
    columns, rows = s.rng.choice(((2, 4), (3, 4), (2, 3), (3, 6)))
    wide, high = 0.94 / columns, 0.94 / rows
    for i in range(columns * rows):
        x, y = 0.03 + wide * (i % columns), 0.03 + high * (i // columns)
        s.draw.rectangle(s.box(x, y, x + wide, y + high).as_tuple(), outline=s.ink, width=2)
        end = s.write(s.word("nouns").upper(), (x + 0.01, x + wide - 0.01, y + 0.012))
        for key in ("slogans", "sale", "addresses"):
            place = (x + 0.01, x + wide - 0.01, end + 0.006)
            end = s.write(s.word(key), place, small(s, 0.017))
            if end > y + high - 0.03:
                break


def _ad_poster(s: Sheet) -> None:
    s.picture(s.box(0, 0, 1, 1))
    s.write(s.word("slogans"), (0.05, 0.95, s.rng.choice((0.05, 0.7))), _loud(s, 0.1))
    end = s.write(s.word("brands"), (0.3, 0.95, 0.86), _loud(s, 0.07))
    s.write(s.word("addresses"), (0.3, 0.95, min(0.95, end)), _loud(s, 0.025))


def _ad_strip(s: Sheet) -> None:
    end = s.write(f"{s.word('nouns')} by {s.word('brands')}", (0.05, 0.95, 0.03), _loud(s, 0.07))
    rows = s.rng.choice((2, 3))
    high = (0.78 - end) / rows
    for i in range(rows * 2):
        x, y = 0.05 + 0.46 * (i % 2), end + 0.02 + high * (i // 2)
        s.picture(s.box(x, y, x + 0.44, y + high - 0.015), border=3)
        how = Setting("dialogue", 0.022, INK, TextKind.DIALOGUE, has_shadow=True)
        s.write(s.word("slogans"), (x + 0.03, x + 0.4, y + 0.01), how)
    end = s.write(s.word("sale"), (0.05, 0.95, 0.84), _loud(s, 0.04))
    s.write(s.word("addresses"), (0.05, 0.95, end + 0.01), small(s, 0.025))


def _ad_words(s: Sheet) -> None:
    s.fill(s.rng.choice(GROUNDS))
    end = 0.1
    for key, size in (("slogans", 0.12), ("nouns", 0.09), ("sale", 0.06), ("addresses", 0.035)):
        end = s.write(s.word(key), (0.08, 0.92, end + 0.03), _loud(s, size))


def _ad_catalogue(s: Sheet) -> None:
    end = s.write(f"{s.word('brands')} {s.word('heads')[:12]}", (0.05, 0.95, 0.03), _loud(s, 0.05))
    high = (0.92 - end) / 3
    for i in range(6):
        x, y = 0.06 + 0.46 * (i % 2), end + 0.03 + high * (i // 2)
        s.picture(s.box(x, y, x + 0.4, y + high * 0.6))
        price = f"{s.word('nouns')}  ${s.rng.randint(2, 90)}.95"
        s.write(price, (x, x + 0.4, y + high * 0.64), small(s, 0.028))


def _preview_next(s: Sheet) -> None:
    s.fill(s.rng.choice((*GROUNDS, _WHITE, _WHITE)))
    end = s.write(s.word("next"), (0.06, 0.94, 0.05), _loud(s, 0.09))
    s.picture(s.box(0.1, end + 0.03, 0.9, 0.76), border=s.rng.choice((0, 4)))
    end = s.write(s.word("teasers"), (0.08, 0.92, 0.79), _loud(s, 0.05))
    if s.rng.random() < 0.5:
        s.write(s.word("next"), (0.08, 0.92, end + 0.02), small(s, 0.035))


def _preview_covers(s: Sheet) -> None:
    end = s.write(s.word("next"), (0.06, 0.94, 0.04), _loud(s, 0.07))
    n = s.rng.choice((2, 4, 6))
    high = (0.92 - end) / (n // 2)
    for i in range(n):
        x, y = 0.1 + 0.42 * (i % 2), end + 0.03 + high * (i // 2)
        s.picture(s.box(x, y, x + 0.38, y + high * 0.78))
        s.write(s.word("titles"), (x, x + 0.38, y + high * 0.8), small(s, 0.026))


def _preview_bleed(s: Sheet) -> None:
    s.picture(s.box(0, 0, 1, 1))
    s.write(s.word("next"), (0.06, 0.94, s.rng.choice((0.06, 0.72))), _loud(s, 0.09))
    s.write(s.word("teasers"), (0.06, 0.94, 0.86), _loud(s, 0.05))


def _preview_teaser(s: Sheet) -> None:
    s.fill(INK)
    s.picture(s.box(0, 0.35, 1, 0.6))
    s.write(s.word("teasers"), (0.1, 0.9, 0.2), serif(s, 0.05))
    s.write(s.word("next"), (0.2, 0.8, 0.7), serif(s, 0.045))


def _back_blurb(s: Sheet) -> None:
    s.fill(s.rng.choice(GROUNDS))
    if s.rng.random() < 0.6:
        s.picture(s.box(0.1, 0.08, 0.9, 0.45))
    end = 0.5
    for text in s.words("blurbs", s.rng.randint(1, 3)):
        end = s.write(text, (0.1, 0.9, end + 0.02), Setting("caption", 0.032, s.ink))
    s.barcode(s.box(0.68, 0.87, 0.92, 0.96))
    s.write(s.word("legal"), (0.06, 0.6, 0.9), small(s, 0.02))


def _back_plain(s: Sheet) -> None:
    s.fill(s.rng.choice(GROUNDS))
    s.write(s.word("brands"), (0.3, 0.7, s.rng.uniform(0.4, 0.85)), _loud(s, 0.06))
    if s.rng.random() < 0.6:
        s.barcode(s.box(0.1, 0.86, 0.34, 0.95))


def _back_art(s: Sheet) -> None:
    s.picture(s.box(0, 0, 1, 1))
    if s.rng.random() < 0.7:
        s.barcode(s.box(0.68, 0.86, 0.94, 0.96))
    if s.rng.random() < 0.7:
        s.write(s.word("brands"), (0.05, 0.5, 0.9), _loud(s, 0.05))


def _back_quotes(s: Sheet) -> None:
    s.picture(s.box(0, 0, 1, 0.35))
    end = 0.38
    for text in s.words("quotes", 3):
        end = s.write(f"{text} {s.word('names')}", (0.1, 0.9, end + 0.03), serif(s, 0.035))
    s.write(s.word("titles"), (0.1, 0.9, end + 0.05), serif(s, 0.05))
    s.barcode(s.box(0.38, 0.86, 0.62, 0.95))


def _blank_paper(s: Sheet) -> None:
    if s.rng.random() < 0.4:
        s.write(str(s.rng.randint(1, 200)), (0.45, 0.55, 0.95), small(s, 0.02))


def _blank_colour(s: Sheet) -> None:
    s.fill(s.rng.choice(((0, 0, 0), (12, 12, 16), *GROUNDS)))


def _blank_shade(s: Sheet) -> None:
    """Paper with the shadow of the binding at one side."""
    side = s.rng.random() < 0.5
    for i in range(int(s.width * 0.1)):
        grey = [int(c * (0.8 + 2 * i / s.width)) for c in s.paper]
        x = i if side else s.width - 1 - i
        s.draw.line((x, 0, x, s.height), fill=(grey[0], grey[1], grey[2]))


def _blank_line(s: Sheet) -> None:
    s.draw.rectangle(s.box(0.02, 0.01, 0.98, 0.99).as_tuple(), outline=(215, 210, 200))


TEMPLATES: dict[PageType, dict[str, Template]] = {
    PageType.COVER: {
        "bleed": _cover_bleed,
        "framed": _cover_framed,
        "volume": _cover_volume,
        "quiet": _cover_quiet,
        "emblem": _cover_emblem,
    },
    PageType.TITLE: {
        "centred": _title_centred,
        "credits": _title_credits,
        "recap": _title_recap,
        "banner": _title_banner,
        "contents": _title_contents,
        "chapter": _title_chapter,
    },
    PageType.TEXT_PAGE: {
        "columns": _text_columns,
        "story": _text_story,
        "plain": _text_plain,
        "notes": _text_notes,
        "interview": _text_interview,
    },
    PageType.ADVERTISEMENT: {
        "product": _ad_product,
        "coupons": _ad_coupons,
        "poster": _ad_poster,
        "strip": _ad_strip,
        "words": _ad_words,
        "catalogue": _ad_catalogue,
    },
    PageType.PREVIEW: {
        "next": _preview_next,
        "covers": _preview_covers,
        "bleed": _preview_bleed,
        "teaser": _preview_teaser,
    },
    PageType.BACK_COVER: {
        "blurb": _back_blurb,
        "plain": _back_plain,
        "art": _back_art,
        "quotes": _back_quotes,
    },
    PageType.BLANK: {
        "paper": _blank_paper,
        "colour": _blank_colour,
        "shade": _blank_shade,
        "line": _blank_line,
    },
    PageType.NOT_COMIC: {
        "photo": draw_photo,
        "code": draw_code,
        "scanner": draw_scanner,
        "form": draw_form,
        "chart": draw_chart,
    },
}

# Composed at random, a page of every type, and so most of what training sees.
for _type, _compose in MIXED.items():
    TEMPLATES[_type]["mixed"] = _compose
TEMPLATES[PageType.BLANK]["mixed"] = mixed_blank
TEMPLATES[PageType.NOT_COMIC]["mixed"] = mixed_odd
TEMPLATES[PageType.STORY] = {"mixed": mixed_story}
TEMPLATES[PageType.SPLASH] = {"mixed": mixed_splash}

HELD_OUT: dict[PageType, str] = {
    PageType.COVER: "emblem",
    PageType.TITLE: "chapter",
    PageType.TEXT_PAGE: "interview",
    PageType.ADVERTISEMENT: "catalogue",
    PageType.PREVIEW: "teaser",
    PageType.BACK_COVER: "quotes",
    PageType.BLANK: "line",
    PageType.NOT_COMIC: "chart",
}

# A second template of each type, to choose between ways of training by; the final model sees them.
TUNING: dict[PageType, str] = {
    PageType.COVER: "quiet",
    PageType.TITLE: "recap",
    PageType.TEXT_PAGE: "notes",
    PageType.ADVERTISEMENT: "poster",
    PageType.PREVIEW: "covers",
    PageType.BACK_COVER: "blurb",
    PageType.BLANK: "shade",
    PageType.NOT_COMIC: "form",
}
