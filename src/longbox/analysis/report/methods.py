"""How the report was made, in plain words, with sources; and what it cannot say."""

from __future__ import annotations

from typing import Final

METHODS: Final[tuple[tuple[str, str], ...]] = (
    (
        "Vectors",
        "Every panel has a vector in each space that knows something of it. A page's vector is "
        "the mean of its panels' vectors; in the contextual space it is the page's own, by the "
        "trained strip query. A space is one modality made by one encoder, and vectors of two "
        "spaces are never compared.",
    ),
    (
        "Clusters",
        "Clusters are found in the space itself, in its main principal components, never on a "
        "map. k-means (MacQueen 1967; Lloyd 1982) is fitted for every number of clusters that was "
        "tried; of those whose fits on other books agree (adjusted Rand index, Hubert and Arabie "
        "1985), the largest is taken that keeps nearly the best silhouette (Rousseeuw 1987). A "
        "cluster is stable if its mean best Jaccard index over fits on four fifths of the books "
        "is .75 or more, and not stable below .5 (Hennig 2007).",
    ),
    (
        "What sets a cluster apart",
        "Every measure is compared inside and outside of a cluster by Cliff's delta (Cliff 1993): "
        "how much likelier a member's value is above an outsider's than below, from -1 to 1. .147 "
        "is called small, .33 medium, .474 large (Romano et al. 2006). Intervals and p are over "
        "books, because pages of one book are alike; p is corrected over all clusters and "
        "measures (Benjamini and Hochberg 1995). What is printed passes 5 % and .147.",
    ),
    (
        "Names",
        "A cluster is called by an archetype if that archetype's rule fits most of its members, "
        "and clearly more of them than of all others; the rule can be checked page by page. "
        "Otherwise its two strongest effects stand in its name. A cluster that is mostly one book "
        "or one work is called so: it is no archetype.",
    ),
    (
        "Maps",
        "UMAP (McInnes, Healy and Melville 2018) lays the space out so that what is near stays "
        "near. Distances between far groups, the sizes of groups and the two directions mean "
        "little. The directions are explained by Spearman's correlations and by a small decision "
        "tree, which is asked about books that it was not grown on.",
    ),
    (
        "What a space is made of",
        "The share of a space's variance that a group of measures explains, by itself and beyond "
        "all others, against chance by dealing the group anew; how well it predicts works that it "
        "never saw; and how many nearest neighbours two spaces have in common. Clusters of two "
        "spaces are compared by adjusted mutual information (Vinh, Epps and Bailey 2010).",
    ),
    (
        "The most alike book",
        "Every book is the mean of its pages' vectors, centred on the mean of all books. The most "
        "alike is the one with the highest cosine. This is a fact about these vectors and no "
        "test: whether two groups of pages are more alike than chance brings is what concepts "
        "ask.",
    ),
)

CAVEATS: Final = (
    "Everything here is of this shelf. Another choice of books gives other clusters; stability "
    "says how far that goes, and only for books like these.",
    "A cluster is not a kind that somebody meant. Vectors without any groups are cut up too; look "
    "at the thumbnails before a name is believed.",
    "An encoder knows what it was trained on. What it does not see (a joke, a quotation, an "
    "artist's line) is in no vector, however clear it is to a reader.",
    "Panels, lettering and page types were found by machines and partly put right by people. "
    "Their errors are in all measures; the tables say how sure labels and lettering are.",
    "Pages of one book are alike. Tests are over books; with few books little can be claimed, and "
    "where it cannot be told the report says so.",
)
