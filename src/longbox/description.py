"""What a vision-language model says of a page, apart from what is written on it.

The literal text that a model reads and the description that it writes are two things, kept and
searched apart. Every answer is kept with its state, so that a repaired one is not taken for a
clean one and a truncated one is asked for again (docs/glossary.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from longbox.geometry import Box


class AnswerState(StrEnum):
    """What became of one answer; only CLEAN and REPAIRED count as done."""

    CLEAN = "clean"
    REPAIRED = "repaired"
    TRUNCATED = "truncated"
    FAILED = "failed"

    @property
    def is_done(self) -> bool:
        """Whether the page need not be asked for again."""
        return self in (AnswerState.CLEAN, AnswerState.REPAIRED)


@dataclass(frozen=True, slots=True)
class DescribedText:
    """One piece of lettering as the model read it.

    Attributes:
        text: The literal words.
        label: The model's word for its kind ("dialogue", "narration", "sfx"), or None.
        speaker: Who says it, in the model's words, or None.
        box: In page pixels, or None where the model gave none.
    """

    text: str
    label: str | None = None
    speaker: str | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class PanelDescription:
    """What the model says of one panel.

    Attributes:
        panel: Order of our panel that it was matched to, or None where none fits.
        number: The model's own panel number, from 1.
        description: The scene in prose.
        characters, actions: Named in the model's words.
        setting, shot: Where it is, and how it is framed ("close-up"), or None.
        texts: The literal text, apart from the description.
        box: Where the model saw the panel, in page pixels, or None.
        overlap: IoU of that box with our panel's, or None without either.
    """

    panel: int | None
    number: int
    description: str
    characters: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    setting: str | None = None
    shot: str | None = None
    texts: tuple[DescribedText, ...] = ()
    box: Box | None = None
    overlap: float | None = None


@dataclass(frozen=True, slots=True)
class PageDescription:
    """One model's answer about one page, and where it came from.

    Attributes:
        page_index: In the book, from 0.
        page_digest: Of the page's stored picture bytes: what the answer is cached by.
        state: Clean, repaired, truncated or failed.
        summary: The page as a whole.
        panels: In the model's order; empty for a failed answer.
        disagreements: Where the model and the panel detector differ, one line each.
        model: The model's name as it was asked for.
        prompt: Fingerprint of prompt, schema and the panel boxes that were shown.
        n_prompt_tokens, n_answer_tokens: As the server counted them; 0 when it did not say.
        cost: In the currency of the prices that were given; 0 without prices.
        made_at: ISO 8601 time.
        problem: Why it is not clean: one line, or None.
    """

    page_index: int
    page_digest: str
    state: AnswerState
    summary: str
    panels: tuple[PanelDescription, ...]
    disagreements: tuple[str, ...]
    model: str
    prompt: str
    n_prompt_tokens: int
    n_answer_tokens: int
    cost: float
    made_at: str
    problem: str | None = None

    def panel_text(self, order: int) -> str:
        """Return what is described of one of our panels, one line a fact; empty for nothing."""
        said: list[str] = []
        for panel in self.panels:
            if panel.panel == order:
                said += [panel.description, *panel.characters, *panel.actions]
                said += [part for part in (panel.setting, panel.shot) if part]
        return "\n".join(part for part in said if part.strip())
