"""What a person can do about each flag of a page: one line each, wherever flags are listed."""

from __future__ import annotations

from typing import Final

from longbox.book import PageFlag

FLAG_ADVICE: Final = {
    PageFlag.LANDSCAPE: "look whether its panels are right; a spread is fine, a turned scan is not",
    PageFlag.PROSE: "nothing, when it is a page of text",
    PageFlag.WATERMARK: "replace the scan with one without the mark, where there is one",
    PageFlag.NEAR_BLANK: "look whether the page was scanned; remove it from the file if not",
    PageFlag.DUPLICATE: "remove one of the two from the file",
    PageFlag.NOT_COMIC_BOOK: "take the file off the shelf, or correct its pages if it is a comic",
}
