"""A light guess of the language that lettering is written in.

The script settles Japanese, Korean, Chinese, Russian and Greek; for Latin letters the most common
short words vote, and letters that few languages use. It is only asked when the book's metadata
says nothing, and says None rather than guess from too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_MIN_LETTERS = 4
_MIN_VOTES = 2.0
_MIN_LEAD = 1.3  # the winner must have this many times the votes of the second

_WORDS = {
    "en": "the and you to of is it i that in what my this for have not are was with your he "
    "don't it's i'm we be me but on no so she they do can just all will out how here",
    "fr": "le la les et est une un des de je tu il elle vous nous pas que qui pour dans mais ce "
    "c'est ça j'ai n'est qu'il avec sur du au oui non mon ton moi toi bien plus quoi cette",
    "es": "el la los las y es una un de que no se por con para pero lo su me te mi tu como más "
    "está eso esto qué sí yo muy al del todo aquí bien cuando hay nada ya",
    "de": "der die das und ist ein eine ich du er sie es nicht wir ihr mit auf für den dem zu von "
    "aber was wie so auch ja nein mein dein hier noch nur wenn doch schon im kann",
    "it": "il lo gli e è una un di che non per con ma mi ti si del della sono cosa questo come più "
    "anche io noi voi perché bene qui tutto",
    "pt": "o a os as e é uma um de que não se por com para mas me te meu minha você isso como mais "
    "está eu nós muito bem aqui tudo do da ao",
    "nl": "de het een en is van ik je dat niet we wij met op voor zijn maar wat hoe dit die er ook "
    "hier nog mijn jij heb kan naar",
}  # fmt: skip
_LETTERS = {"fr": "çœèêàùûîôë", "es": "ñ¿¡áíóú", "de": "ßäöü", "pt": "ãõçâ", "it": "ìòàù"}
_EXCLAMATION = re.compile(r"(^|[.!?…]\s*)(?:i(?=[A-ZÁÉÍÓÚÑ]))?([^\s.!?¡¿…][^.!?¡¿…]*!)")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def detect_language(texts: Iterable[str]) -> str | None:
    """Guess the language of a page's or a book's texts.

    Args:
        texts: Strings in any order.

    Returns:
        ISO 639-1 code, or None when there is too little to tell.
    """
    joined = " ".join(texts).lower()
    letters = [c for c in joined if c.isalpha()]
    if len(letters) < _MIN_LETTERS:
        return None
    return _language_of_script(letters) or _language_of_latin(joined)


def restore_opening_marks(text: str, language: str | None) -> str:
    """Give Spanish exclamations the "¡" that the recogniser's alphabet lacks.

    The mark is obligatory there, so it can be told from the closing one. The recogniser leaves it
    out or takes it for an i before a capital.
    """
    if language != "es":
        return text
    return _EXCLAMATION.sub(r"\1¡\2", text)


def _language_of_script(letters: list[str]) -> str | None:
    n = len(letters)
    kana = sum("\u3040" <= c <= "\u30ff" for c in letters)
    han = sum("\u4e00" <= c <= "\u9fff" for c in letters)
    if kana + han > 0.4 * n:
        return "ja" if kana > 0.1 * (kana + han) else "zh"
    shares = {
        "ko": sum("\uac00" <= c <= "\ud7a3" for c in letters),
        "ru": sum("\u0400" <= c <= "\u04ff" for c in letters),
        "el": sum("\u0370" <= c <= "\u03ff" for c in letters),
    }
    best = max(shares, key=lambda code: shares[code])
    return best if shares[best] > 0.5 * n else None


def _language_of_latin(text: str) -> str | None:
    words = [w.replace("’", "'") for w in _WORD.findall(text)]
    votes = {}
    for code, common in _WORDS.items():
        known = frozenset(common.split())
        votes[code] = float(sum(w in known for w in words))
        votes[code] += 0.5 * sum(text.count(c) for c in _LETTERS.get(code, ""))
    first, second = sorted(votes, key=lambda code: -votes[code])[:2]
    if votes[first] < _MIN_VOTES or votes[first] < _MIN_LEAD * votes[second]:
        return None
    return first
