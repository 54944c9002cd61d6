"""Comic files as the pipeline reads them: archives, folders, EPUB and PDF."""

from __future__ import annotations

import os
import re
import shutil
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import drawn_comics as comics

from fuzz_targets.contract import Target, Try, joined, parts_of, require
from longbox.errors import ComicError
from longbox.ingest import IngestOptions, find_books, open_book, stamp

# Small bounds, so that what is large is refused at once and time is spent on what is odd.
_OPTIONS = IngestOptions(
    max_pixels=1_000_000,
    max_entries=200,
    max_member_bytes=1 << 22,
    max_total_bytes=1 << 24,
    ratio_floor_bytes=1 << 20,
    max_xml_bytes=1 << 18,
    max_pdf_seconds=20.0,
    max_pdf_objects=500,
    pdf_side_px=200,
)
_PAGES_READ = 3
_INFO = (
    b"<?xml version='1.0'?><ComicInfo><Title>Rain</Title><Series>Fuzz</Series><Number>3</Number>"
    b"<Year>2020</Year><Manga>YesAndRightToLeft</Manga><LanguageISO>ja</LanguageISO><Pages>"
    b"<Page Image='0' Type='FrontCover' DoublePage='true' Bookmark='x'/></Pages></ComicInfo>"
)


def read_whole(path: Path) -> None:
    """Read a file as `longbox index` does; return whatever a comic's errors say."""
    try:
        find_books([path.parent])
        stamp(path)
        with open_book(path, _OPTIONS) as opened:
            for problem in opened.book.problems:
                _require_line(problem.reason)
            for page in [p for p in opened.book.pages if p.is_readable][:_PAGES_READ]:
                try:
                    shape = opened.pixels(page.index).shape
                except ComicError as error:
                    _require_line(str(error))
                    continue
                require(shape == (page.height, page.width, 3), f"page is {shape}")
    except ComicError as error:
        _require_line(str(error))


def _require_line(text: str) -> None:
    require(text.isprintable() and bool(text), f"a message that is no line: {text[:200]!r}")


def _file(name: str, mended: Callable[[bytes], bytes] = bytes) -> Callable[[Path], Try]:
    def prepare(home: Path) -> Try:
        path = home / name

        def one(data: bytes) -> None:
            path.write_bytes(mended(data))
            read_whole(path)

        return one

    return prepare


@cache
def _members() -> tuple[tuple[str, bytes], ...]:
    return (
        ("page1.jpg", comics.page(1, "JPEG", 12, 18)),
        ("page2.png", comics.page(2, "PNG", 12, 18)),
        ("ComicInfo.xml", _INFO),
    )


def _written(write: Callable[[Path], Path]) -> bytes:
    with TemporaryDirectory() as folder:
        return write(Path(folder) / "book").read_bytes()


def _zips() -> Sequence[bytes]:
    members = _members()
    odd = [("../out.png", members[1][1]), ("/abs/p\u00e9.png", members[1][1]), *members]
    return [
        _written(lambda p: comics.write_zip(p, members)),
        _written(lambda p: comics.write_zip(p, members, zipfile.ZIP_DEFLATED)),
        _written(lambda p: comics.write_zip(p, members[1:], zipfile.ZIP_BZIP2)),
        _written(lambda p: comics.write_zip(p, members[1:], zipfile.ZIP_LZMA)),
        _written(lambda p: comics.write_zip(p, odd, zipfile.ZIP_DEFLATED)),
    ]


