"""How well the lettering of a page was read.

Words missed: the true words of a page, as a multiset, less the words found anywhere on it. It asks
only "can this word be searched for", so order, grouping and extra words cost nothing; words found
that are not in the truth are counted apart (words extra). A word is a run of letters and digits
after normalisation (NFKC, case folded, apostrophes kept inside); scripts without spaces count
each character as a word.

Character error: true and found texts that lie on each other are gathered into places, the strings
of a place put in order, and their edit distance summed over the true length, after NFKC and case
folding, without spaces. So it asks how well letters were read, not how they were grouped or
ordered: a balloon that the truth keeps as two pieces costs nothing, and of the order from the top
and the order given the better one counts. A found text without a true one costs nothing here (see
words extra), also where it only lies on a place and says nothing of it, as a logo behind a title.
A true text with nothing at its place is wrong as a whole, and counted apart: `matched_error_rate`
is over the places where something was found, `unmatched` the share of characters at the others.
Grouping is asked by `n_exact`.
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
        n_wrong: Edit distance, summed over places; never more than a place's true characters.
        n_texts: True texts.
        n_exact: True texts alone at their place with one found text, right to a tenth of it.
        n_unmatched: True characters where nothing was found; they are among the wrong ones.
    """

    n_true: int
    n_wrong: int
    n_texts: int
    n_exact: int
    n_unmatched: int = 0

    @property
    def error_rate(self) -> float:
        """Wrong characters over true characters; 0 where there are none."""
        return self.n_wrong / self.n_true if self.n_true else 0.0

    @property
    def matched_error_rate(self) -> float:
        """Wrong over true characters, at places where something was found; 0 without any."""
        n_matched = self.n_true - self.n_unmatched
        return (self.n_wrong - self.n_unmatched) / n_matched if n_matched else 0.0

    @property
    def unmatched(self) -> float:
        """Share of true characters where nothing was found, 0 to 1."""
        return self.n_unmatched / self.n_true if self.n_true else 0.0

    def __add__(self, other: CharacterScore) -> CharacterScore:
        return CharacterScore(
            self.n_true + other.n_true,
            self.n_wrong + other.n_wrong,
            self.n_texts + other.n_texts,
            self.n_exact + other.n_exact,
            self.n_unmatched + other.n_unmatched,
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
    """Compare the texts that share a place, and count character errors.

    Args:
        true_texts: String and box of every true text.
        found_texts: String and box of every found text.

    Returns:
        Counts; letters are compared after NFKC and case folding, spaces not at all.
    """
    total = CharacterScore(0, 0, 0, 0)
    for true, found in _places(true_texts, found_texts):
        n_letters = sum(len(_letters(text)) for text, _ in true)
        wrong = min(_wrong_letters(true, found), n_letters)
        is_whole = len(true) == len(found) == 1 and wrong <= 0.1 * n_letters
        unmatched = 0 if found else n_letters
        total += CharacterScore(n_letters, wrong, len(true), int(is_whole), unmatched)
    return total


def _wrong_letters(true: Sequence[tuple[str, Box]], found: Sequence[tuple[str, Box]]) -> int:
    """Return the edit distance of one place, less the found texts that are none of it."""
    wrong = _best_distance(true, found)
    kept = list(found)
    for text in sorted(found, key=lambda f: -len(f[0])):
        rest = [f for f in kept if f is not text]
        without = _best_distance(true, rest) if rest else wrong
        if without < wrong:
            wrong, kept = without, rest
    return wrong


def _best_distance(true: Sequence[tuple[str, Box]], found: Sequence[tuple[str, Box]]) -> int:
    given = "".join(text for text, _ in true), "".join(text for text, _ in found)
    return min(
        _distance(_letters(a), _letters(b))
        for a in {given[0], _in_order(true)}
        for b in {given[1], _in_order(found)}
    )


def _places(
    true_texts: Sequence[tuple[str, Box]], found_texts: Sequence[tuple[str, Box]]
) -> list[tuple[list[tuple[str, Box]], list[tuple[str, Box]]]]:
    """Gather true and found texts that lie on each other; each place has at least one true text."""
    places: list[tuple[list[tuple[str, Box]], list[tuple[str, Box]]]] = []
    for text in true_texts:
        places.append(([text], []))
    for found in found_texts:
        touched = [p for p in places if any(_share_place(t[1], found[1]) for t in p[0])]
        if touched:
            merged = (
                [t for p in touched for t in p[0]],
                [*(f for p in touched for f in p[1]), found],
            )
            places = [p for p in places if not any(p is q for q in touched)] + [merged]
    return places


def _share_place(a: Box, b: Box) -> bool:
    return max(a.covered_by(b), b.covered_by(a)) > 0.5


def _in_order(texts: Sequence[tuple[str, Box]]) -> str:
    return "".join(t for t, _ in sorted(texts, key=lambda t: (t[1].y0 + t[1].y1, t[1].x0)))


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _letters(text: str) -> str:
    return "".join(_normal(text).split())


def _distance(a: str, b: str) -> int:
    from rapidfuzz.distance import Levenshtein

    return int(Levenshtein.distance(a, b))
