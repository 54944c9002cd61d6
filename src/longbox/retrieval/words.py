"""Terms become a word query: any of the telling words, none of the subtracted ones.

Function words (the, and, le, der) are left out when anything else is there: every second balloon
holds them, so they cost most of the time and rank nothing. BM25 would give them next to no weight
anyway. The query's language is not known, so a word that is telling in another of these languages
(die, hat, war, sin, son, den, pour, ton) is no function word here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from longbox.library import WordsQuery
from longbox.retrieval.query import WordsTerm

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

# The commonest function words of the languages that the lettering reader is measured on.
FUNCTION_WORDS = frozenset(
    """
    a an and are as at be but by for from had has have he her him his i if in is it its me my not
    of on or our she so that the their them they this to was we were what will with you your
    au aux ce ces dans de des du elle en est et il ils je la le les ma mais me mes mon ne nous on
    ou par pas qu que qui sa se ses sur ta te tes tu un une vous
    al como con del el ella ellos es esta este la las lo los mi no nos o para pero por que se
    su sus te tu un una y ya yo
    aber als am an auch auf aus bei das dass dem der des du ein eine einen einer er es für
    ich ihr im in ist ja mein mich mir mit nicht noch nur sein sich sie sind so über um und
    uns vom von was wenn wer wie wir zu zum zur
    """.split()
)


def words_query(terms: Sequence[WordsTerm]) -> WordsQuery | None:
    """Build the word query of some terms.

    Args:
        terms: Positive ones are wanted, negative ones excluded.

    Returns:
        The query, or None when the wanted terms hold no word (only punctuation, say).
    """
    wanted: list[str] = []
    required: list[str] = []
    excluded: list[str] = []
    for term in terms:
        words = _WORD.findall(term.text.casefold())
        if not words:
            continue
        if term.weight <= 0:
            excluded.append(" ".join(words))
        elif term.is_phrase and len(words) > 1:
            required.append(" ".join(words))
        else:
            telling = [w for w in words if w not in FUNCTION_WORDS]
            wanted.extend(telling or words)
    if not wanted and not required:
        return None
    return WordsQuery(tuple(dict.fromkeys(wanted)), tuple(required), tuple(excluded))
