"""Clusters and archetypes of pages or panels, and what an axis means; in the space itself.

`cluster_units` finds them, `describe_clusters` says what sets each apart, names it by a documented
rule (`ARCHETYPES`) and chooses what to look at; `explain_axis` says what goes along an axis of a
map or of the space.
"""

from longbox.analysis.clusters.archetypes import (
    ARCHETYPES,
    Archetype,
    Condition,
    archetypes_of,
    name_page,
)
from longbox.analysis.clusters.axes import AxisMeaning, Correlation, Rule, TreeMeaning
from longbox.analysis.clusters.describing import associate_categories, describe_clusters
from longbox.analysis.clusters.finding import cluster_units
from longbox.analysis.clusters.meaning import explain_axis, ribbon_along, space_along
from longbox.analysis.clusters.options import AxisOptions, ClusterMethod, ClusterOptions
from longbox.analysis.clusters.portraits import (
    Association,
    CategoryShare,
    ClusterPortrait,
    Effect,
    Exemplars,
    Fit,
    Level,
)
from longbox.analysis.clusters.values import Agreement, Clusters, Trial, Verdict

__all__ = [
    "ARCHETYPES",
    "Agreement",
    "Archetype",
    "Association",
    "AxisMeaning",
    "AxisOptions",
    "CategoryShare",
    "ClusterMethod",
    "ClusterOptions",
    "ClusterPortrait",
    "Clusters",
    "Condition",
    "Correlation",
    "Effect",
    "Exemplars",
    "Fit",
    "Level",
    "Rule",
    "TreeMeaning",
    "Trial",
    "Verdict",
    "archetypes_of",
    "associate_categories",
    "cluster_units",
    "describe_clusters",
    "explain_axis",
    "name_page",
    "ribbon_along",
    "space_along",
]
