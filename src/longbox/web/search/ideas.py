"""A search as an idea of the study: what would be found, not how near.

The study's language knows words and fields, no weights and no likeness: words that are added have
all to be there, what is subtracted must not, and panels stand for themselves beside no words.
"""

from __future__ import annotations

from longbox.errors import QueryError
from longbox.retrieval import PanelTerm, Term, WordsTerm
from longbox.web.search.state import SearchState
from longbox.web.search.terms import read_terms

_LONGEST_NAME = 40
# What a search's address and the study's language call alike.
_FIELDS = ("series", "type", "language", "direction", "lettering", "flag", "book")


def idea_of(state: SearchState) -> str:
    """Return a search as "name = what belongs to it"; empty where it cannot be said so."""
    try:
        terms = read_terms(state.query, state.also)
    except QueryError:
        return ""
    words = [term for term in terms if isinstance(term, WordsTerm)]
    said = [_words(term) for term in words]
    panels = [str(t.panel_id) for t in terms if isinstance(t, PanelTerm) and t.weight > 0]
    if not any(term.weight > 0 for term in words):
        said += [f"panel:{','.join(panels)}"] if panels else []
    parameters = state.parameters()
    for field in _FIELDS:
        value = parameters.get(field, [])
        values = [value] if isinstance(value, str) else value
        if values:
            said.append(f"{field}:{','.join(map(_quoted, values))}")
    span = f"{parameters.get('from', '')}-{parameters.get('to', '')}"
    if span != "-":
        said.append(f"year:{span}")
    said = [each for each in said if each]
    if all(each.startswith("-") for each in said):
        return ""
    return f"{_name(terms)} = {' '.join(said)}"


def _words(term: WordsTerm) -> str:
    text = " ".join(term.text.replace('"', " ").split())
    if term.weight < 0 and text:
        return f"-words:{_quoted(text)}"
    if term.is_phrase and text:
        return f'"{text}"'
    # Of several words each has to be there; quotes keep what looks like a field from being one.
    words = [word for word in text.split() if any(c.isalnum() for c in word)]
    return " ".join(map(_quoted, words))


def _quoted(text: str) -> str:
    plain = text.replace('"', "").strip()
    return plain if plain.replace("_", "a").isalnum() else f'"{plain}"'


def _name(terms: tuple[Term, ...]) -> str:
    words = " ".join(term.text for term in terms if isinstance(term, WordsTerm) and term.weight > 0)
    plain = " ".join("".join(c if c.isalnum() else " " for c in words).split())
    return plain[:_LONGEST_NAME].strip() or "search"
