"""Builders of hostile and broken comics, shared by the tests and by benchmarks/hostile.py.

Each builder gets an empty folder, writes one kind of file or folder there and returns what a person
would hand to Longbox. Each says what must come of it: "refused" (a typed error), "problem" (a book with
a recorded problem) or "read" (a book without one).
"""

from __future__ import annotations

import bz2
import io
import os
import socket
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from drawn_comics import (
    drawing,
    encoded,
    epub_members,
    page,
    pages,
    rar_block,
    rar_member,
    vint,
    write_7z,
    write_folder,
    write_pdf,
    write_pdf_objects,
    write_rar,
    write_stored_rar,
    write_tar,
    write_zip,
)
from PIL import Image

Builder = Callable[[Path], Path]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One kind of hostile file: its name, what must come of it, and how to make it."""

    kind: str
    outcome: str
    build: Builder


KINDS: list[Hostile] = []


def hostile(outcome: str) -> Callable[[Builder], Builder]:
    def register(build: Builder) -> Builder:
        KINDS.append(Hostile(build.__name__.replace("_", " ").strip(), outcome, build))
        return build

    return register


def with_page(folder: Path, name: str, data: bytes) -> Path:
    """A CBZ of one good page and one that is the matter."""
    return write_zip(folder / "book.cbz", [("page1.jpg", page(1)), (name, data)])


def patched_zip(path: Path, member: int, field: int, value: int, *, size: int = 4) -> Path:
    """Overwrite a field of one central directory entry (offset in the 46-byte header)."""
    data = bytearray(path.read_bytes())
    position = data.find(b"PK\x01\x02")
    for _ in range(member):
        position = data.find(b"PK\x01\x02", position + 4)
    data[position + field : position + field + size] = value.to_bytes(size, "little")
    path.write_bytes(bytes(data))
    return path


# ---- ZIP ----


@hostile("problem")
def zip_path_traversal(folder: Path) -> Path:
    return write_zip(
        folder / "book.cbz",
        [*pages(2), ("../../escaped.jpg", page(9)), ("a/../../escaped2.jpg", page(8))],
    )


@hostile("problem")
def zip_absolute_names(folder: Path) -> Path:
    return write_zip(
        folder / "book.cbz",
        [("/tmp/escaped.jpg", page(1)), ("//server/share/escaped.jpg", page(2))],
    )


@hostile("problem")
def zip_drive_letters(folder: Path) -> Path:
    return write_zip(
        folder / "book.cbz", [("C:\\Windows\\escaped.jpg", page(1)), ("page2.jpg", page(2))]
    )


@hostile("problem")
def zip_symbolic_link(folder: Path) -> Path:
    path = folder / "book.cbz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("page1.jpg", page(1))
        link = zipfile.ZipInfo("page2.jpg")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return path


@hostile("refused")
def zip_bomb_by_ratio(folder: Path) -> Path:
    return write_zip(folder / "book.cbz", [("page1.bmp", bytes(64 << 20))], zipfile.ZIP_DEFLATED)


@hostile("refused")
def zip_bomb_by_count(folder: Path) -> Path:
    return write_zip(folder / "book.cbz", [(f"{n}.jpg", b"") for n in range(20_001)])


@hostile("refused")
def zip_bomb_by_total_size(folder: Path) -> Path:
    path = write_zip(folder / "book.cbz", [(f"{n}.jpg", bytes(7 << 20)) for n in range(3)])
    for member in range(3):  # stored members that claim to unpack to 4 GB each
        patched_zip(path, member, 24, 0xFFFFFFF0)
        patched_zip(path, member, 20, 7 << 20)
    return path


@hostile("refused")
def zip_of_nested_archives(folder: Path) -> Path:
    inner = write_zip(folder / "inner.zip", pages(1)).read_bytes()
    for _ in range(5):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for n in range(3):
                archive.writestr(f"{n}.zip", inner)
        inner = buffer.getvalue()
    (folder / "inner.zip").unlink()
    (folder / "book.cbz").write_bytes(inner)
    return folder / "book.cbz"


@hostile("refused")
def zip_overlapping_entries(folder: Path) -> Path:
    path = write_zip(
        folder / "book.cbz",
        [("page1.jpg", page(1)), ("page2.jpg", page(2)), ("page3.jpg", page(3))],
    )
    patched_zip(path, 1, 42, 0)  # the second entry begins where the first does
    return path


@hostile("refused")
def zip_quine_pointing_at_itself(folder: Path) -> Path:
    path = write_zip(folder / "book.cbz", [("page1.jpg", page(1))])
    patched_zip(path, 0, 20, path.stat().st_size)
    return path


@hostile("problem")
def zip_declares_less_than_it_holds(folder: Path) -> Path:
    path = write_zip(folder / "book.cbz", pages(2), zipfile.ZIP_DEFLATED)
    return patched_zip(path, 1, 24, 100)


@hostile("read")
def zip_declares_more_than_it_holds(folder: Path) -> Path:
    path = write_zip(folder / "book.cbz", pages(2), zipfile.ZIP_DEFLATED)
    return patched_zip(path, 1, 24, 1 << 20)


@hostile("problem")
def zip_bzip2_bomb_with_a_small_claim(folder: Path) -> Path:
    path = folder / "book.cbz"
    packed = bz2.compress(bytes(200 << 20))
    write_zip(path, [("page1.jpg", page(1)), ("page2.bmp", packed)])
    patched_zip(path, 1, 10, 12, size=2)
    data = bytearray(path.read_bytes())
    local = data.find(b"PK\x03\x04", 10)
    data[local + 8 : local + 10] = (12).to_bytes(2, "little")
    path.write_bytes(bytes(data))
    return patched_zip(path, 1, 24, 5000)


@hostile("problem")
def zip_wrong_checksum(folder: Path) -> Path:
    return patched_zip(write_zip(folder / "book.cbz", pages(2)), 1, 16, 12345)


@hostile("refused")
def zip_encrypted(folder: Path) -> Path:
    path = write_zip(folder / "book.cbz", pages(2))
    return patched_zip(patched_zip(path, 0, 8, 1, size=2), 1, 8, 1, size=2)


@hostile("problem")
def zip_one_page_aes_encrypted(folder: Path) -> Path:
    path = write_zip(folder / "book.cbz", pages(2))
    return patched_zip(patched_zip(path, 1, 8, 1, size=2), 1, 10, 99, size=2)


@hostile("problem")
def zip_unknown_packing(folder: Path) -> Path:
    return patched_zip(write_zip(folder / "book.cbz", pages(2)), 1, 10, 97, size=2)


@hostile("refused")
def zip_cut_short(folder: Path) -> Path:
    path = write_zip(folder / "book.cbz", pages(3))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@hostile("refused")
def zip_with_a_false_zip64_record(folder: Path) -> Path:
    path = write_zip(folder / "book.cbz", pages(1))
    data = path.read_bytes()
    end = data.rfind(b"PK\x05\x06")
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1 << 60, 1 << 60, 1 << 62, 0
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    path.write_bytes(data[:end] + record + locator + data[end:])
    return path


@hostile("refused")
def zip_without_pages(folder: Path) -> Path:
    return write_zip(
        folder / "book.cbz", [("readme.txt", b"no pictures"), ("__MACOSX/._page1.jpg", b"junk")]
    )


@hostile("refused")
def zip_empty(folder: Path) -> Path:
    return write_zip(folder / "book.cbz", [])


@hostile("refused")
def zip_only_broken_pages(folder: Path) -> Path:
    return write_zip(folder / "book.cbz", [("1.jpg", b"not a picture"), ("2.jpg", b"")])


@hostile("read")
def zip_names_in_shift_jis(folder: Path) -> Path:
    return raw_name_zip(folder, "ページ1.jpg".encode("cp932"), utf8=False)


@hostile("read")
def zip_names_in_cp437(folder: Path) -> Path:
    return raw_name_zip(folder, b"\x81\x94\xe1 \x9b1.jpg", utf8=False)


@hostile("read")
def zip_names_in_invalid_utf8(folder: Path) -> Path:
    return raw_name_zip(folder, b"pag\xff\xfe\xc3.jpg", utf8=True)


@hostile("read")
def zip_name_with_nul(folder: Path) -> Path:
    return raw_name_zip(folder, b"good.jpg\0.exe", utf8=False)


@hostile("read")
def zip_names_that_act_on_a_terminal(folder: Path) -> Path:
    return write_zip(
        folder / "book.cbz", [("a\n\x1b[2Jb\u202egpj.1.jpg", page(1)), ("\x07\u2028.jpg", page(2))]
    )


def raw_name_zip(folder: Path, name: bytes, *, utf8: bool) -> Path:
    """A CBZ with a member whose name is these bytes."""
    stand_in = "x" * len(name)
    path = write_zip(folder / "book.cbz", [("0.jpg", page(0)), (stand_in, page(1))])
    data = bytearray(path.read_bytes().replace(stand_in.encode(), name))
    if utf8:
        local = data.find(b"PK\x03\x04", 10)
        data[local + 6 : local + 8] = (0x800).to_bytes(2, "little")
        central = data.find(b"PK\x01\x02", data.find(b"PK\x01\x02") + 4)
        data[central + 8 : central + 10] = (0x800).to_bytes(2, "little")
    path.write_bytes(bytes(data))
    return path


@hostile("read")
def zip_very_long_name(folder: Path) -> Path:
    return write_zip(
        folder / "book.cbz", [("a" * 60_000 + ".jpg", page(1)), ("b/" * 20_000 + "1.jpg", page(2))]
    )


@hostile("refused")
def zip_with_megabytes_of_names(folder: Path) -> Path:
    return write_zip(folder / "book.cbz", [("n" * 65_000 + f"{n}.jpg", b"") for n in range(160)])


@hostile("problem")
def zip_duplicate_names(folder: Path) -> Path:
    path = write_zip(
        folder / "book.cbz",
        [("page1.jpg", page(1)), ("pageX.jpg", page(2)), ("page2.jpg", page(3))],
    )
    path.write_bytes(path.read_bytes().replace(b"pageX.jpg", b"page1.jpg"))
    return path


@hostile("read")
def zip_names_that_differ_in_case(folder: Path) -> Path:
    return write_zip(
        folder / "book.cbz", [("page.jpg", page(1)), ("PAGE.JPG", page(2)), ("Page.Jpg", page(3))]
    )


@hostile("read")
def zip_folder_named_like_a_page(folder: Path) -> Path:
    return write_zip(
        folder / "book.cbz", [("x.jpg/", b""), ("x.jpg/1.jpg", page(1)), ("2.jpg/", b"")]
    )


@hostile("read")
def zip_double_suffix(folder: Path) -> Path:
    return write_zip(
        folder / "book.cbz", [("page1.jpg.png", page(1)), ("page2.png.jpg", page(2, "PNG"))]
    )


@hostile("read")
def zip_named_cbr(folder: Path) -> Path:
    return write_zip(folder / "book.cbr", pages(2))


# ---- ComicInfo ----


def with_comicinfo(folder: Path, text: bytes) -> Path:
    return write_zip(folder / "book.cbz", [*pages(2), ("ComicInfo.xml", text)])


@hostile("problem")
def comicinfo_billion_laughs(folder: Path) -> Path:
    entities = "".join(f'<!ENTITY l{n} "{"&l%d;" % (n - 1) * 10}">' for n in range(1, 10))
    text = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><ComicInfo><Title>&l9;</Title></ComicInfo>'
    return with_comicinfo(folder, text.encode())


@hostile("problem")
def comicinfo_external_entity(folder: Path) -> Path:
    text = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><ComicInfo><Title>&e;</Title></ComicInfo>'
    return with_comicinfo(folder, text.encode())


@hostile("problem")
def comicinfo_external_dtd(folder: Path) -> Path:
    return with_comicinfo(
        folder, b'<!DOCTYPE ComicInfo SYSTEM "http://127.0.0.1:9/x.dtd"><ComicInfo/>'
    )


@hostile("problem")
def comicinfo_of_ten_megabytes(folder: Path) -> Path:
    return with_comicinfo(
        folder, b"<ComicInfo><Title>" + b"a" * (10 << 20) + b"</Title></ComicInfo>"
    )


@hostile("problem")
def comicinfo_nested_deeply(folder: Path) -> Path:
    return with_comicinfo(folder, b"<ComicInfo>" + b"<a>" * 500_000)


@hostile("read")
def comicinfo_nested_and_closed(folder: Path) -> Path:
    return with_comicinfo(
        folder, b"<ComicInfo>" + b"<a>" * 200_000 + b"x" + b"</a>" * 200_000 + b"</ComicInfo>"
    )


@hostile("problem")
def comicinfo_not_xml(folder: Path) -> Path:
    return with_comicinfo(folder, b"\x00\xff\xfe garbage <<<")


@hostile("problem")
def comicinfo_of_another_book(folder: Path) -> Path:
    return with_comicinfo(
        folder,
        b'<ComicInfo><Year>9e99</Year><Pages><Page Image="70"/><Page Image="-1"/></Pages></ComicInfo>',
    )


# ---- tar ----


def tar_with(folder: Path, change: Callable[[tarfile.TarInfo], None], data: bytes = b"") -> Path:
    path = folder / "book.cbt"
    with tarfile.open(path, "w") as archive:
        for name, content in pages(2):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        entry = tarfile.TarInfo("page3.jpg")
        entry.size = len(data)
        change(entry)
        archive.addfile(entry, io.BytesIO(data))
    return path


def _as(kind: bytes, target: str = "") -> Callable[[tarfile.TarInfo], None]:
    def change(entry: tarfile.TarInfo) -> None:
        entry.type, entry.linkname = kind, target

    return change


@hostile("problem")
def tar_symbolic_link(folder: Path) -> Path:
    return tar_with(folder, _as(tarfile.SYMTYPE, "/etc/passwd"))


@hostile("problem")
def tar_hard_link(folder: Path) -> Path:
    return tar_with(folder, _as(tarfile.LNKTYPE, "../../etc/passwd"))


@hostile("problem")
def tar_device(folder: Path) -> Path:
    return tar_with(folder, _as(tarfile.CHRTYPE))


@hostile("problem")
def tar_pipe(folder: Path) -> Path:
    return tar_with(folder, _as(tarfile.FIFOTYPE))


@hostile("problem")
def tar_path_traversal(folder: Path) -> Path:
    return write_tar(
        folder / "book.cbt", [*pages(2), ("../escaped.jpg", page(3)), ("/tmp/escaped.jpg", page(4))]
    )


@hostile("problem")
def tar_cut_short(folder: Path) -> Path:
    path = write_tar(folder / "book.cbt", pages(3))
    path.write_bytes(path.read_bytes()[:5200])
    return path


@hostile("refused")
def tar_gzip_bomb(folder: Path) -> Path:
    return write_tar(folder / "book.cbt", [("page1.bmp", bytes(64 << 20))], "w:gz")


@hostile("refused")
def tar_xz_bomb(folder: Path) -> Path:
    return write_tar(folder / "book.cbt", [("page1.bmp", bytes(64 << 20))], "w:xz")


@hostile("problem")
def tar_gzip_cut_short(folder: Path) -> Path:
    path = write_tar(
        folder / "book.cbt",
        [(f"{n}.jpg", page(n, width=200, height=300)) for n in range(9)],
        "w:gz",
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@hostile("problem")
def tar_header_that_claims_gigabytes(folder: Path) -> Path:
    path = write_tar(folder / "book.cbt", pages(2))
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.XHDTYPE, 8 << 30
    body = path.read_bytes().rstrip(b"\0")
    body += bytes(-len(body) % 512)
    path.write_bytes(body + header.tobuf(tarfile.GNU_FORMAT) + bytes(10_240))
    return path


@hostile("problem")
def tar_sparse_terabytes(folder: Path) -> Path:
    path = write_tar(folder / "book.cbt", pages(2))
    block = bytearray(tarfile.TarInfo("page3.bmp").tobuf(tarfile.GNU_FORMAT))
    block[156:157] = b"S"
    block[386:398] = b"00000000000\0"
    block[483:495] = b"77777777777\0"
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    body = path.read_bytes().rstrip(b"\0")
    body += bytes(-len(body) % 512)
    path.write_bytes(body + bytes(block) + bytes(1024))
    return path


@hostile("problem")
def tar_chain_of_long_names(folder: Path) -> Path:
    path = write_tar(folder / "book.cbt", pages(2))
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 5
    link = header.tobuf(tarfile.GNU_FORMAT) + b"name\0".ljust(512, b"\0")
    body = path.read_bytes().rstrip(b"\0")
    body += bytes(-len(body) % 512)
    path.write_bytes(body + link * 5000)
    return path


@hostile("read")
def tar_names_in_shift_jis(folder: Path) -> Path:
    path = write_tar(folder / "book.cbt", [("0.jpg", page(0)), ("x" * 11 + ".jpg", page(1))])
    data = bytearray(path.read_bytes())
    position = data.find(b"x" * 11)
    data[position : position + 11] = "ページ十二".encode("cp932").ljust(11, b"1")
    block = position
    data[block + 148 : block + 156] = b" " * 8
    data[block + 148 : block + 156] = f"{sum(data[block : block + 512]):06o}\0 ".encode()
    path.write_bytes(bytes(data))
    return path


# ---- 7z ----


def plain_header_7z(
    path: Path, members: list[tuple[str, bytes]], change: Callable[[bytearray], None]
) -> Path:
    """A 7z whose header is not packed, changed and with its checksums made right again."""
    import py7zr

    with py7zr.SevenZipFile(path, "w") as archive:
        archive.set_encoded_header_mode(False)
        for name, data in members:
            archive.writestr(data, name)
    data = path.read_bytes()
    offset, size = struct.unpack_from("<QQ", data, 12)
    header = bytearray(data[32 + offset : 32 + offset + size])
    change(header)
    start = struct.pack("<QQI", offset, len(header), zlib.crc32(header))
    path.write_bytes(
        data[:8]
        + struct.pack("<I", zlib.crc32(start))
        + start
        + data[32 : 32 + offset]
        + bytes(header)
    )
    return path


@hostile("problem")
def seven_zip_path_traversal(folder: Path) -> Path:
    def change(header: bytearray) -> None:
        position = header.find("aa/bb/1.jpg".encode("utf-16-le"))
        header[position : position + 22] = "../../1.jpg".encode("utf-16-le")

    return plain_header_7z(folder / "book.cb7", [*pages(2), ("aa/bb/1.jpg", page(3))], change)


@hostile("refused")
def seven_zip_dictionary_of_gigabytes(folder: Path) -> Path:
    def change(header: bytearray) -> None:
        position = header.find(b"\x21\x21\x01")
        header[position + 3] = 40

    return plain_header_7z(folder / "book.cb7", pages(2), change)


@hostile("refused")
def seven_zip_encrypted(folder: Path) -> Path:
    return write_7z(folder / "book.cb7", pages(2), password="secret")


@hostile("refused")
def seven_zip_encrypted_header(folder: Path) -> Path:
    return write_7z(folder / "book.cb7", pages(2), password="secret", header_encryption=True)


@hostile("refused")
def seven_zip_cut_short(folder: Path) -> Path:
    path = write_7z(folder / "book.cb7", pages(3))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@hostile("refused")
def seven_zip_bomb(folder: Path) -> Path:
    return write_7z(folder / "book.cb7", [("page1.bmp", bytes(64 << 20))])


@hostile("problem")
def seven_zip_damaged_in_the_middle(folder: Path) -> Path:
    path = write_7z(folder / "book.cb7", [(f"{n}.png", noise_png(n)) for n in range(6)])
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    path.write_bytes(bytes(data))
    return path


def noise_png(seed: int) -> bytes:
    """A picture that no packer makes smaller."""
    rng = np.random.default_rng(seed)
    return encoded(Image.fromarray(rng.integers(0, 256, (150, 100, 3), dtype=np.uint8)), "PNG")


@hostile("refused")
def seven_zip_garbage(folder: Path) -> Path:
    rng = np.random.default_rng(7)
    (folder / "book.cb7").write_bytes(b"7z\xbc\xaf\x27\x1c\x00\x04" + rng.bytes(4000))
    return folder / "book.cb7"


# ---- RAR ----


@hostile("problem")
def rar_path_traversal(folder: Path) -> Path:
    return write_stored_rar(folder / "book.cbr", [*pages(2), ("../../escaped.jpg", page(3))])


@hostile("problem")
def rar_symbolic_link(folder: Path) -> Path:
    target = b"/etc/passwd"
    record = vint(5) + vint(1) + vint(0) + vint(len(target)) + target
    link = rar_member("page3.jpg", b"", extra=vint(len(record)) + record)
    return write_rar(
        folder / "book.cbr", [*(rar_member(name, data) for name, data in pages(2)), link]
    )


@hostile("refused")
def rar_encrypted_header(folder: Path) -> Path:
    body = vint(0) + vint(0) + bytes([15]) + bytes(16)
    block = rar_block(4, 0, body)
    (folder / "book.cbr").write_bytes(b"Rar!\x1a\x07\x01\x00" + block + bytes(range(256)) * 4)
    return folder / "book.cbr"


@hostile("refused")
def rar_encrypted(folder: Path) -> Path:
    record = vint(1) + vint(0) + vint(1) + bytes([15]) + bytes(16) + bytes(16) + bytes(12)
    blocks = [rar_member(name, data, extra=vint(len(record)) + record) for name, data in pages(2)]
    return write_rar(folder / "book.cbr", blocks)


@hostile("refused")
def rar_that_claims_terabytes(folder: Path) -> Path:
    return write_rar(folder / "book.cbr", [rar_member("page1.jpg", page(1), unpacked=1 << 42)])


@hostile("problem")
def rar_cut_short(folder: Path) -> Path:
    path = write_stored_rar(folder / "book.cbr", pages(3))
    path.write_bytes(path.read_bytes()[: -len(page(3)) // 2])
    return path


@hostile("refused")
def rar_garbage(folder: Path) -> Path:
    rng = np.random.default_rng(8)
    (folder / "book.cbr").write_bytes(b"Rar!\x1a\x07\x01\x00" + rng.bytes(4000))
    return folder / "book.cbr"


@hostile("refused")
def rar_packed_pages_that_are_damaged(folder: Path) -> Path:
    # Without an unpacking program: refused for the lack of it; with one: no readable page.
    return write_rar(
        folder / "book.cbr", [rar_member(name, data, method=3) for name, data in pages(2)]
    )


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
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 60 90] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>",
        b"<< /Length 5 >>\nstream\n/F Do\nendstream",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 60 90] /Resources << /XObject << /F 5 0 R >> >> /Length 11 >>\n"
        b"stream\n/F Do /F Do\nendstream",
    ]
    return write_pdf_objects(folder / "book.pdf", objects)


@hostile("read")
def pdf_picture_bomb(folder: Path) -> Path:
    packed = zlib.compress(bytes(30_000 * 30_000 // 8), 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 60 90] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>",
        b"<< /Length 24 >>\nstream\nq 60 0 0 90 0 0 cm /I Do\nendstream",
        b"<< /Type /XObject /Subtype /Image /Width 30000 /Height 30000 /ColorSpace /DeviceGray /BitsPerComponent 1 "
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
    body = b'<html xmlns="http://www.w3.org/1999/xhtml"><img src="http://127.0.0.1:9/a.jpg"/><img src="/etc/x.jpg"/></html>'
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
    bomb = b'<!DOCTYPE p [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><package><metadata>&b;</metadata></package>'
    return write_zip(
        folder / "book.epub", [(n, bomb if n.endswith(".opf") else d) for n, d in members]
    )


@hostile("problem")
def epub_page_with_entities(folder: Path) -> Path:
    members = epub_members(pages(2))
    bomb = b'<!DOCTYPE h [<!ENTITY a SYSTEM "file:///etc/passwd">]><html>&a;<img src="img/page2.jpg"/></html>'
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


# ---- pictures ----


@hostile("problem")
def jpeg_cut_in_half(folder: Path) -> Path:
    data = page(2, width=400, height=600)
    return with_page(folder, "page2.jpg", data[: len(data) // 2])


@hostile("read")
def jpeg_without_its_end_marker(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", page(2, width=400, height=600)[:-2])


@hostile("problem")
def jpeg_progressive_cut_in_half(folder: Path) -> Path:
    data = encoded(drawing(2, 400, 600), "JPEG", progressive=True)
    return with_page(folder, "page2.jpg", data[: len(data) // 2])


@hostile("problem")
def jpeg_header_only(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF")


@hostile("problem")
def jpeg_of_65500_squared(folder: Path) -> Path:
    data = bytearray(page(2))
    frame = data.find(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 65_500, 65_500)
    return with_page(folder, "page2.jpg", bytes(data))


@hostile("read")
def jpeg_with_a_large_exif(folder: Path) -> Path:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "x" * 60_000
    return with_page(folder, "page2.jpg", encoded(drawing(2), "JPEG", exif=exif))


@hostile("read")
def jpeg_with_a_damaged_exif(folder: Path) -> Path:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 60
    return with_page(folder, "page2.jpg", encoded(drawing(2), "JPEG", exif=exif))


@hostile("read")
def jpeg_cmyk_with_adobe_marker(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", encoded(drawing(2).convert("CMYK"), "JPEG"))


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(extra: bytes, width: int = 4, height: int = 4, rows: bytes | None = None) -> bytes:
    """A grey PNG with extra chunks after its header."""
    body = zlib.compress(rows if rows is not None else (b"\0" + bytes(width)) * height)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + extra + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")
    )


@hostile("problem")
def png_bomb_by_size(folder: Path) -> Path:
    return with_page(folder, "page2.png", png_with(b"", 60_000, 60_000, b""))


@hostile("problem")
def png_bomb_in_its_text(folder: Path) -> Path:
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 << 20), 9))
    return with_page(folder, "page2.png", png_with(text))


@hostile("problem")
def png_bomb_in_its_profile(folder: Path) -> Path:
    profile = png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(80 << 20), 9))
    return with_page(folder, "page2.png", png_with(profile))


@hostile("problem")
def png_cut_in_half(folder: Path) -> Path:
    data = page(2, "PNG", 300, 400)
    return with_page(folder, "page2.png", data[: len(data) // 2])


@hostile("problem")
def png_with_a_wrong_checksum(folder: Path) -> Path:
    data = bytearray(page(2, "PNG"))
    data[len(data) // 2] ^= 0xFF
    return with_page(folder, "page2.png", bytes(data))


@hostile("read")
def png_of_16_bits(folder: Path) -> Path:
    deep = np.linspace(0, 65_535, 60 * 90).reshape(90, 60).astype(np.uint16)
    return with_page(folder, "page2.png", encoded(Image.fromarray(deep), "PNG"))


@hostile("problem")
def gif_bomb_by_size(folder: Path) -> Path:
    return with_page(
        folder, "page2.gif", b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b";"
    )


@hostile("problem")
def webp_bomb_by_size(folder: Path) -> Path:
    body = (
        b"WEBPVP8X"
        + struct.pack("<IB3x", 10, 0)
        + (16_382).to_bytes(3, "little") * 2
        + b"VP8 \x0a\0\0\0"
        + bytes(10)
    )
    return with_page(folder, "page2.webp", b"RIFF" + struct.pack("<I", len(body)) + body)


@hostile("problem")
def webp_cut_in_half(folder: Path) -> Path:
    data = page(2, "WEBP", 300, 400)
    return with_page(folder, "page2.webp", data[: len(data) // 2])


@hostile("problem")
def avif_cut_in_half(folder: Path) -> Path:
    data = page(2, "AVIF", 300, 400)
    return with_page(folder, "page2.avif", data[: len(data) // 2])


@hostile("problem")
def jpeg_xl_bomb_by_size(folder: Path) -> Path:
    # 2 ** 30 pixels a side: small flag 0, size selector 3, 30 bits, ratio 1 (square).
    bits = 0 | (3 << 1) | (((1 << 30) - 1) << 3) | (1 << 33)
    return with_page(folder, "page2.jxl", b"\xff\x0a" + bits.to_bytes(8, "little") + bytes(100))


@hostile("problem")
def jpeg_xl_cut_in_half(folder: Path) -> Path:
    data = page(2, "JXL", 300, 400)
    return with_page(folder, "page2.jxl", data[: len(data) // 2])


@hostile("problem")
def tiff_bomb_by_size(folder: Path) -> Path:
    tags = [
        (256, 4, 200_000),
        (257, 4, 200_000),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (279, 4, 100),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return with_page(
        folder, "page2.tif", b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    )


@hostile("problem")
def tiff_directory_that_loops(folder: Path) -> Path:
    entries = struct.pack("<HHII", 256, 4, 0xFFFFFFFF, 8)
    return with_page(folder, "page2.tif", b"II*\0\x08\0\0\0\x01\0" + entries + struct.pack("<I", 8))


@hostile("problem")
def bmp_bomb_by_size(folder: Path) -> Path:
    header = struct.pack("<IiiHHIIiiII", 40, 90_000, -90_000, 1, 24, 0, 0, 0, 0, 0, 0)
    return with_page(folder, "page2.bmp", b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header)


@hostile("problem")
def page_of_text(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", b"<html>404 not found</html>")


@hostile("problem")
def page_of_no_bytes(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", b"")


@hostile("problem")
def page_that_is_a_vector_drawing(folder: Path) -> Path:
    return with_page(
        folder, "page2.jpg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
    )


@hostile("problem")
def page_that_is_postscript(folder: Path) -> Path:
    return with_page(
        folder, "page2.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n"
    )


@hostile("problem")
def page_that_is_heic(folder: Path) -> Path:
    return with_page(folder, "page2.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))


@hostile("read")
def page_of_one_pixel(folder: Path) -> Path:
    return with_page(folder, "page2.png", page(2, "PNG", 1, 1))


@hostile("read")
def page_65000_pixels_tall(folder: Path) -> Path:
    return with_page(folder, "page2.jpg", encoded(Image.new("L", (300, 65_000), 200), "JPEG"))


# ---- folders and paths ----


@hostile("problem")
def folder_with_a_pipe(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    os.mkfifo(book / "page3.jpg")
    return book


@hostile("problem")
def folder_with_a_socket(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(book)  # a socket's path may have 108 characters
        server.bind("page3.jpg")
        os.chdir(here)
    return book


@hostile("problem")
def folder_with_a_link_out(folder: Path) -> Path:
    (folder / "secret.jpg").write_bytes(page(7))
    book = write_folder(folder / "book", pages(2))
    (book / "page3.jpg").symlink_to(folder / "secret.jpg")
    return book


@hostile("problem")
def folder_with_a_link_to_an_endless_device(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    (book / "page3.jpg").symlink_to("/dev/zero")
    return book


@hostile("problem")
def folder_with_links_in_a_circle(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    (book / "page3.jpg").symlink_to(book / "page4.jpg")
    (book / "page4.jpg").symlink_to(book / "page3.jpg")
    (book / "again").symlink_to(book)
    return book


@hostile("read")
def folder_with_a_folder_named_like_a_page(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    (book / "page3.jpg").mkdir()
    return book


@hostile("read")
def folder_with_a_name_of_broken_bytes(folder: Path) -> Path:
    book = write_folder(folder / "book", pages(2))
    with open(os.fsencode(book) + b"/p\xff\xfe3.jpg", "wb") as file:
        file.write(page(3))
    return book


@hostile("refused")
def folder_without_pages(folder: Path) -> Path:
    return write_folder(folder / "book", [("notes.txt", b"nothing")])


@hostile("refused")
def pipe_as_a_book(folder: Path) -> Path:
    os.mkfifo(folder / "book.cbz")
    return folder / "book.cbz"


@hostile("refused")
def book_that_is_not_there(folder: Path) -> Path:
    return folder / "ghost.cbz"


@hostile("refused")
def book_of_no_bytes(folder: Path) -> Path:
    (folder / "book.cbz").write_bytes(b"")
    return folder / "book.cbz"


@hostile("refused")
def book_of_random_bytes(folder: Path) -> Path:
    (folder / "book.cbz").write_bytes(np.random.default_rng(1).bytes(5000))
    return folder / "book.cbz"


@hostile("refused")
def book_that_is_a_picture(folder: Path) -> Path:
    (folder / "book.cbz").write_bytes(
        page(1) + write_zip(folder / "tail.zip", pages(1)).read_bytes()
    )
    (folder / "tail.zip").unlink()
    return folder / "book.cbz"


@hostile("read")
def book_with_a_newline_in_its_name(folder: Path) -> Path:
    return write_zip(folder / "bo\nok\x1b[2J.cbz", pages(2))


@hostile("refused")
def book_with_a_name_of_broken_bytes(folder: Path) -> Path:
    return write_zip(Path(os.fsdecode(os.fsencode(folder) + b"/b\xff\xfe.cbz")), pages(2))
