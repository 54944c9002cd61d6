"""A file becomes a Book and its pixels.

open_book opens CBZ, CBR, CB7, CBT, PDF, EPUB and folders of pictures; find_books finds them on a
shelf; stamp tells changed ones from unchanged ones. Comic files come from strangers, so every limit
is in IngestOptions, and nothing in a file chooses a path on this machine.
"""

from longbox.ingest.confinement import confined_environment
from longbox.ingest.naming import COMIC_SUFFIXES, printable
from longbox.ingest.open_pages import OpenBook, OpenPages
from longbox.ingest.opening import open_book
from longbox.ingest.options import IngestOptions
from longbox.ingest.pictures import decode as decode_picture
from longbox.ingest.programs import ProgramStatus, check_programs, supported_formats
from longbox.ingest.reading import open_pages, read_picture
from longbox.ingest.shelf import find_books, stamp

__all__ = [
    "COMIC_SUFFIXES",
    "IngestOptions",
    "OpenBook",
    "OpenPages",
    "ProgramStatus",
    "check_programs",
    "confined_environment",
    "decode_picture",
    "find_books",
    "open_book",
    "open_pages",
    "printable",
    "read_picture",
    "stamp",
    "supported_formats",
]
