"""A whole library looked at together: maps of its panels and pages.

The one room that knows of UMAP, which is imported when a map is made and never before.
"""

from longbox.analysis.map_files import MAPS_NAME, map_path, read_map, write_map
from longbox.analysis.maps import ShownMap, fingerprint_of, make_map, page_means, show_map
from longbox.analysis.options import MapOptions
from longbox.analysis.projection import Projection, Projector
from longbox.analysis.values import LibraryMap, MapUnit, Method

__all__ = [
    "MAPS_NAME",
    "LibraryMap",
    "MapOptions",
    "MapUnit",
    "Method",
    "Projection",
    "Projector",
    "ShownMap",
    "fingerprint_of",
    "make_map",
    "map_path",
    "page_means",
    "read_map",
    "show_map",
    "write_map",
]
