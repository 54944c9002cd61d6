"""Builders of hostile and broken tar, 7z and RAR archives; see hostile_kinds."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from drawn_comics import (
    encoded,
    page,
    pages,
    rar_block,
    rar_member,
    vint,
    write_7z,
    write_rar,
    write_stored_rar,
    write_tar,
)
from hostile_kinds import hostile
from PIL import Image

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
