"""Ablation: the same pages by picture, text, composition, fused and in context.

How alike are these spaces (neighbours, clusters), what is each made of (layout, lettering, look,
page type, book, work), and does it go by layout or by what is written (`claims` says how that is
asked). Vectors of two spaces are never compared: lists of neighbours are, clusters, and shares.
"""

from longbox.analysis.ablation.ablating import ablate, ablate_library
from longbox.analysis.ablation.matched import MatchedUnits, match_units, matched
from longbox.analysis.ablation.values import (
    Ablation,
    AblationOptions,
    Agreement,
    Carried,
    Claim,
    Estimate,
    Group,
    Overlap,
    Share,
    SpaceLine,
    Verdict,
)

__all__ = [
    "Ablation",
    "AblationOptions",
    "Agreement",
    "Carried",
    "Claim",
    "Estimate",
    "Group",
    "MatchedUnits",
    "Overlap",
    "Share",
    "SpaceLine",
    "Verdict",
    "ablate",
    "ablate_library",
    "match_units",
    "matched",
]
