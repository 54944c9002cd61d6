"""Pictures that people search with: a panel, a page, a photo, a screenshot.

The address of a search names its picture, so pictures are kept on disk, across restarts, within
bounds of bytes, number and age; whoever opens an older address is told to drop the picture again.
They are in the cache folder and readable for its owner only: nobody but who runs the server should
find what was searched.

A picture's id is from its bytes as sent, so the same one is decoded once. What is kept is what was
decoded, made smaller and encoded anew: nothing of the sent file is ever sent on. Where the disk
refuses, the last few are held in memory.
"""

from __future__ import annotations

import hashlib
import re
import struct
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from longbox.errors import QueryError
from longbox.web.pictures.cache import CacheBounds, DiskCache
from longbox.web.pictures.server import PictureServer, Rendered

_ID: Final = re.compile(r"[0-9a-f]{32}")
_SIZE: Final = struct.Struct("<II")
_IN_MEMORY: Final = 16


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture to search with: its id and its size as kept, in pixels."""

    id: str
    width: int
    height: int


class UploadStore:
    """Pictures to search with, by id.

    Args:
        pictures: Decodes them; they are kept in its folder.
    """

    def __init__(self, pictures: PictureServer) -> None:
        self._pictures = pictures
        options = pictures.options
        bounds = CacheBounds(options.uploads_bytes, options.max_uploads, options.uploads_age_s)
        self._cache = DiskCache(pictures.folder / "queries", bounds)
        self._recent: OrderedDict[str, bytes] = OrderedDict()
        self._state = threading.Lock()

    def add(self, data: bytes) -> Upload:
        """Take a picture in.

        Args:
            data: As sent: any kind of picture that a comic's page may be.

        Raises:
            PageError: It is no picture, too large, or cannot be decoded.
            BusyError: Too many pictures are asked for.
        """
        picture_id = hashlib.sha256(data).hexdigest()[:32]
        kept = self._kept(picture_id)
        if kept is None:
            made = self._pictures.shrink_upload(data)
            kept = _SIZE.pack(made.width, made.height) + made.data
            self._cache.put(picture_id, kept)
        self._remember(picture_id, kept)
        return Upload(picture_id, *_SIZE.unpack(kept[: _SIZE.size]))

    def get(self, picture_id: str) -> Upload:
        """Return what is known of a picture.

        Raises:
            QueryError: It is not kept (any more).
        """
        return Upload(picture_id, *_SIZE.unpack(self._found(picture_id)[: _SIZE.size]))

    def picture(self, picture_id: str) -> Rendered:
        """Return a picture as it is sent to a browser.

        Raises:
            QueryError: It is not kept (any more).
        """
        return Rendered(self._found(picture_id)[_SIZE.size :], picture_id)

    def pixels(self, picture_id: str) -> NDArray[np.uint8]:
        """Return a picture's pixels, to search with.

        Returns:
            RGB pixels, uint8 (H, W, 3).

        Raises:
            QueryError: It is not kept (any more).
            BusyError: Too many pictures are asked for.
        """
        return self._pictures.decode_upload(self._found(picture_id)[_SIZE.size :])

    def _found(self, picture_id: str) -> bytes:
        kept = self._kept(picture_id) if _ID.fullmatch(picture_id) else None
        if kept is None:
            raise QueryError("the picture of this search is not kept any more; drop it again")
        return kept

    def _kept(self, picture_id: str) -> bytes | None:
        kept = self._cache.get(picture_id)
        if kept is not None and len(kept) > _SIZE.size:
            return kept
        with self._state:
            return self._recent.get(picture_id)

    def _remember(self, picture_id: str, kept: bytes) -> None:
        with self._state:
            self._recent[picture_id] = kept
            self._recent.move_to_end(picture_id)
            while len(self._recent) > _IN_MEMORY:
                self._recent.popitem(last=False)