def _packed(home: Path) -> Try:
    """A ZIP with checksums that fit, made of names and contents in turn."""
    path = home / "book.cbz"

    def one(data: bytes) -> None:
        parts = parts_of(data)[:40]
        members = list(zip(parts[::2], parts[1::2], strict=False))
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "w") as archive:
            for name, content in members:
                text = name.decode("utf-8", "replace").replace("\0", "")[:300]
                info = zipfile.ZipInfo(text or "page.png", (1990, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED if len(name) % 2 else zipfile.ZIP_STORED
                info.external_attr = (0o120777 if b"link" in name else 0o100644) << 16
                archive.writestr(info, content)
        read_whole(path)

    return one


def _packed_seeds() -> Sequence[bytes]:
    flat = [part for name, content in _members() for part in (name.encode(), content)]
    epub = [part for name, content in _epub_parts() for part in (name.encode(), content)]
    return [joined(*flat), joined(*epub), joined(b"link.png", b"/etc/passwd", *flat)]


def _epub_parts() -> list[tuple[str, bytes]]:
    return comics.epub_members(
        [("1.png", comics.page(1, "PNG", 12, 18)), ("2.jpg", comics.page(2, "JPEG", 12, 18))],
        metadata="<dc:title>Rain</dc:title><dc:creator>Ann</dc:creator>"
        "<dc:language>fr</dc:language><dc:date>2019-02-03</dc:date>"
        '<meta property="belongs-to-collection">Series</meta>',
        spine='page-progression-direction="rtl"',
    )


def _epub(home: Path) -> Try:
    """An EPUB of three documents: package, page, container; its pictures stay as they are."""
    path = home / "book.epub"

    def one(data: bytes) -> None:
        package, page, container, *_ = [*parts_of(data), b"", b"", b""]
        replaced = {"OEBPS/package.opf": package, "OEBPS/p0.xhtml": page}
        if container:
            replaced["META-INF/container.xml"] = container
        comics.write_zip(path, [(n, replaced.get(n, content)) for n, content in _epub_parts()])
        read_whole(path)

    return one


def _epub_seeds() -> Sequence[bytes]:
    parts = dict(_epub_parts())
    package, page = parts["OEBPS/package.opf"], parts["OEBPS/p0.xhtml"]
    svg = (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        b'<script>1</script><image xlink:href="img/1.png"/><image href="file:///etc/passwd"/></svg>'
    )
    styled = (
        b"<html><body><div style=\"background:url('img/1.png')\"/><object type='image/png' "
        b"data='../../etc/x.png'/><img src='data:,x'/></body></html>"
    )
    entity = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><html>&x;</html>'
    return [
        joined(package, page),
        joined(package, svg),
        joined(package, styled),
        joined(package, entity),
        joined(package, page, parts["META-INF/container.xml"]),
    ]


def mended_tar(data: bytes) -> bytes:
    """Put right the checksum of every block that looks like a header."""
    made = bytearray(data)
    for at in range(0, len(made) - 511, 512):
        block = made[at : at + 512]
        if block[257:262] == b"ustar" or b".png" in block[:100] or b".jpg" in block[:100]:
            total = sum(block[:148]) + 8 * 32 + sum(block[156:])
            made[at + 148 : at + 156] = b"%06o\0 " % total
    return bytes(made)


def _tars() -> Sequence[bytes]:
    members = _members()

    def linked(path: Path) -> Path:
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.GNUTYPE_SPARSE):
                info = tarfile.TarInfo(f"x{kind.decode()}.png")
                info.type, info.linkname = kind, "/etc/passwd"
                info.pax_headers = {"path": "é" * 120 + ".png"}
                archive.addfile(info)
        return path

    return [
        _written(lambda p: comics.write_tar(p, members)),
        _written(lambda p: comics.write_tar(p, members, "w:gz")),
        _written(lambda p: comics.write_tar(p, members, "w:xz")),
        _written(linked),
    ]


def mended_7z(data: bytes) -> bytes:
    """Put right the two checksums in front of a 7z's header."""
    if len(data) < 32 or not data.startswith(b"7z\xbc\xaf\x27\x1c"):
        return data
    offset, size = struct.unpack_from("<QQ", data, 12)
    start = bytearray(data[12:32])
    if offset + size <= len(data):
        header = data[32 + offset : 32 + offset + size]
        start[16:20] = struct.pack("<I", zlib.crc32(header))
    return data[:8] + struct.pack("<I", zlib.crc32(bytes(start))) + bytes(start) + data[32:]


def _sevens() -> Sequence[bytes]:
    import py7zr

    members = _members()
    ways = (
        {},
        {"filters": [{"id": py7zr.FILTER_COPY}]},
        {"filters": [{"id": py7zr.FILTER_ZSTD, "level": 3}]},
        {"filters": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_BZIP2}]},
        {"filters": [{"id": py7zr.FILTER_DELTA}, {"id": py7zr.FILTER_LZMA2, "preset": 1}]},
    )
    made = []
    for how in ways:

        def write(path: Path, how: dict[str, object] = how) -> Path:
            import py7zr

            with py7zr.SevenZipFile(path, "w", **how) as archive:
                archive.set_encoded_header_mode(False)
                for name, data in members:
                    archive.writestr(data, name)
            return path

        made.append(_written(write))
    return made


