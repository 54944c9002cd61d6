"""What people read of where things lie on the server's machine: names, or whole paths.

Whoever sits at the machine needs the path to repair a file. Whoever a library is shared with learns
the file's name and no more: folders tell the name of the user, of the disks, of what else is there.
Routes give every path and every sentence that may hold one through here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from longbox.book import Problem

# An absolute path up to its last separator: from the root, from ~, from a drive or a server's name.
# Names of folders may hold blanks, so of two paths in a sentence only the last name stays; what
# begins with the scheme of an address is none, nor are words with a stroke between them.
_FOLDERS: Final = re.compile(
    r"(?:(?<![\w./\\])(?:~|[A-Za-z]:)?[\\/](?!/)|(?<![\w.:/\\])//(?!/))"
    r"(?:(?:[^/\\\n:]|:(?!\s)){0,255}[\\/])+"
)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """How much is told of where files lie; `is_told` is for whoever runs the server alone."""

    is_told: bool

    def path(self, path: str) -> str:
        """Return a path as it may be read: whole, or its last name."""
        if self.is_told:
            return path
        return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]

    def text(self, text: str) -> str:
        """Return a sentence as it may be read: as it is, or without the folders of its paths."""
        return text if self.is_told else without_folders(text)

    def problem(self, problem: Problem) -> Problem:
        """Return a problem as it may be read."""
        if self.is_told:
            return problem
        return replace(problem, file=self.path(problem.file), reason=self.text(problem.reason))


def without_folders(text: str) -> str:
    """Return a sentence in which every absolute path is its last name."""
    return _FOLDERS.sub("", text)
