"""How well the lettering of a page was read.

Words missed: the true words of a page, as a multiset, less the words found anywhere on it. It asks
only "can this word be searched for", so order, grouping and extra words cost nothing; words found
that are not in the truth are counted apart (words extra). A word is a run of letters and digits
after normalisation (NFKC, case folded, apostrophes kept inside); scripts without spaces count
each character as a word.

Character error: every true text is matched with the found text that shares its place best, one to
one, and their edit distance is summed over the true length. So a balloon split in two or glued to
its neighbour counts as errors; a found text without a true one does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from longbox.geometry import Box

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class WordScore:
    """Counts of words over one page or many.

    Attributes:
        n_true: Words of the truth.
        n_missed: True words that were not found on their page.
        n_extra: Words found that the truth does not have.
    """

    n_true: int
    n_missed: int
    n_extra: int

    @property
    def missed(self) -> float:
        """Share of true words that were missed, 0 to 1; 0 where there are none."""
        return self.n_missed / self.n_true if self.n_true else 0.0

    def __add__(self, other: WordScore) -> WordScore:
        return WordScore(
            self.n_true + other.n_true,
            self.n_missed + other.n_missed,
            self.n_extra + other.n_extra,
        )


@dataclass(frozen=True, slots=True)
class CharacterScore:
    """Character errors over one page or many.

    Attributes:
        n_true: Characters of the truth.
        n_wrong: Edit distance, summed over matched texts; the whole text where none matched.
        n_texts: True texts.
        n_exact: True texts whose match is right to a tenth of its characters: found as one piece.
    """

    n_true: int
    n_wrong: int
    n_texts: int
    n_exact: int

    @property
    def error_rate(self) -> float:
        """Wrong characters over true characters; 0 where there are none."""
        return self.n_wrong / self.n_true if self.n_true else 0.0

    def __add__(self, other: CharacterScore) -> CharacterScore:
        return CharacterScore(
            self.n_true + other.n_true,
            self.n_wrong + other.n_wrong,
            self.n_texts + other.n_texts,
            self.n_exact + other.n_exact,
        )


def words_of(text: str) -> Counter[str]:
    """Return the normalised words of a string, as a multiset."""
    words: Counter[str] = Counter()
    for word in _WORD.findall(_normal(text)):
        if _NO_SPACES.search(word):
            words.update(c for c in word if c.isalnum())
        else:
            words[word.replace("’", "'")] += 1
    return words


def score_words(true_texts: Sequence[str], found_texts: Sequence[str]) -> WordScore:
    """Count the true words of a page that were not found on it, and the extra ones."""
    true = sum((words_of(t) for t in true_texts), Counter[str]())
    found = sum((words_of(t) for t in found_texts), Counter[str]())
    return WordScore(true.total(), (true - found).total(), (found - true).total())


def score_searchable(true_texts: Sequence[str], found_texts: Sequence[str]) -> WordScore:
    """Count the true words of three letters or more that no substring search would find.

    Gentler than `score_words`: a word glued to its neighbour or read once where it stands twice
    is found, and the one- and two-letter words, which nobody searches for, do not count.
    """
    letters = "".join(c for t in found_texts for c in _normal(t) if c.isalnum())
    words = [w for t in true_texts for w in words_of(t).elements() if len(w) >= 3]
    missed = sum("".join(c for c in w if c.isalnum()) not in letters for w in words)
    return WordScore(len(words), missed, 0)


def score_characters(
    true_texts: Sequence[tuple[str, Box]], found_texts: Sequence[tuple[str, Box]]
) -> CharacterScore:
    """Match the texts of a page by place and count character errors.

    Args:
        true_texts: String and box of every true text.
        found_texts: String and box of every found text.

    Returns:
        Counts; letters are compared after NFKC and case folding, spaces not at all.
    """
    pairs = sorted(
        (
            (true_box.intersection_area(found_box) / max(1.0, true_box.area), i, j)
            for i, (_, true_box) in enumerate(true_texts)
            for j, (_, found_box) in enumerate(found_texts)
            if true_box.intersection_area(found_box) > 0
        ),
        key=lambda p: (-round(p[0], 3), -_likeness(true_texts[p[1]][0], found_texts[p[2]][0])),
    )
    match: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in pairs:
        if i not in match and j not in taken:
            match[i] = j
            taken.add(j)
    total = CharacterScore(0, 0, 0, 0)
    for i, (text, _) in enumerate(true_texts):
        true = _letters(text)
        found = _letters(found_texts[match[i]][0]) if i in match else ""
        wrong = min(_distance(true, found), max(len(true), 1)) if true else 0
        total += CharacterScore(len(true), wrong, 1, int(wrong <= 0.1 * len(true)))
    return total


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _letters(text: str) -> str:
    return "".join(_normal(text).split())


def _likeness(a: str, b: str) -> float:
    from rapidfuzz.fuzz import ratio

    return float(ratio(_letters(a), _letters(b)))


def _distance(a: str, b: str) -> int:
    from rapidfuzz.distance import Levenshtein

    return int(Levenshtein.distance(a, b))
