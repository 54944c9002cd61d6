"""The combined report of a shelf: tables of all pages and panels, and one page to read.

`make_report` studies every space of a library (clusters, archetypes, maps, what their directions
mean), compares the spaces, and writes it all into a folder: `report.html`, which needs nothing
else, and `pages`, `panels` and `books` as Parquet and CSV.
"""

from longbox.analysis.report.columns import BOOK_COLUMNS, PAGE_COLUMNS, PANEL_COLUMNS, Column
from longbox.analysis.report.making import FILE_NAMES, HTML_NAME, make_report
from longbox.analysis.report.options import USUAL_SPACES, ReportFiles, ReportOptions

__all__ = [
    "BOOK_COLUMNS",
    "FILE_NAMES",
    "HTML_NAME",
    "PAGE_COLUMNS",
    "PANEL_COLUMNS",
    "USUAL_SPACES",
    "Column",
    "ReportFiles",
    "ReportOptions",
    "make_report",
]
