"""Who is in a panel: regions, identity vectors, clusters of the same character, names.

A detector of faces or figures is somebody else's model (`FigureDetector`); without one the panel
itself is the region, its lettering painted over. What this can and cannot do is in
docs/characters.md, with figures. Nothing heavy is imported until it is needed.
"""

from longbox.characters.clusters import (
    ALONE,
    ClusterOptions,
    cluster_regions,
    exemplars,
    region_distances,
)
from longbox.characters.contract import (
    Detection,
    Encode,
    FigureDetector,
    PanelPicture,
    Region,
    RegionKind,
)
from longbox.characters.hub_detector import HubFigureDetector, region_kinds
from longbox.characters.identity import (
    IdentityOptions,
    IdentityVectors,
    colour_histogram,
    identity_vectors,
)
from longbox.characters.matching import Match, match_regions
from longbox.characters.naming import (
    KnownLook,
    NamedCharacter,
    Place,
    names_by_look,
    names_by_place,
)
from longbox.characters.regions import (
    clean_detections,
    cut_regions,
    find_regions,
    without_lettering,
)
from longbox.characters.salient import SalientFigures
from longbox.characters.suggesting import suggest_name

__all__ = [
    "ALONE",
    "ClusterOptions",
    "Detection",
    "Encode",
    "FigureDetector",
    "HubFigureDetector",
    "IdentityOptions",
    "IdentityVectors",
    "KnownLook",
    "Match",
    "NamedCharacter",
    "PanelPicture",
    "Place",
    "Region",
    "RegionKind",
    "SalientFigures",
    "clean_detections",
    "cluster_regions",
    "colour_histogram",
    "cut_regions",
    "exemplars",
    "find_regions",
    "identity_vectors",
    "match_regions",
    "names_by_look",
    "names_by_place",
    "region_distances",
    "region_kinds",
    "suggest_name",
    "without_lettering",
]
