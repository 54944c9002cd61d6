"""Maps of a library in two dimensions; the one room that knows of UMAP.

UMAP is imported when a map is made and never before.
"""

from longbox.analysis.maps.files import MAPS_NAME, map_path, read_map, write_map
from longbox.analysis.maps.making import ShownMap, make_map, show_map
from longbox.analysis.maps.options import MapOptions
from longbox.analysis.maps.placing import Places, place_units
from longbox.analysis.maps.projection import Projection, Projector
from longbox.analysis.maps.values import LibraryMap, Method

__all__ = [
    "MAPS_NAME",
    "LibraryMap",
    "MapOptions",
    "Method",
    "Places",
    "Projection",
    "Projector",
    "ShownMap",
    "make_map",
    "map_path",
    "place_units",
    "read_map",
    "show_map",
    "write_map",
]
