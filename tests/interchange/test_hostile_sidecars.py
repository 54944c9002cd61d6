"""Files that are damaged, or made to do harm, are refused in one line."""

from __future__ import annotations

import io
import json
import struct
import time
import zipfile
from typing import Any

import pytest

from longbox.errors import SidecarError
from longbox.interchange import read_sidecar
from longbox.interchange.parsing import MOST_BYTES


def _zip(**entries: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(f"{name}.json", data)
    return target.getvalue()


def _cbxy(**changes: Any) -> bytes:
    document = {"page": "p.jpg", "width": 100, "height": 100, "panels": [], **changes}
    return _zip(p=json.dumps(document).encode())


def _lzma() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("p.json", b"{}")
    return target.getvalue()


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _encrypted() -> bytes:
    data = bytearray(_cbxy())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _mokuro(**block: Any) -> bytes:
    made = {"box": [0, 0, 10, 10], "lines": ["a"], **block}
    page = {"img_width": 100, "img_height": 100, "img_path": "p.jpg", "blocks": [made]}
    return json.dumps({"pages": [page]}).encode()


def _coco(**changes: Any) -> bytes:
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5]}
    whole = {
        "images": [{"id": 1, "file_name": "p.jpg", "width": 10, "height": 10}],
        "categories": [{"id": 1, "name": "panel"}],
        "annotations": [annotation],
        **changes,
    }
    return json.dumps(whole).encode()


def _acbf(inside: str) -> bytes:
    return f'<ACBF><body><page><image href="p.jpg"/>{inside}</page></body></ACBF>'.encode()