def mended_rar(data: bytes) -> bytes:
    """Put right the checksums of RAR 5 blocks."""
    if not data.startswith(b"Rar!\x1a\x07\x01\x00"):
        return data
    made, at = bytearray(data), 8
    for _ in range(50):
        size, width = _vint(made, at + 4)
        end = at + 4 + width + size
        if size == 0 or end > len(made):
            break
        made[at : at + 4] = struct.pack("<I", zlib.crc32(bytes(made[at + 4 : end])))
        _, kind_width = _vint(made, at + 4 + width)
        flags, flag_width = _vint(made, at + 4 + width + kind_width)
        place = at + 4 + width + kind_width + flag_width
        if flags & 1:
            place += _vint(made, place)[1]
        at = end + (_vint(made, place)[0] if flags & 2 else 0)
    return bytes(made)


def _vint(data: bytearray, at: int) -> tuple[int, int]:
    value = width = 0
    for byte in data[at : at + 6]:
        value |= (byte & 0x7F) << (7 * width)
        width += 1
        if byte < 0x80:
            break
    return value, width


def _rars() -> Sequence[bytes]:
    members = _members()
    odd = [
        comics.rar_member("../x.png", b"abc"),
        comics.rar_member("p.png", members[1][1], method=3, unpacked=5000),
        comics.rar_member("q.png", members[1][1]),
    ]
    link = comics.vint(3) + comics.vint(5) + comics.vint(1) + comics.vint(0)
    odd.append(comics.rar_member("l.png", b"x", extra=link + comics.vint(4) + b"/etc"))
    return [
        _written(lambda p: comics.write_stored_rar(p, members)),
        _written(lambda p: comics.write_rar(p, odd)),
        b"Rar!\x1a\x07\x00" + bytes.fromhex("cf907300000d00000000000000") + b"\0" * 40,
    ]


def _folder(home: Path) -> Try:
    """A folder of files, names and contents in turn; a name with "link" is a symbolic link.

    None leads to a folder elsewhere, for such a link is followed: that would read the whole disk.
    """
    root = home / "book"

    def one(data: bytes) -> None:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        parts = parts_of(data)[:24]
        for name, content in zip(parts[::2], parts[1::2], strict=False):
            clean = re.sub(rb"[/\0]", b"_", name)[:80]
            if clean in (b"", b".", b".."):
                continue
            place = root / clean.decode("utf-8", "surrogateescape")
            if os.path.lexists(place):  # exists() follows a link, perhaps to what no disk takes
                continue
            if b"link" in clean:
                leads_to = content.replace(b"\0", b"")[:200].decode("utf-8", "replace") or "x"
                goal = Path(os.path.realpath(root / leads_to))
                if goal.is_relative_to(home) or home.is_relative_to(goal) or not _is_folder(goal):
                    place.symlink_to(leads_to)
            else:
                place.write_bytes(content)
        read_whole(root)

    return one


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name longer than a disk takes
        return False


def _pdfs() -> Sequence[bytes]:
    drawing = b"0.9 0.1 0.1 rg 5 5 30 30 re f BT /F 9 Tf (rain) Tj ET"
    script = [
        b"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 60 90] /Contents 4 0 R /AA << /O << /S "
        b"/Launch /F (/bin/sh) >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
    ]
    return [
        _written(lambda p: comics.write_pdf(p, [comics.page(1, "JPEG", 12, 18)])),
        _written(lambda p: comics.write_pdf_objects(p, script)),
    ]


_PROMISE = "a book, or a ComicError of one line; nothing is written outside the temporary folder"
_XML = (b"<![CDATA[", b"<!DOCTYPE", b"<!ENTITY", b"&amp;", b"xmlns=", b"<?xml", b"href=", b"src=")

TARGETS = (
    Target("zip", _PROMISE, _file("book.cbz"), _zips, (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6")),
    Target("zip-members", _PROMISE, _packed, _packed_seeds, (b"../", b"ComicInfo.xml", *_XML)),
    Target("tar", _PROMISE, _file("book.cbt", mended_tar), _tars, (b"ustar", b"path=")),
    Target("7z", _PROMISE, _file("book.cb7", mended_7z), _sevens),
    Target("rar", _PROMISE, _file("book.cbr", mended_rar), _rars),
    Target("folder", _PROMISE, _folder, _packed_seeds, (b"link", b".png", b"ComicInfo.xml")),
    Target("epub", _PROMISE, _epub, _epub_seeds, (b"<itemref idref=", b"<item id=", *_XML)),
    Target(
        "pdf",
        _PROMISE,
        _file("book.pdf"),
        _pdfs,
        (b"/Type", b"/Filter", b"/FlateDecode", b"obj", b"stream", b"/Rotate", b"/UserUnit"),
        timeout_s=90.0,
    ),
)
