"""What this installation can read, for `longbox doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from longbox.ingest.pictures import readable_formats
from longbox.ingest.rarred import RAR_INSTALL, RAR_PROGRAMS, rar_program


@dataclass(frozen=True, slots=True)
class ProgramStatus:
    """Whether something that ingest can use is there.

    Attributes:
        name: What it is, for people ("RAR program").
        needed_for: What it makes readable.
        is_present: Whether it was found.
        detail: Where it is, or what to install.
    """

    name: str
    needed_for: str
    is_present: bool
    detail: str


def supported_formats() -> tuple[str, ...]:
    """Return the kinds of comic files that can be opened, by suffix, and "folder"."""
    return ("cbz", "zip", "cbr", "rar", "cb7", "7z", "cbt", "tar", "pdf", "epub", "folder")


def check_programs() -> tuple[ProgramStatus, ...]:
    """Look for the programs and optional decoders that ingest can use."""
    program = rar_program()
    formats = readable_formats()
    return (
        ProgramStatus(
            "RAR program",
            "packed pages in CBR and RAR files",
            program is not None,
            program or f"none of {', '.join(RAR_PROGRAMS)} was found; {RAR_INSTALL}",
        ),
        _decoder(
            "AVIF",
            formats["AVIF"],
            "pip install --upgrade pillow (its wheels decode AVIF since 11.3)",
        ),
        _decoder("WEBP", formats["WEBP"], "pip install --upgrade pillow"),
        _decoder("JPEG 2000", formats["JPEG2000"], "pip install --upgrade pillow"),
        _decoder("JPEG XL", formats["JXL"], "pip install pillow-jxl-plugin"),
    )


def _decoder(name: str, is_present: bool, advice: str) -> ProgramStatus:
    return ProgramStatus(
        f"{name} decoder", f"{name} pages", is_present, "built in" if is_present else advice
    )
