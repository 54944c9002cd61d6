"""Small comics for the ingest tests, in every format, drawn from a seed.

The RAR writer is ours because no free program makes RAR files: it stores members without packing,
as the RAR 5 format allows (https://www.rarlab.com/technote.htm).
"""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

Members = Sequence[tuple[str, bytes]]


def drawing(seed: int, width: int = 60, height: int = 90) -> Image.Image:
    """A smooth picture that no other seed gives, uint8 RGB."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "JPEG", **how: object) -> bytes:
    """A picture's file bytes."""
    if kind == "JXL":
        import pillow_jxl  # noqa: F401 - registers the format
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def page(seed: int, kind: str = "JPEG", width: int = 60, height: int = 90) -> bytes:
    """One drawn page's file bytes."""
    return encoded(drawing(seed, width, height), kind)


def pages(count: int = 3) -> list[tuple[str, bytes]]:
    """Members "page1.jpg" and on."""
    return [(f"page{number}.jpg", page(number)) for number in range(1, count + 1)]


def write_zip(path: Path, members: Members, packing: int = zipfile.ZIP_STORED) -> Path:
    """Write a ZIP with these members; a name may be a ZipInfo's."""
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), data, packing)
    return path


def write_tar(path: Path, members: Members, mode: str = "w") -> Path:
    """Write a tar; mode "w:gz" and so on packs it."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def write_7z(path: Path, members: Members, **how: object) -> Path:
    """Write a 7z."""
    import py7zr

    with py7zr.SevenZipFile(path, "w", **how) as archive:
        for name, data in members:
            archive.writestr(data, name)
    return path


def write_folder(path: Path, members: Members) -> Path:
    """Write the members as files."""
    path.mkdir(parents=True, exist_ok=True)
    for name, data in members:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def vint(value: int) -> bytes:
    """RAR 5's number: seven bits a byte, lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def rar_block(
    kind: int,
    flags: int,
    body: bytes,
    data: bytes = b"",
    extra: bytes = b"",
    size: int | None = None,
) -> bytes:
    """One RAR 5 block with its checksum."""
    head = vint(kind) + vint(flags | (1 if extra else 0) | (2 if data else 0))
    head += vint(len(extra)) if extra else b""
    head += vint(len(data) if size is None else size) if data else b""
    content = head + body + extra
    framed = vint(len(content)) + content
    return struct.pack("<I", zlib.crc32(framed)) + framed + data


def rar_member(
    name: str, data: bytes, method: int = 0, extra: bytes = b"", unpacked: int | None = None
) -> bytes:
    """One RAR 5 file block; method 0 is stored."""
    size = len(data) if unpacked is None else unpacked
    text = name.encode()
    body = vint(4) + vint(size) + vint(0o100644) + struct.pack("<I", zlib.crc32(data))
    body += vint(method << 7) + vint(1) + vint(len(text)) + text
    return rar_block(2, 0, body, data, extra)


def write_rar(path: Path, blocks: Sequence[bytes]) -> Path:
    """Write a RAR 5 archive around file blocks."""
    main = rar_block(1, 0, vint(0))
    end = rar_block(5, 0, vint(0))
    path.write_bytes(b"Rar!\x1a\x07\x01\x00" + main + b"".join(blocks) + end)
    return path


def write_stored_rar(path: Path, members: Members) -> Path:
    """Write members stored in a RAR 5 archive."""
    return write_rar(path, [rar_member(name, data) for name, data in members])


EPUB_CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" '
    'xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/package.opf" '
    'media-type="application/oebps-package+xml"/>'
    "</rootfiles></container>"
)


def epub_members(
    members: Members, *, metadata: str = "", spine: str = "", manifest: str = "", itemrefs: str = ""
) -> list[tuple[str, bytes]]:
    """The members of a fixed-layout EPUB; the extra texts go into the package document."""
    items = "".join(
        f'<item id="p{n}" href="p{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(members))
    )
    refs = "".join(f'<itemref idref="p{n}"/>' for n in range(len(members)))
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:opf="http://www.idpf.org/2007/opf">'
        f"{metadata}</metadata><manifest>{manifest}{items}</manifest><spine {spine}>"
        f"{refs}{itemrefs}</spine></package>"
    )
    written = [
        ("mimetype", b"application/epub+zip"),
        ("META-INF/container.xml", EPUB_CONTAINER.encode()),
        ("OEBPS/package.opf", package.encode()),
    ]
    for n, (name, data) in enumerate(members):
        body = (
            f'<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><body>'
            f'&nbsp;<img src="img/{name}"/></body></html>'
        )
        written += [(f"OEBPS/img/{name}", data), (f"OEBPS/p{n}.xhtml", body.encode())]
    return written


def write_pdf(path: Path, jpegs: Sequence[bytes], box: str | None = None) -> Path:
    """Write a PDF whose pages are these JPEG files, stored as they are."""
    sizes = [Image.open(io.BytesIO(data)).size for data in jpegs]
    kids = " ".join(f"{3 + 3 * n} 0 R" for n in range(len(jpegs)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(jpegs)} >>".encode(),
    ]
    for n, (data, (width, height)) in enumerate(zip(jpegs, sizes, strict=True)):
        first = 3 + 3 * n
        content = f"q {width} 0 0 {height} 0 0 cm /I Do Q".encode()
        objects += [
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox "
                f"[{box or f'0 0 {width} {height}'}] /Contents {first + 1} 0 R "
                f"/Resources << /XObject << /I {first + 2} 0 R >> >> >>"
            ).encode(),
            f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream",
            (
                f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} "
                f"/ColorSpace /DeviceRGB "
                f"/BitsPerComponent 8 /Filter /DCTDecode /Length {len(data)} >>\nstream\n"
            ).encode()
            + data
            + b"\nendstream",
        ]
    return write_pdf_objects(path, objects)


def write_pdf_objects(path: Path, objects: Sequence[bytes], trailer: str = "") -> Path:
    """Write a PDF from its objects; the first is the catalog."""
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>"
        f"\nstartxref\n{start}\n%%EOF\n"
    ).encode()
    path.write_bytes(bytes(out))
    return path
