"""Builders of hostile ZIP archives and of the ComicInfo.xml in them; see hostile_kinds."""

from __future__ import annotations

import bz2
import io
import struct
import zipfile
from pathlib import Path

from drawn_comics import page, pages, write_zip
from hostile_kinds import hostile


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
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><ComicInfo>'
        f"<Title>&l9;</Title></ComicInfo>"
    )
    return with_comicinfo(folder, text.encode())


@hostile("problem")
def comicinfo_external_entity(folder: Path) -> Path:
    text = (
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><ComicInfo><Title>'
        "&e;</Title></ComicInfo>"
    )
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
        b'<ComicInfo><Year>9e99</Year><Pages><Page Image="70"/><Page Image="-1"/>'
        b"</Pages></ComicInfo>",
    )
