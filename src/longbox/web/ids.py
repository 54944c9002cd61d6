"""What ids look like, for every address, question and form that names something.

Types for the parameters of routes and the fields of models: what does not look like an id is
answered with 422 before any route sees it. Whether there is such a thing the library says.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from longbox.book import BOOK_ID_PATTERN

PANEL_ID_PATTERN: Final = f"{BOOK_ID_PATTERN}-[0-9]{{4,6}}-[0-9]{{2,4}}"
PICTURE_ID_PATTERN: Final = "[0-9a-f]{32}"
STUDY_ID_PATTERN: Final = "[a-z]{1,16}-[0-9a-f]{12}"

BookId = Annotated[str, Field(pattern=f"^{BOOK_ID_PATTERN}$", description="16 hex digits")]
PanelName = Annotated[
    str,
    Field(
        pattern=f"^{PANEL_ID_PATTERN}$",
        description="book id, page index and panel, as 3f2a9c81d0e45b77-0012-03",
    ),
]
PictureId = Annotated[str, Field(pattern=f"^{PICTURE_ID_PATTERN}$", description="32 hex digits")]
SearchId = Annotated[str, Field(pattern="^[0-9a-f]{12}$", description="12 hex digits")]
JobId = Annotated[str, Field(pattern="^[0-9a-f]{12}$", description="12 hex digits")]
StudyId = Annotated[
    str,
    Field(pattern=f"^{STUDY_ID_PATTERN}$", description="kind and hash, clusters-0123456789ab"),
]
