"""Pages around a story, composed at random: no two of one type are set alike.

Fixed templates teach how those few pages look. Here every type has only a list of blocks that may
be on it (a headline, pictures, prose, names, prices...), each with a chance; ground, sizes, places
and order are left to chance too. What stays is what the type means: a cover names the book over a
picture, an advertisement praises or sells, a preview says what comes next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from longbox.book import PageType, TextKind
from longbox.synthetic import insert_words as say
from longbox.synthetic.insert_sheet import GROUNDS, INK, PAPERS, RGB, Setting, Sheet, small

_WHITE: RGB = (255, 255, 255)
_PALE: RGB = (238, 236, 228)
Block = Callable[["Stack"], None]


@dataclass(slots=True)
class Stack:
    """A page filled from top to bottom between two margins.

    Attributes:
        y: Where the next block begins, a fraction of the page.
        is_bleed: The page is one picture, so that lettering needs a shadow.
    """

    s: Sheet
    y: float
    x0: float
    x1: float
    is_bleed: bool
    align: str

    def line(self, text: str, size: float, *, loud: bool = False) -> None:
        """Set a text below what is there, in the page's manner."""
        rng = self.s.rng
        if loud or self.is_bleed:
            colors = (_WHITE, _WHITE, (255, 222, 60), (230, 40, 50), INK)
            color = rng.choice(colors) if loud else rng.choice((_WHITE, _WHITE, INK))
            how = Setting(
                "title" if loud else "caption", size, color, align=self.align, has_shadow=True
            )
        else:
            role = rng.choice(("caption", "headline", "prose"))
            how = Setting(role, size, self.s.ink, align=self.align)
        self.y = self.s.write(text, (self.x0, self.x1, self.y), how) + rng.uniform(0.004, 0.02)

    def skip(self, most: float) -> None:
        """Leave room."""
        self.y += self.s.rng.uniform(0, most)


def _ground(s: Sheet, bleed: float, dark: float) -> bool:
    """Choose the page's ground; returns whether it is a picture."""
    if s.rng.random() < bleed:
        s.picture(s.box(0, 0, 1, 1))
        return True
    if s.rng.random() < dark:
        shade = s.rng.randint(0, 60)
        tint = (shade, s.rng.randint(0, shade + 1), s.rng.randint(0, shade + 20))
        s.fill(s.rng.choice(((0, 0, 0), INK, tint)))
    else:
        free = tuple(s.rng.randint(90, 255) for _ in range(3))
        s.fill(s.rng.choice((*PAPERS, *PAPERS, *GROUNDS, _PALE, (free[0], free[1], free[2]))))
    return False


def _stack(s: Sheet, bleed: float, dark: float, top: float = 0.12) -> Stack:
    is_bleed = _ground(s, bleed, dark)
    margin = s.rng.uniform(0.03, 0.16)
    align = s.rng.choices(("center", "left"), (3, 1))[0]
    return Stack(s, s.rng.uniform(0.02, top), margin, 1 - margin, is_bleed, align)


def _fill(stack: Stack, blocks: list[tuple[float, Block]], gap: float = 0.05) -> None:
    """Set each block that chance wants, until the page is full."""
    for chance, block in blocks:
        if stack.s.rng.random() < chance and stack.y < 0.93:
            block(stack)
            stack.skip(gap)


def _lines(line: Callable[[Sheet], str], least: int, most: int, size: float) -> Block:
    def block(k: Stack) -> None:
        chosen = size * k.s.rng.uniform(0.75, 1.4)
        for _ in range(k.s.rng.randint(least, most)):
            k.line(line(k.s), chosen)

    return block


def _loud(line: Callable[[Sheet], str], size: float) -> Block:
    def block(k: Stack) -> None:
        plain = k.s.rng.random() < 0.25
        k.line(line(k.s), size * k.s.rng.uniform(0.6, 1.6), loud=not plain)

    return block