def _dataspec(**changes: Any) -> bytes:
    panels = [{"panel_coords": [0, 0, 5, 5]}]
    return json.dumps({"page_image_path": "p.jpg", "panels": panels, **changes}).encode()


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>
<ComicInfo><Title>&lol2;</Title></ComicInfo>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<ComicInfo><Title>&e;</Title></ComicInfo>"""
PANEL = {"x": 0, "y": 0, "w": 0.5, "h": 0.5}
ONE = {"category_id": 1, "image_id": 1, "bbox": [0, 0, 5, 5]}

HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "nothing but spaces": b"   \n",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "plain text": b"hello",
    "zip cut short": _cut(_cbxy()),
    "zip with a password": _encrypted(),
    "zip bomb": _zip(p=b"[" + b" " * 3_000_000 + b"]"),
    "zip of many small bombs": _zip(**{f"p{i}": b" " * 1_000_000 for i in range(80)}),
    "zip of pictures": _zip(p=b"\xff\xd8\xff"),
    "cbxy without a size": _zip(p=b'{"panels": []}'),
    "cbxy of no size": _cbxy(width=0),
    "cbxy with a box beyond the page": _cbxy(panels=[{**PANEL, "x": 3}]),
    "cbxy with a negative box": _cbxy(panels=[{**PANEL, "w": -1}]),
    "cbxy with a number in words": _cbxy(panels=[{**PANEL, "w": "wide"}]),
    "cbxy with too many panels": _cbxy(panels=[PANEL] * 3_000),
    "xml with laughing entities": LAUGHS,
    "xml that reads a file": OUTSIDE,
    "xml cut short": b"<ComicInfo><Title>",
    "xml nested deeply": b"<ComicInfo>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</ComicInfo>",
    "xml of another kind": b"<html><body/></html>",
    "xml in an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><ComicInfo/>',
    "comicinfo page without a number": b'<ComicInfo><Pages><Page Image="x"/></Pages></ComicInfo>',
    "comicinfo page twice": (
        b'<ComicInfo><Pages><Page Image="0"/><Page Image="0"/></Pages></ComicInfo>'
    ),
    "acbf without pages": b"<ACBF><body/></ACBF>",
    "acbf frame of two points": _acbf('<frame points="1,2 3,4"/>'),
    "acbf frame of words": _acbf('<frame points="a,b c,d e,f"/>'),
    "acbf frame without an area": _acbf('<frame points="1,1 2,1 3,1"/>'),
    "acbf frame of infinity": _acbf('<frame points="1,1 inf,1 3,5"/>'),
    "acbf frame of nan": _acbf('<frame points="1,1 nan,1 3,5"/>'),
    "acbf frame of a million points": _acbf('<frame points="' + "1,2 " * 1_000_000 + '"/>'),
    "json cut short": _cut(_mokuro()),
    "json nested deeply": b'{"pages": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "json of nothing": b"{}",
    "json that is a list of numbers": b"[1, 2, 3]",
    "json with not a number": _mokuro().replace(b"[0, 0, 10, 10]", b"[0, 0, NaN, 10]"),
    "json with an endless number": _mokuro().replace(b"[0, 0, 10, 10]", b"[0, 0, 1e999, 10]"),
    "json in another encoding": _mokuro().decode().encode("utf-16-le"),
    "mokuro with three numbers": _mokuro(box=[1, 2, 3]),
    "mokuro with a box turned round": _mokuro(box=[10, 0, 0, 10]),
    "mokuro with null lines": _mokuro(lines=None),
    "mokuro with pages of text": b'{"pages": "all"}',
    "coco with an unknown image": _coco(annotations=[{**ONE, "image_id": 9}]),
    "coco with an unknown category": _coco(annotations=[{**ONE, "category_id": 9}]),
    "coco of cats": _coco(categories=[{"id": 1, "name": "cat"}]),
    "coco with a box of no area": _coco(annotations=[{**ONE, "bbox": [0, 0, 0, 5]}]),
    "coco with two images of one id": _coco(
        images=[{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}]
    ),
    "coco with two categories of one id": _coco(
        categories=[{"id": 1, "name": "panel"}, {"id": 1, "name": "dialogue"}]
    ),
    "zip packed by lzma": _lzma(),
    "zip of 40 MiB": b"PK" + b" " * 40 * 2**20,
    "dataspec with an order of another page": _dataspec(reading_order=[0, 1]),
    "dataspec with an order that repeats": _dataspec(reading_order=[0, 0]),
    "dataspec with a box of words": _dataspec(panels=[{"panel_coords": "1,2,3,4"}]),
    "dataspec with text that is a number": _dataspec(
        panels=[{"panel_coords": [0, 0, 5, 5], "text": 5}]
    ),
}


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_hostile_file_is_refused_in_one_line(kind: str) -> None:
    start = time.process_time()  # of this process: the machine may be busy
    with pytest.raises(SidecarError) as caught:
        read_sidecar("evil.bin", HOSTILE[kind])
    message = str(caught.value)
    assert message.startswith("evil.bin")
    assert "\n" not in message
    assert len(message) < 400
    assert time.process_time() - start < 5


def test_file_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(SidecarError, match="too large"):
        read_sidecar("big.json", b"{" + b" " * MOST_BYTES)


def test_control_characters_do_not_get_into_texts() -> None:
    page = read_sidecar("m", _mokuro(lines=["a\x1b[31mb\x00", "c\nd"])).pages[0]
    assert page.texts is not None
    assert page.texts[0].text == "a [31mb c d"


def test_entry_without_a_name_is_one_line() -> None:
    # Found by fuzzing: zipfile asks for the last letter of a name.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x", b"{}")
    data = buffer.getvalue()
    for head, length_at in ((b"PK\x03\x04", 26), (b"PK\x01\x02", 28)):
        at = data.index(head)
        size = 30 if head == b"PK\x03\x04" else 46
        fields = bytearray(data[at : at + size])
        fields[length_at : length_at + 2] = b"\0\0"
        data = data[:at] + bytes(fields) + data[at + size + 1 :]
    end = data.index(b"PK\x05\x06")
    directory = data.index(b"PK\x01\x02")
    tail = bytearray(data[end:])
    tail[12:20] = struct.pack("<2I", end - directory, directory)
    with pytest.raises(SidecarError):
        read_sidecar("x.cbxy", data[:end] + bytes(tail))
