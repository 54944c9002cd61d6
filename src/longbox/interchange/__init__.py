"""Other programs' files: what Longbox saw written for them, what people put right read back.

Pure functions between books and bytes. `fitting` says whether a file belongs to a book, and what
in it differs from what the library has.
"""

from longbox.interchange.fitting import StageRules, match_pages, to_corrections
from longbox.interchange.formats import FORMATS, Format, read_sidecar
from longbox.interchange.parsing import MOST_BYTES
from longbox.interchange.sidecar import Sidecar, SidecarPage, SidecarPanel, SidecarText
from longbox.interchange.writing import file_stem

__all__ = [
    "FORMATS",
    "MOST_BYTES",
    "Format",
    "Sidecar",
    "SidecarPage",
    "SidecarPanel",
    "SidecarText",
    "StageRules",
    "file_stem",
    "match_pages",
    "read_sidecar",
    "to_corrections",
]
