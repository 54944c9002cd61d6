"""The library in Apple's Embedding Atlas: a table for it, and its own server beside ours.

Embedding Atlas is another program (the extra `atlas`); this room writes what it reads and starts
it. Nothing is fetched from the network: the map, its neighbours and the pictures are in the table.
"""

from longbox.analysis.atlas.serving import (
    AtlasServer,
    atlas_command,
    atlas_program,
    open_atlas,
    write_atlas,
)
from longbox.analysis.atlas.table import AtlasOptions, atlas_table

__all__ = [
    "AtlasOptions",
    "AtlasServer",
    "atlas_command",
    "atlas_program",
    "atlas_table",
    "open_atlas",
    "write_atlas",
]
