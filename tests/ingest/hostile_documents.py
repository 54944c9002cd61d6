"""Builders of hostile and broken PDF and EPUB files; see hostile_kinds."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from drawn_comics import epub_members, page, pages, write_pdf, write_pdf_objects, write_zip
from hostile_kinds import hostile

# ---- PDF ----


@hostile("refused")
def pdf_garbage(folder: Path) -> Path:
    rng = np.random.default_rng(9)
    (folder / "book.pdf").write_bytes(b"%PDF-1.7\n" + rng.bytes(4000))
    return folder / "book.pdf"


@hostile("refused")
def pdf_without_pages(folder: Path) -> Path:
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"]
    return write_pdf_objects(folder / "book.pdf", objects)


@hostile("refused")
def pdf_with_a_password(folder: Path) -> Path:
    key = "<" + "41" * 32 + ">"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
        f"<< /Filter /Standard /V 1 /R 2 /O {key} /U {key} /P -4 >>".encode(),
    ]
    return write_pdf_objects(folder / "book.pdf", objects, f"/Encrypt 4 0 R /ID [{key} {key}]")


@hostile("read")
def pdf_with_a_huge_page(folder: Path) -> Path:
    return write_pdf(folder / "book.pdf", [page(1)], box="0 0 900000 900000")


@hostile("read")
def pdf_page_thinner_than_a_pixel(folder: Path) -> Path:
    return write_pdf(folder / "book.pdf", [page(1)], box="0 0 1000000000 0.00001")


@hostile("refused")
def pdf_page_tree_that_loops(folder: Path) -> Path:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 999999999 >>",
    ]
    return write_pdf_objects(folder / "book.pdf", objects)


@hostile("problem")
def pdf_that_claims_more_pages(folder: Path) -> Path:
    path = write_pdf(folder / "book.pdf", [page(1), page(2)])
    path.write_bytes(path.read_bytes().replace(b"/Count 2 ", b"/Count 40"))
    return path


@hostile("refused")
def pdf_without_its_end(folder: Path) -> Path:
    path = write_pdf(folder / "book.pdf", [page(1), page(2)])
    path.write_bytes(path.read_bytes()[:-400])
    return path


@hostile("refused")
def pdf_form_that_contains_itself(folder: Path) -> Path:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 60 90] /Contents 4 0 R /Resources "
        b"<< /XObject << /F 5 0 R >> >> >>",
        b"<< /Length 5 >>\nstream\n/F Do\nendstream",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 60 90] /Resources << /XObject << "
        b"/F 5 0 R >> >> /Length 11 >>\n"
        b"stream\n/F Do /F Do\nendstream",
    ]
    return write_pdf_objects(folder / "book.pdf", objects)


@hostile("read")
def pdf_picture_bomb(folder: Path) -> Path:
    packed = zlib.compress(bytes(30_000 * 30_000 // 8), 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 60 90] /Contents 4 0 R /Resources "
        b"<< /XObject << /I 5 0 R >> >> >>",
        b"<< /Length 24 >>\nstream\nq 60 0 0 90 0 0 cm /I Do\nendstream",
        b"<< /Type /XObject /Subtype /Image /Width 30000 /Height 30000 /ColorSpace "
        b"/DeviceGray /BitsPerComponent 1 "
        + f"/Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode()
        + packed
        + b"\nendstream",
    ]
    return write_pdf_objects(folder / "book.pdf", objects)


# ---- EPUB ----


def epub_with(folder: Path, extra: list[tuple[str, bytes]] | None = None, **package: str) -> Path:
    return write_zip(folder / "book.epub", [*epub_members(pages(2), **package), *(extra or [])])


@hostile("problem")
def epub_spine_outside_the_archive(folder: Path) -> Path:
    item = '<item id="o" href="../../../../etc/passwd" media-type="application/xhtml+xml"/>'
    return epub_with(folder, manifest=item, itemrefs='<itemref idref="o"/>')


@hostile("problem")
def epub_spine_of_missing_items(folder: Path) -> Path:
    item = '<item id="m" href="gone.xhtml" media-type="application/xhtml+xml"/>'
    return epub_with(folder, manifest=item, itemrefs='<itemref idref="m"/><itemref idref="never"/>')


@hostile("read")
def epub_spine_that_loops(folder: Path) -> Path:
    return epub_with(folder, itemrefs='<itemref idref="p0"/><itemref idref="p1"/>' * 5000)


@hostile("problem")
def epub_pictures_elsewhere(folder: Path) -> Path:
    body = (
        b'<html xmlns="http://www.w3.org/1999/xhtml"><img '
        b'src="http://127.0.0.1:9/a.jpg"/><img src="/etc/x.jpg"/></html>'
    )
    item = '<item id="w" href="web.xhtml" media-type="application/xhtml+xml"/>'
    return epub_with(
        folder, [("OEBPS/web.xhtml", body)], manifest=item, itemrefs='<itemref idref="w"/>'
    )


@hostile("refused")
def epub_of_text(folder: Path) -> Path:
    members = epub_members(pages(1))
    members = [
        (name, data.replace(b'<img src="img/page1.jpg"/>', b"Only words."))
        for name, data in members
    ]
    return write_zip(folder / "book.epub", members)


@hostile("refused")
def epub_without_package(folder: Path) -> Path:
    return write_zip(
        folder / "book.epub", [m for m in epub_members(pages(1)) if not m[0].endswith(".opf")]
    )


@hostile("refused")
def epub_package_with_entities(folder: Path) -> Path:
    members = epub_members(pages(1))
    bomb = (
        b'<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><package>'
        b"<metadata>&b;</metadata></package>"
    )
    return write_zip(
        folder / "book.epub", [(n, bomb if n.endswith(".opf") else d) for n, d in members]
    )


@hostile("problem")
def epub_page_with_entities(folder: Path) -> Path:
    members = epub_members(pages(2))
    bomb = (
        b'<!DOCTYPE h [<!ENTITY a SYSTEM "file:///etc/passwd">]><html>&a;<img '
        b'src="img/page2.jpg"/></html>'
    )
    return write_zip(
        folder / "book.epub", [(n, bomb if n.endswith("p1.xhtml") else d) for n, d in members]
    )


@hostile("refused")
def epub_locked_by_drm(folder: Path) -> Path:
    names = "".join(f'<CipherReference URI="OEBPS/img/page{n}.jpg"/>' for n in (1, 2))
    text = (
        f'<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">{names}</encryption>'
    )
    return epub_with(folder, [("META-INF/encryption.xml", text.encode())])


@hostile("read")
def epub_svg_page(folder: Path) -> Path:
    svg = (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        b'<image xlink:href="img/page2.jpg"/></svg>'
    )
    return write_zip(
        folder / "book.epub",
        [(n, svg if n.endswith("p1.xhtml") else d) for n, d in epub_members(pages(2))],
    )
