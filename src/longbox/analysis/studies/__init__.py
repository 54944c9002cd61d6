"""Whole studies of a library: asked with one value, answered with one, kept as JSON."""

from longbox.analysis.studies.cards import UnitCard, cards_of
from longbox.analysis.studies.clusters import (
    ClusterQuestion,
    ClusterStudy,
    MappedUnits,
    MapStudyOptions,
    ToldClusters,
    map_units,
    study_clusters,
    told_clusters,
)
from longbox.analysis.studies.concepts import (
    ConceptQuestion,
    ConceptStudy,
    Nearest,
    SelectionTold,
    study_concepts,
    told_concepts,
)
from longbox.analysis.studies.documents import as_document
from longbox.analysis.studies.kept import (
    STUDIES_NAME,
    Study,
    StudyKind,
    keep_study,
    kept_studies,
    read_study,
    remove_study,
    study_name,
)
from longbox.analysis.studies.spaces import SpacesQuestion, study_spaces

__all__ = [
    "STUDIES_NAME",
    "ClusterQuestion",
    "ClusterStudy",
    "ConceptQuestion",
    "ConceptStudy",
    "MapStudyOptions",
    "MappedUnits",
    "Nearest",
    "SelectionTold",
    "SpacesQuestion",
    "Study",
    "StudyKind",
    "ToldClusters",
    "UnitCard",
    "as_document",
    "cards_of",
    "keep_study",
    "kept_studies",
    "map_units",
    "read_study",
    "remove_study",
    "study_clusters",
    "study_concepts",
    "study_name",
    "study_spaces",
    "told_clusters",
    "told_concepts",
]
