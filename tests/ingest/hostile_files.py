"""Every hostile kind there is: importing this module fills the list.

The builders stand in hostile_zips, hostile_archives, hostile_documents, hostile_pictures and
hostile_folders; the tests and benchmarks/hostile.py share them.
"""

import hostile_archives
import hostile_documents
import hostile_folders
import hostile_pictures
import hostile_zips
from hostile_kinds import KINDS, Hostile

BUILDERS = (
    hostile_zips,
    hostile_archives,
    hostile_documents,
    hostile_pictures,
    hostile_folders,
)

__all__ = ["BUILDERS", "KINDS", "Hostile"]
