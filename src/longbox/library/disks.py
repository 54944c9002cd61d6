"""Does the library lie on a disk of this machine, or on one that a network brings?

SQLite's write-ahead log is shared memory: processes of two machines that write one catalog at once
can tear it, and some network file systems have no shared memory or locks at all. Linux says in
/proc/self/mountinfo what a folder is mounted from; elsewhere nothing is known, and nothing is said.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = frozenset(
    "nfs nfs4 cifs smb smbfs smb3 9p afs ceph lustre gpfs beegfs ocfs2 gfs2 davfs ncpfs "
    "glusterfs orangefs".split()
)
_FUSE: Final = frozenset(
    "sshfs s3fs rclone davfs2 glusterfs curlftpfs gcsfuse goofys smbnetfs cephfs mfs".split()
)


def network_file_system(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """Return the type of the network file system that a folder is on; None for a local disk.

    Args:
        folder: Need not exist yet.
        mounts: The system's table of mounts.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    place = os.path.realpath(folder)
    best, found = "", ""
    for line in lines:
        left, _, right = line.partition(" - ")
        fields, kinds = left.split(), right.split()
        if len(fields) < 5 or not kinds:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[4])
        is_above = place == point or place.startswith(point.rstrip("/") + "/")
        if is_above and len(point) >= len(best):
            best, found = point, kinds[0]
    kind, _, program = found.partition(".")
    is_network = kind in _NETWORK or (kind == "fuse" and program in _FUSE)
    return found if is_network else None


def network_note(folder: Path) -> list[str]:
    """Say in one line, or none, what a library on a network file system must mind."""
    kind = network_file_system(folder)
    if kind is None:
        return []
    return [
        f"{folder}: on a network file system ({kind}); let one machine at a time write it, or put "
        "the library on a local disk and back it up there"
    ]