def _pictures(most: int, high: float, label: Callable[[Sheet], str] | None = None) -> Block:
    """Pictures side by side in up to two rows, each with a label where one is given."""

    def block(k: Stack) -> None:
        s = k.s
        if k.is_bleed:
            return
        columns, rows = s.rng.randint(1, min(3, most)), s.rng.choice((1, 1, 2)) if most > 2 else 1
        tall = min(high * s.rng.uniform(0.5, 1.2), 0.95 - k.y) / rows
        wide = (k.x1 - k.x0) / columns
        if tall < 0.06:
            return
        border = s.rng.choice((0, 0, 2, 4))
        labelled = label is not None and s.rng.random() < 0.7
        for i in range(columns * rows):
            x, y = k.x0 + wide * (i % columns), k.y + tall * (i // columns)
            part = 0.75 if labelled else 0.94
            s.picture(s.box(x, y, x + wide * 0.94, y + tall * part), border=border)
            if labelled and label is not None:
                s.write(label(s), (x, x + wide * 0.94, y + tall * 0.78), small(s, 0.024))
        k.y += tall * rows

    return block


def _prose(least: int, most: int, size: float) -> Block:
    """Paragraphs in one to three columns; read as prose or, now and then, line by line."""

    def block(k: Stack) -> None:
        s = k.s
        n = s.rng.choice((1, 1, 2, 2, 3)) if most > 4 else 1
        kind = TextKind.PROSE if s.rng.random() < 0.8 else TextKind.OTHER
        chosen = size * s.rng.uniform(0.8, 1.25)
        wide, ends = (k.x1 - k.x0) / n, [k.y]
        how = Setting(s.rng.choice(("prose", "prose", "caption")), chosen, s.ink, kind, "left")
        for i in range(n):
            top = k.y
            for _ in range(s.rng.randint(least, most)):
                text = " ".join(say.sentence(s.rng) for _ in range(s.rng.randint(2, 6)))
                x = k.x0 + wide * i
                top = s.write(text, (x, x + wide * 0.93, top), how) + chosen * 0.6
            ends.append(min(top, 0.97))
        k.y = max(ends)

    return block


def _barcode(k: Stack) -> None:
    x, y = k.s.rng.choice((0.05, 0.38, 0.68)), k.s.rng.uniform(0.8, 0.87)
    k.s.barcode(k.s.box(x, y, x + k.s.rng.uniform(0.18, 0.28), y + k.s.rng.uniform(0.07, 0.11)))


def _jump(low: float, high: float) -> Block:
    def block(k: Stack) -> None:
        k.y = max(k.y, k.s.rng.uniform(low, high))

    return block


def _title(s: Sheet) -> str:
    return say.title(s.rng)


def _name(s: Sheet) -> str:
    return say.name(s.rng)


def _credit(s: Sheet) -> str:
    role = s.word("roles")
    return s.rng.choice(
        (f"{role}: {say.name(s.rng)}", f"{role} {say.name(s.rng)}", say.name(s.rng))
    )


def _number(s: Sheet) -> str:
    n = s.rng.randint(1, 400)
    forms = (f"#{n}", f"No. {n}", str(n), f"Vol. {n % 40}", say.price(s.rng), f"{n} MAY")
    return s.rng.choice(forms)


def _chapter(s: Sheet) -> str:
    n = s.rng.randint(1, 60)
    words = ("Part", "Episode", "Act", "Story", "Prologue", "Livre", "Folge", "Capítulo", "No.")
    return s.rng.choice((f"{s.rng.choice(words)} {n}", f"第{n}話", f"- {n} -"))


def _contents(s: Sheet) -> str:
    dots = s.rng.choice((" ", " . . . . ", " ..... ", " - "))
    return f"{say.title(s.rng)}{dots}{s.rng.randint(1, 200)}"


def _ware(s: Sheet) -> str:
    ware = f"{s.word('brands')} {s.word('nouns')}"
    return s.rng.choice((ware, s.word("nouns"), say.title(s.rng), s.word("brands")))


def _ware_and_price(s: Sheet) -> str:
    return f"{s.word('nouns')} {say.price(s.rng)}"


def _quote(s: Sheet) -> str:
    return s.rng.choice((s.word("quotes"), f'"{say.sentence(s.rng)}"', s.word("blurbs")))


def _bank(key: str) -> Callable[[Sheet], str]:
    return lambda s: s.word(key)


def mixed_cover(s: Sheet) -> None:
    """The book's name, large, over a picture; number, price, names."""
    k = _stack(s, 0.65, 0.15, 0.1)
    small_lines: list[tuple[float, Block]] = [
        (0.3, _lines(_number, 1, 2, 0.035)),
        (0.2, _lines(_bank("brands"), 1, 1, 0.03)),
    ]
    name: list[tuple[float, Block]] = [
        (0.95, _loud(_title, 0.13)),
        (0.25, _lines(_number, 1, 1, 0.06)),
    ]
    rest: list[tuple[float, Block]] = [
        (1.0, _pictures(1, 0.75)),
        (0.35, _loud(_bank("teasers"), 0.045)),
        (0.45, _lines(_name, 1, 3, 0.035)),
    ]
    if s.rng.random() < 0.3:
        jump = (1.0, _jump(0.3, 0.75))
        parts = [*small_lines, (0.8 * (not k.is_bleed), _pictures(1, 0.6)), jump, *name, rest[-1]]
    else:
        parts = [*small_lines, *name, *rest[:1], (0.6, _jump(0.6, 0.85)), *rest[1:]]
    _fill(k, parts, 0.02)
    if s.rng.random() < 0.35:
        _barcode(k)


def mixed_title(s: Sheet) -> None:
    """The story's name, chapter, people who made it, what is in the book, legal lines."""
    k = _stack(s, 0.2, 0.25, 0.4)
    head: list[tuple[float, Block]] = [
        (0.3, _lines(_chapter, 1, 1, 0.05)),
        (0.9, _lines(_title, 1, 1, 0.08)),
        (0.2, _lines(_chapter, 1, 1, 0.04)),
    ]
    s.rng.shuffle(head)
    kind = s.rng.random()
    tail: list[tuple[float, Block]] = [
        (0.35 if kind < 0.7 else 0.1, _pictures(1, 0.35)),
        (0.5 if kind < 0.5 else 0.05, _lines(_credit, 1, 8, 0.03)),
        (0.8 if kind > 0.75 else 0.0, _lines(_contents, 4, 12, 0.03)),
        (0.2, _lines(_name, 1, 3, 0.04)),
        (0.3, _prose(1, 1, 0.024)),
        (0.3, _jump(0.6, 0.9)),
        (0.35, _lines(_bank("legal"), 1, 5, 0.018)),
        (0.25, _lines(_bank("brands"), 1, 1, 0.03)),
    ]
    _fill(k, [*head, *tail])


def mixed_text(s: Sheet) -> None:
    """Prose, most of the page, with a headline and a few pictures."""
    k = _stack(s, 0.0, 0.15, 0.1)
    blocks: list[tuple[float, Block]] = [
        (0.7, _lines(_bank("heads"), 1, 1, 0.055)),
        (0.2, _lines(_name, 1, 1, 0.03)),
        (0.3, _pictures(3, 0.22)),
        (1.0, _prose(3, 9, 0.025)),
        (0.3, _pictures(3, 0.2)),
        (0.6, _prose(2, 6, 0.025)),
        (0.2, _lines(_name, 1, 1, 0.025)),
    ]
    if s.rng.random() < 0.2:
        s.rng.shuffle(blocks)
    _fill(k, blocks, 0.02)


def mixed_ad(s: Sheet) -> None:
    """A ware, its picture, its praise, its price, where to get it: any of them may be missing."""
    k = _stack(s, 0.3, 0.15, 0.2)
    blocks: list[tuple[float, Block]] = [
        (0.75, _loud(_bank("slogans"), 0.085)),
        (0.75, _pictures(3, 0.5, _ware_and_price)),
        (0.65, _loud(_ware, 0.06)),
        (0.35, _prose(1, 2, 0.024)),
        (0.25, _lines(_ware_and_price, 2, 8, 0.03)),
        (0.6, _lines(lambda s: say.offer(s.rng), 1, 3, 0.04)),
        (0.6, _lines(lambda s: say.address(s.rng), 1, 2, 0.028)),
        (0.3, _lines(_bank("brands"), 1, 1, 0.05)),
    ]
    if s.rng.random() < 0.5:
        s.rng.shuffle(blocks)
    _fill(k, blocks)
    if not s.texts:
        _loud(_ware, 0.08)(k)
    if s.rng.random() < 0.08:
        _barcode(k)


def mixed_preview(s: Sheet) -> None:
    """What comes next, and when, with pictures of it."""
    k = _stack(s, 0.25, 0.3, 0.3)
    blocks: list[tuple[float, Block]] = [
        (0.6, _pictures(3, 0.45, _title)),
        (0.5, _lines(_bank("teasers"), 1, 2, 0.045)),
        (0.35, _loud(_title, 0.06)),
        (0.25, _prose(1, 2, 0.024)),
        (0.2, _lines(lambda s: say.offer(s.rng), 1, 1, 0.03)),
    ]
    s.rng.shuffle(blocks)
    at = s.rng.choice((0, 0, s.rng.randrange(len(blocks))))
    blocks.insert(at, (1.0, _loud(lambda s: say.coming(s.rng), 0.065)))
    _fill(k, blocks)


def mixed_back(s: Sheet) -> None:
    """What the outside of a book says at its end: blurb, praise, bar code, or only a picture."""
    k = _stack(s, 0.4, 0.15, 0.3)
    blocks: list[tuple[float, Block]] = [
        (0.3, _pictures(1, 0.4)),
        (0.35, _lines(_title, 1, 1, 0.06)),
        (0.5, _lines(_bank("blurbs"), 1, 3, 0.032)),
        (0.35, _lines(_quote, 1, 4, 0.03)),
        (0.25, _pictures(3, 0.3)),
        (0.2, _lines(_title, 2, 6, 0.03)),
        (0.4, _jump(0.75, 0.88)),
        (0.35, _lines(_bank("brands"), 1, 1, 0.04)),
        (0.3, _lines(lambda s: say.price(s.rng), 1, 1, 0.03)),
        (0.3, _lines(_bank("legal"), 1, 2, 0.02)),
        (0.2, _lines(lambda s: say.address(s.rng), 1, 1, 0.025)),
    ]
    _fill(k, blocks)
    if s.rng.random() < 0.6:
        _barcode(k)


MIXED: dict[PageType, Callable[[Sheet], None]] = {
    PageType.COVER: mixed_cover,
    PageType.TITLE: mixed_title,
    PageType.TEXT_PAGE: mixed_text,
    PageType.ADVERTISEMENT: mixed_ad,
    PageType.PREVIEW: mixed_preview,
    PageType.BACK_COVER: mixed_back,
}
