"""Which members show what a cluster is: from its centre, and from its edge.

The centre's are those nearest to the mean, one a book as long as there are books, so that a cluster
of forty books is not shown by one; then more. The edge's are those that another cluster is as
near to (the simplified silhouette), where one sees what the cluster ends at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from longbox.analysis.clusters.portraits import Exemplars
from longbox.analysis.clusters.values import Clusters


def choose_exemplars(
    clusters: Clusters, book: NDArray[np.int32], number: int, n: int = 9
) -> Exemplars:
    """Choose members of a cluster to look at.

    Args:
        clusters: As found.
        book: A number for each unit's book, the same for editions of it, int32 (N,).
        number: Of the cluster.
        n: At most so many of the centre, and of the edge.
    """
    members = clusters.members(number)
    by_centre = members[np.argsort(clusters.to_centre[members], kind="stable")]
    is_first = np.zeros(by_centre.size, dtype=np.bool_)
    is_first[np.unique(book[by_centre], return_index=True)[1]] = True
    centre = np.concatenate([by_centre[is_first], by_centre[~is_first]])[:n]
    # Without another cluster nothing is near to one; what is far from the centre is the edge.
    doubt = clusters.edge[members] if clusters.n_clusters > 1 else -clusters.to_centre[members]
    edge = members[np.argsort(doubt, kind="stable")]
    edge = edge[~np.isin(edge, centre)][:n]
    return Exemplars(tuple(clusters.rows[centre].tolist()), tuple(clusters.rows[edge].tolist()))
