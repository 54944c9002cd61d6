"""Colours by style: what a colour that the drawing asks for becomes on this kind of page.

Black and white styles hold the tone apart from the line in one picture: red carries the ink, green
divided by red carries the tone. So an antialiased line stays smooth while the tone under it
becomes dots (see longbox.synthetic.printing). A grey of the page's own, lettering for instance,
passes through unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

from longbox.synthetic.recipe import Style

RGB = tuple[int, int, int]

INK: RGB = (24, 20, 32)
WHITE: RGB = (255, 255, 255)

# Tones of the black and white styles, from paper to the darkest that still shows dots.
_TONES = (255, 205, 150, 95)

# Things that give light themselves: lit windows, the moon, stars. No hour dims them.
LAMPLIGHT: RGB = (255, 222, 110)
MOONLIGHT: RGB = (255, 250, 220)
STARLIGHT: RGB = (255, 254, 250)
_SHINING = frozenset((LAMPLIGHT, MOONLIGHT, STARLIGHT))


@dataclass(frozen=True, slots=True)
class Mood:
    """The light of a panel: colours are multiplied by tint and drawn towards haze.

    Attributes:
        tint: Light of the hour, 0 to 255 a channel.
        haze: What distance fades into.
        haze_share: How much of it, 0 to 1, for the background.
    """

    tint: RGB = WHITE
    haze: RGB = WHITE
    haze_share: float = 0.0


DAY = Mood((255, 255, 255), (214, 236, 250), 0.10)
DUSK = Mood((255, 214, 190), (250, 170, 130), 0.12)
NIGHT = Mood((138, 150, 214), (40, 48, 110), 0.18)
INDOOR = Mood((255, 244, 222), (255, 226, 170), 0.06)
RAIN = Mood((176, 192, 222), (120, 140, 176), 0.16)

MOODS = {"day": DAY, "dusk": DUSK, "night": NIGHT, "indoor": INDOOR, "rain": RAIN}


@dataclass(frozen=True, slots=True)
class Palette:
    """Maps colours for one style, in one light, near or far.

    Attributes:
        far: 0 for figures, 1 for the farthest background.
    """

    style: Style
    mood: Mood = DAY
    far: float = 0.0

    @property
    def line(self) -> RGB:
        """Colour of outlines."""
        if self.style in (Style.INK, Style.SCREENTONE):
            return (0, 0, 0)
        if self.style is Style.DARK:
            return (8, 8, 14)
        return INK if self.far == 0 else mix(INK, self.mood.haze, 0.25 * self.far)

    def fill(self, color: RGB) -> RGB:
        """Return what a colour becomes."""
        lit = color if color in _SHINING else self._lit(color)
        if self.style is Style.INK:
            return _ink_tone(lit if self.far else color, self.far)
        if self.style is Style.SCREENTONE:
            return _screen_tone(lit if self.far else color, self.far)
        if self.style is Style.DARK:
            return _noir(lit)
        if self.style is Style.HALFTONE:
            return _press(lit)
        if self.style is Style.PAPER:
            return mix(lit, (luminance(lit),) * 3, 0.22)
        return lit

    def at(self, far: float) -> Palette:
        """Return the same palette for another distance."""
        return Palette(self.style, self.mood, far)

    def _lit(self, color: RGB) -> RGB:
        t = self.mood.tint
        share = 1.0 if self.far else 0.45
        lit = tuple(round(c * (1 - share + share * t[i] / 255)) for i, c in enumerate(color))
        return mix((lit[0], lit[1], lit[2]), self.mood.haze, self.mood.haze_share * self.far * 2)


def mix(a: RGB, b: RGB, share: float) -> RGB:
    """Return a colour between a (share 0) and b (share 1)."""
    s = min(max(share, 0.0), 1.0)
    return (
        round(a[0] + (b[0] - a[0]) * s),
        round(a[1] + (b[1] - a[1]) * s),
        round(a[2] + (b[2] - a[2]) * s),
    )


def shade(color: RGB, factor: float) -> RGB:
    """Return a darker (below 1) or lighter (above 1) colour."""
    if factor <= 1:
        return mix((0, 0, 0), color, factor)
    return mix(color, WHITE, factor - 1)


def luminance(color: RGB) -> int:
    """Return how light a colour looks, 0 to 255."""
    return round(0.30 * color[0] + 0.59 * color[1] + 0.11 * color[2])


def _ink_tone(color: RGB, far: float) -> RGB:
    light = luminance(color)
    if light < (50 if far else 62):
        return (0, 0, 0)
    if far:
        return WHITE if light > 118 else (255, 178, 255)
    return WHITE if light > 104 else (255, 140, 255)


def _screen_tone(color: RGB, far: float) -> RGB:
    """Figures are mostly paper, so that they stand out from the tones behind them."""
    light = luminance(color)
    if light < (34 if far else 50):
        return (0, 0, 0)
    steps = (190, 126, 72) if far else (136, 84, 62)
    tone = _TONES[sum(light <= step for step in steps)]
    return (255, tone, 255)


def _noir(color: RGB) -> RGB:
    light = luminance(color) / 255
    warm = color[0] - max(color[1], color[2])
    if warm > 70:
        return mix(color, (235, 64, 52), 0.5)
    cold = (
        round(26 + 190 * light**1.5),
        round(30 + 196 * light**1.45),
        round(52 + 186 * light**1.3),
    )
    return mix(cold, color, 0.22)


def _press(color: RGB) -> RGB:
    """Push towards the few strong inks of cheap colour printing."""
    out = [round(c / 42.5) * 42.5 for c in color]
    boosted = [round(min(255.0, max(0.0, 128 + (c - 128) * 1.12 + 6))) for c in out]
    return boosted[0], boosted[1], boosted[2]
