"""What the vectors know: a library looked at as a whole, with statistics and with pictures."""

from longbox.analysis.maps import (
    MAPS_NAME,
    LibraryMap,
    MapOptions,
    Method,
    Projection,
    Projector,
    ShownMap,
    make_map,
    map_path,
    read_map,
    show_map,
    write_map,
)
from longbox.analysis.units import (
    Sampling,
    Unit,
    Units,
    fingerprint_of,
    gather_units,
    page_means,
    work_of,
)

__all__ = [
    "MAPS_NAME",
    "LibraryMap",
    "MapOptions",
    "Method",
    "Projection",
    "Projector",
    "Sampling",
    "ShownMap",
    "Unit",
    "Units",
    "fingerprint_of",
    "gather_units",
    "make_map",
    "map_path",
    "page_means",
    "read_map",
    "show_map",
    "work_of",
    "write_map",
]
