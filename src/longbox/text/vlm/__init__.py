"""A vision-language model describes a page: what it is asked, and what is made of its answer.

A door of its own inside the room `text`: searching and indexing do not need it. Everything but
`VlmClient` is a pure function; the client speaks HTTP and reads neither files nor environment.
"""

from longbox.text.vlm.answer import ReadAnswer, read_answer
from longbox.text.vlm.client import Dialect, VlmClient
from longbox.text.vlm.envelope import Reply, ReplyKind
from longbox.text.vlm.matching import match_to_panels
from longbox.text.vlm.options import BoxConvention, VlmOptions
from longbox.text.vlm.picture import page_jpeg
from longbox.text.vlm.prompt import AnswerFormat, Question, guess_tokens, make_question
from longbox.text.vlm.shown import ShownPage, shown_page

__all__ = [
    "AnswerFormat",
    "BoxConvention",
    "Dialect",
    "Question",
    "ReadAnswer",
    "Reply",
    "ReplyKind",
    "ShownPage",
    "VlmClient",
    "VlmOptions",
    "guess_tokens",
    "make_question",
    "match_to_panels",
    "page_jpeg",
    "read_answer",
    "shown_page",
]
