"""How pictures are made and how much of them is kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longbox.errors import ConfigError

# The only widths there are, in pixels: a bounded number of pictures of every page, and a browser
# that has one need not ask again for nearly the same.
WIDTHS: Final = (160, 320, 640, 1280, 1920)

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """Limits of the picture processes, of the cache, and of uploads.

    Attributes:
        n_processes: Processes that decode and render; 0 means one a core, at most 2: a browser
            asks for six pictures at once, and the server itself needs a core.
        max_waiting: Pictures that may wait; beyond it a request is refused as busy. A page of
            results asks for 60.
        job_timeout_s: One picture may take this long, with opening its file; a large CB7 is
            unpacked whole, and a PDF page may take 60 s by itself.
        upload_timeout_s: The same for a picture that somebody searches with.
        memory_bytes: Address space of a picture process. A page of 120 megapixels takes 1.6 GiB.
        cache_bytes: Of rendered pictures kept on disk.
        cache_folder: Where they are kept; None for inside the library, or the user's cache folder
            where the library cannot be written.
        max_upload_bytes: Of a picture to search with, as sent.
        max_upload_pixels: Of it, decoded.
        upload_side_px: Its longer side as kept; no encoder sees more.
        uploads_bytes, max_uploads, uploads_age_s: How many of them are kept, and how long.
    """

    n_processes: int = 0
    max_waiting: int = 256
    job_timeout_s: float = 90.0
    upload_timeout_s: float = 20.0
    memory_bytes: int = 3072 * _MIB
    cache_bytes: int = 1024 * _MIB
    cache_folder: Path | None = None
    max_upload_bytes: int = 30 * _MIB
    max_upload_pixels: int = 100_000_000
    upload_side_px: int = 2000
    uploads_bytes: int = 256 * _MIB
    max_uploads: int = 2000
    uploads_age_s: float = 90 * 86_400.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            least = 0 if name == "n_processes" else 1e-9
            if name != "cache_folder" and value < least:
                raise ConfigError(f"pictures: {name} is {value}; give a number above 0")

    def usual_processes(self) -> int:
        """Return how many picture processes to use."""
        if self.n_processes:
            return self.n_processes
        has_affinity = hasattr(os, "sched_getaffinity")
        n_cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
        return max(1, min(2, n_cores))
