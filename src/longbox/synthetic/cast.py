"""Who can appear: kinds of characters, their names, and the fixed look of each one in a book.

A character's look is chosen once, when the book is cast, and never changes: the same colours, hat,
ears and shape in every panel. Names are told in Latin letters and in katakana.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from longbox.synthetic.palette import RGB

_SKINS: tuple[RGB, ...] = ((255, 221, 188), (241, 190, 148), (198, 134, 92), (124, 78, 54))
_NAMES: dict[str, tuple[str, ...]] = {
    "witch": ("Esmé", "Hazel", "Morga", "Ilda", "Wilma", "Oriel"),
    "cat": ("Mochi", "Pip", "Tango", "Biscuit", "Momo", "Salem"),
    "knight": ("Rolf", "Gale", "Bruna", "Otto", "Ivo", "Marta"),
    "robot": ("Bolt", "Unit 7", "Tick", "Dynamo", "Rivet", "Koto"),
    "fox": ("Vulp", "Ember", "Rusty", "Tamsin", "Kit", "Saffi"),
    "astronaut": ("Nova", "Luna", "Yuri", "Vega", "Orion", "Mira"),
    "ghost": ("Boo", "Wisp", "Mist", "Echo", "Pale Tom", "Nim"),
    "detective": ("Holt", "Marlo", "Agatha", "Quill", "Noor", "Vidal"),
    "chef": ("Basil", "Gusto", "Pepa", "Rosa", "Nori", "Marcel"),
    "pirate": ("Anne", "Hook", "Sable", "Drake", "Coral", "Barto"),
    "bear": ("Bruno", "Umber", "Honey", "Kodi", "Ursa", "Balu"),
    "rabbit": ("Clover", "Thump", "Nibs", "Lily", "Usagi", "Dash"),
}
_KANA: dict[str, str] = {
    "Esmé": "エスメ",
    "Hazel": "ヘイゼル",
    "Morga": "モルガ",
    "Ilda": "イルダ",
    "Wilma": "ウィルマ",
    "Oriel": "オリエル",
    "Mochi": "モチ",
    "Pip": "ピップ",
    "Tango": "タンゴ",
    "Biscuit": "ビスケ",
    "Momo": "モモ",
    "Salem": "セイラム",
    "Rolf": "ロルフ",
    "Gale": "ゲイル",
    "Bruna": "ブルナ",
    "Otto": "オットー",
    "Ivo": "イヴォ",
    "Marta": "マルタ",
    "Bolt": "ボルト",
    "Unit 7": "ナナ号",
    "Tick": "チック",
    "Dynamo": "ダイナモ",
    "Rivet": "リベット",
    "Koto": "コト",
    "Vulp": "ヴルプ",
    "Ember": "エンバー",
    "Rusty": "ラスティ",
    "Tamsin": "タムシン",
    "Kit": "キット",
    "Saffi": "サフィ",
    "Nova": "ノヴァ",
    "Luna": "ルナ",
    "Yuri": "ユーリ",
    "Vega": "ベガ",
    "Orion": "オリオン",
    "Mira": "ミラ",
    "Boo": "ブー",
    "Wisp": "ウィスプ",
    "Mist": "ミスト",
    "Echo": "エコー",
    "Pale Tom": "トム",
    "Nim": "ニム",
    "Holt": "ホルト",
    "Marlo": "マーロ",
    "Agatha": "アガサ",
    "Quill": "クイル",
    "Noor": "ヌール",
    "Vidal": "ヴィダル",
    "Basil": "バジル",
    "Gusto": "グスト",
    "Pepa": "ペパ",
    "Rosa": "ローザ",
    "Nori": "ノリ",
    "Marcel": "マルセル",
    "Anne": "アン",
    "Hook": "フック",
    "Sable": "セーブル",
    "Drake": "ドレイク",
    "Coral": "コーラル",
    "Barto": "バルト",
    "Bruno": "ブルーノ",
    "Umber": "アンバー",
    "Honey": "ハニー",
    "Kodi": "コディ",
    "Ursa": "ウルサ",
    "Balu": "バルー",
    "Clover": "クローバー",
    "Thump": "サンプ",
    "Nibs": "ニブス",
    "Lily": "リリー",
    "Usagi": "ウサギ",
    "Dash": "ダッシュ",
}

# Kind: (family, garment, hat or ears, tail), then colour variants of (main, second, accent).
_KINDS: dict[str, tuple[str, str, str, str]] = {
    "witch": ("human", "robe", "witch_hat", ""),
    "cat": ("animal", "scarf", "cat_ears", "cat_tail"),
    "knight": ("human", "armour", "helmet", ""),
    "robot": ("robot", "box", "antenna", ""),
    "fox": ("animal", "vest", "fox_ears", "fox_tail"),
    "astronaut": ("human", "suit", "bubble", ""),
    "ghost": ("ghost", "sheet", "", ""),
    "detective": ("human", "coat", "fedora", ""),
    "chef": ("human", "apron", "toque", ""),
    "pirate": ("human", "vest", "tricorn", ""),
    "bear": ("animal", "overall", "bear_ears", "bear_tail"),
    "rabbit": ("animal", "dress", "rabbit_ears", "rabbit_tail"),
}
_COLOURS: dict[str, tuple[tuple[RGB, RGB, RGB], ...]] = {
    "witch": (
        ((104, 62, 148), (58, 36, 92), (255, 190, 60)),
        ((34, 110, 110), (20, 58, 70), (255, 150, 70)),
        ((150, 44, 84), (70, 24, 56), (250, 210, 90)),
    ),
    "cat": (
        ((58, 54, 70), (240, 236, 230), (230, 62, 70)),
        ((246, 164, 66), (255, 240, 214), (60, 130, 200)),
        ((172, 178, 190), (250, 250, 250), (70, 180, 120)),
    ),
    "knight": (
        ((172, 184, 200), (206, 60, 60), (250, 206, 76)),
        ((150, 160, 186), (52, 96, 186), (250, 240, 220)),
        ((206, 176, 110), (44, 122, 84), (230, 70, 60)),
    ),
    "robot": (
        ((108, 186, 196), (54, 96, 116), (255, 204, 64)),
        ((232, 110, 80), (120, 52, 48), (120, 220, 230)),
        ((196, 202, 110), (96, 104, 60), (240, 96, 110)),
    ),
    "fox": (
        ((236, 120, 44), (255, 244, 226), (50, 110, 90)),
        ((216, 88, 60), (255, 240, 230), (70, 78, 160)),
        ((240, 240, 246), (170, 190, 214), (176, 48, 70)),
    ),
    "astronaut": (
        ((242, 244, 248), (238, 110, 50), (70, 160, 220)),
        ((250, 224, 130), (60, 84, 130), (230, 80, 80)),
        ((206, 226, 240), (90, 70, 160), (250, 190, 70)),
    ),
    "ghost": (
        ((236, 242, 255), (176, 196, 236), (250, 150, 170)),
        ((206, 244, 226), (140, 204, 180), (250, 170, 120)),
        ((240, 218, 250), (196, 160, 224), (110, 190, 220)),
    ),
    "detective": (
        ((178, 136, 88), (92, 66, 48), (196, 52, 52)),
        ((92, 104, 124), (48, 54, 70), (240, 190, 70)),
        ((124, 122, 78), (66, 62, 42), (90, 150, 200)),
    ),
    "chef": (
        ((250, 250, 246), (206, 70, 60), (80, 150, 90)),
        ((250, 250, 246), (64, 116, 180), (240, 180, 70)),
        ((250, 250, 246), (240, 160, 60), (120, 70, 140)),
    ),
    "pirate": (
        ((170, 44, 50), (40, 40, 52), (250, 206, 80)),
        ((40, 84, 130), (34, 36, 50), (240, 120, 70)),
        ((50, 120, 90), (44, 38, 44), (240, 220, 150)),
    ),
    "bear": (
        ((150, 98, 60), (226, 188, 140), (70, 120, 196)),
        ((92, 70, 62), (200, 164, 132), (230, 150, 60)),
        ((240, 236, 228), (214, 206, 200), (210, 70, 80)),
    ),
    "rabbit": (
        ((250, 240, 244), (255, 188, 200), (112, 150, 220)),
        ((196, 160, 130), (240, 216, 196), (110, 180, 120)),
        ((120, 124, 146), (220, 214, 226), (250, 160, 90)),
    ),
}
_HAIRS: tuple[RGB, ...] = (
    (66, 40, 34),
    (200, 110, 50),
    (238, 196, 96),
    (34, 30, 44),
    (150, 60, 50),
    (216, 216, 224),
)
HAIR_STYLES = ("bob", "long", "short", "curly", "braids")
KINDS = tuple(_KINDS)


@dataclass(frozen=True, slots=True)
class Look:
    """How a character is drawn, the same in every panel of a book."""

    family: str
    garment: str
    headgear: str
    tail: str
    main: RGB
    second: RGB
    accent: RGB
    skin: RGB
    hair: RGB
    hair_style: str
    eye: RGB
    height: float


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody of the story.

    Attributes:
        kind: What they are: "witch", "cat", "robot" ...
        name: Their name in Latin letters.
        kana: The name in katakana.
    """

    kind: str
    name: str
    kana: str
    look: Look


def cast_character(kind: str, rng: random.Random) -> Character:
    """Choose name and look of one character of a known kind."""
    name = rng.choice(_NAMES[kind])
    family, garment, headgear, tail = _KINDS[kind]
    main, second, accent = rng.choice(_COLOURS[kind])
    look = Look(
        family,
        garment,
        headgear,
        tail,
        main,
        second,
        accent,
        skin=rng.choice(_SKINS),
        hair=rng.choice(_HAIRS),
        hair_style=rng.choice(HAIR_STYLES),
        eye=rng.choice(((70, 46, 30), (40, 80, 130), (44, 110, 70), (30, 28, 40))),
        height={"bear": 1.12, "cat": 0.80, "rabbit": 0.84, "fox": 0.92}.get(kind, 1.0)
        * rng.uniform(0.97, 1.03),
    )
    return Character(kind, name, _KANA[name], look)
