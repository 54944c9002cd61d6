"""Comics that we draw ourselves, with known truth.

A BookRecipe says what to draw; `draw_book` plans it and knows the truth at once (panels, order,
texts, page types, and the story: places, who is present, what happens, who speaks); its pixels are
drawn page by page when asked for. `write_book` makes a comic file of it, `draw_shelf` a small
shelf to try Longbox on, `draw_poster` the picture of the README. `draw_study_shelf` draws a shelf
in which archetypes and relations are planted, to hold statistics to.
"""

from longbox.synthetic.binding import (
    Habit,
    Insert,
    draw_insert,
    plan_types,
    template_names,
    tuning_template,
)
from longbox.synthetic.books import FigureTruth, SyntheticBook, TextTruth, draw_book
from longbox.synthetic.cast import Character, Look
from longbox.synthetic.files import truth_json, write_book
from longbox.synthetic.poster import draw_poster
from longbox.synthetic.recipe import MIXES, BookRecipe, Layout, Style
from longbox.synthetic.shelf import draw_shelf
from longbox.synthetic.story import Line, PanelStory, Presence
from longbox.synthetic.study_shelf import TRUTH_NAME, draw_study_shelf
from longbox.synthetic.study_truth import (
    Archetype,
    Bond,
    PlantedWord,
    StudyBook,
    StudyPage,
    StudyPanel,
    StudyTruth,
    WordKind,
    WordPair,
)

__all__ = [
    "MIXES",
    "TRUTH_NAME",
    "Archetype",
    "Bond",
    "BookRecipe",
    "Character",
    "FigureTruth",
    "Habit",
    "Insert",
    "Layout",
    "Line",
    "Look",
    "PanelStory",
    "PlantedWord",
    "Presence",
    "StudyBook",
    "StudyPage",
    "StudyPanel",
    "StudyTruth",
    "Style",
    "SyntheticBook",
    "TextTruth",
    "WordKind",
    "WordPair",
    "draw_book",
    "draw_insert",
    "draw_poster",
    "draw_shelf",
    "draw_study_shelf",
    "plan_types",
    "template_names",
    "truth_json",
    "tuning_template",
    "write_book",
]
