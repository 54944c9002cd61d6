"""Page types between ComicInfo.xml's words and ours.

ComicInfo has eleven page types; ours are ten. Several of its words mean one of ours (Editorial and
Letters are text pages), so writing back picks the commonest word. Story says nothing of splash
pages: a page declared Story may still be labelled a splash by what is on it, which is why
`from_comicinfo` answers STORY and the caller decides.
"""

from __future__ import annotations

from longbox.book import PageType

_FROM = {
    "frontcover": PageType.COVER,
    "innercover": PageType.TITLE,
    "roundup": PageType.TEXT_PAGE,
    "story": PageType.STORY,
    "advertisement": PageType.ADVERTISEMENT,
    "editorial": PageType.TEXT_PAGE,
    "letters": PageType.TEXT_PAGE,
    "preview": PageType.PREVIEW,
    "backcover": PageType.BACK_COVER,
}

_TO = {
    PageType.COVER: "FrontCover",
    PageType.STORY: "Story",
    PageType.SPLASH: "Story",
    PageType.TITLE: "InnerCover",
    PageType.TEXT_PAGE: "Editorial",
    PageType.ADVERTISEMENT: "Advertisement",
    PageType.PREVIEW: "Preview",
    PageType.BACK_COVER: "BackCover",
    PageType.BLANK: "Other",
    PageType.NOT_COMIC: "Other",
}


def from_comicinfo(declared: str | None) -> PageType | None:
    """Translate ComicInfo's page type; None for Other, Deleted, unknown words and None itself.

    A list such as "FrontCover Story", which the schema allows, means its first known word.
    """
    for word in (declared or "").replace(",", " ").split():
        known = _FROM.get(word.lower())
        if known is not None:
            return known
    return None


def to_comicinfo(page_type: PageType) -> str:
    """Return the word that ComicInfo.xml uses for a page type."""
    return _TO[page_type]
