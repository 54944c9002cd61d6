"""Which texts a sentence model can place: those that its tokenizer takes apart into words.

A tokenizer never refuses. What it does not know becomes the unknown token, and in a vocabulary of
WordPiece made for English (BERT uncased, as in MiniLM, bge-en, e5-small-v2) the letters of other
scripts are entries one by one, so that Japanese is spelled out in kana without meaning: half of
the Japanese panels of Pepper&Carrot have under 13 % unknown tokens, and still their mean cosine
with each other is .39 (English: .15), and their own English panel is among the nearest ten of 152
for 28 % (French: 75 %). The share of unknown tokens alone is therefore no test. So:
- A piece that is a lone letter of a script which the vocabulary did not learn counts as unknown.
  A script is learned when many entries join its letters, or when it has very many entries at all
  (Han characters are words). In BERT uncased Latin joins 26,000 times, Cyrillic 8, kana never.
- Punctuation and symbols count neither way: a note beside a word does not make it illegible, and
  text of nothing else says nothing that could be placed.
- Of the pieces that count, less than MAX_UNKNOWN may be unknown. Vectors are means over pieces,
  so this is the share of the vector that is noise. Of those 152 Japanese panels the 10 below the
  limit (English titles and credits) all find their English panel first; of the 124 that are wholly
  unknown 1 % do; the 17 between are few, and a mixture. All English and French panels but "!!"
  have under 10 %.
- Tokenizers that are not WordPiece build all scripts by the same rule, often from bytes, and their
  entries do not tell which they learned; there only the unknown token counts.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

MAX_UNKNOWN = 0.3
_MIN_JOINED = 20
_MIN_ENTRIES = 1000
_JAPANESE = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HALFWIDTH"}


def learned_scripts(vocabulary: Iterable[str]) -> frozenset[str]:
    """Return the scripts in which a WordPiece vocabulary has words, by their Unicode names."""
    entries: Counter[str] = Counter()
    joined: Counter[str] = Counter()
    for entry in vocabulary:
        piece = entry.removeprefix("##")
        if piece and piece[0].isalpha():
            script = _script(piece[0])
            entries[script] += 1
            joined[script] += len(piece) > 1
    return frozenset(s for s in entries if joined[s] >= _MIN_JOINED or entries[s] >= _MIN_ENTRIES)


def is_legible(
    text: str,
    spans: Sequence[tuple[int, int]],
    is_unknown: Sequence[bool],
    scripts: frozenset[str] | None,
) -> bool:
    """Say whether a model knows enough of a text to place it.

    Args:
        text: As it was tokenized.
        spans: Start and end of each token in the text, in characters.
        is_unknown: Whether each token is the unknown one.
        scripts: The scripts that the vocabulary learned; None takes every known token as it is.
    """
    n_known = n_unknown = 0
    for (start, end), unknown in zip(spans, is_unknown, strict=True):
        letters = [c for c in text[start:end] if c.isalnum()]
        if not letters:
            continue
        if unknown or (scripts is not None and _is_spelled(letters, scripts)):
            n_unknown += 1
        else:
            n_known += 1
    return n_known > 0 and n_unknown < MAX_UNKNOWN * (n_known + n_unknown)


def _is_spelled(letters: Sequence[str], scripts: frozenset[str]) -> bool:
    return len(letters) == 1 and not letters[0].isdigit() and _script(letters[0]) not in scripts


def _script(letter: str) -> str:
    if letter.isascii():
        return "LATIN"
    script = unicodedata.name(letter, "?").split()[0]
    return "CJK" if script in _JAPANESE else script
