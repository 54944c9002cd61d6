"""Metadata, file names, and what models and their servers answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fuzz_targets.contract import Target, Try, require
from longbox.book import Panel
from longbox.description import PageDescription
from longbox.errors import PageError
from longbox.geometry import Box
from longbox.ingest.comicinfo import read_comicinfo
from longbox.ingest.filename import parse_name
from longbox.ingest.naming import clean_path, decode_name, natural_order, printable
from longbox.text.vlm import ShownPage, match_to_panels, read_answer
from longbox.text.vlm.envelope import read_reply

_XML = (b"<![CDATA[", b"<!DOCTYPE", b"<!ENTITY", b"&#x0;", b"xmlns:", b"<?xml encoding=")
_JSON = (b'"', b"null", b"1e999", b"-0", b"\\u0000", b"\\ud800", b"[[", b"{}", b"NaN")
_PANELS = tuple(Panel(Box(0, top, 300, top + 90), top // 100, 0.9, "drawn") for top in (0, 100))
_SHOWN = ShownPage(300, 200, 300, 200, (Box(0, 0, 300, 90), Box(0, 100, 300, 190)))


def _comicinfo(_: Path) -> Try:
    def one(data: bytes) -> None:
        try:
            found = read_comicinfo(data)
        except PageError as error:
            require(str(error).isprintable(), f"no line: {str(error)[:200]!r}")
            return
        require(all(index >= 0 for index in found.pages), "a page below 0")

    return one


def _comicinfos() -> Sequence[bytes]:
    return [
        b"<?xml version='1.0' encoding='utf-8'?><ComicInfo xmlns:xsi='http://x'><Title>Rain</Title>"
        b"<Series>S</Series><Number>1.5</Number><Count>3</Count><Volume>2</Volume><Year>2020</Year>"
        b"<Month>2</Month><Writer>Ann, Bob; Cy</Writer><Manga>Yes</Manga>"
        b"<LanguageISO>fr-CA</LanguageISO><Pages>"
        b"<Page Image='0' Type='FrontCover'/><Page Image='1' DoublePage='true'/></Pages>"
        b"</ComicInfo>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><ComicInfo><Title>&x;</Title></ComicInfo>",
        "<ComicInfo><Title>é</Title></ComicInfo>".encode("utf-16"),
    ]


def _names(_: Path) -> Try:
    def one(data: bytes) -> None:
        name = decode_name(data)
        parse_name(name)
        require(printable(name).isprintable(), f"printed as {printable(name)!r}")
        path, fault = clean_path(name)
        is_inside = not path.startswith("/") and ".." not in path.split("/")
        require(is_inside or fault == "outside", f"{name!r} leads to {path!r}")
        natural_order(name)

    return one


def _name_seeds() -> Sequence[bytes]:
    return [
        b"Saga v02 #012 (of 54) (2013) (digital) (Zone-Empire).cbz",
        "[Group] ワンピース 第1巻 (RTL) [ja].zip".encode(),
        b"../../etc/passwd.png",
        b"C:\\Windows\\x.jpg",
        b"Tintin - 03 - L'\xeele noire [1938-06] c003-004 Annual 2.cbr",
        "页\u202e0gnp.exe\x1b[2J.png".encode("gbk", "replace"),
    ]


def _answer(_: Path) -> Try:
    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        found = read_answer(text, _SHOWN)
        require(found.problem is None or "\n" not in found.problem, f"problem {found.problem!r}")
        described = PageDescription(
            0, "0" * 64, found.state, found.summary, found.panels, (), "m", "p", None, None, 0.0, ""
        )
        match_to_panels(described, _PANELS)

    return one


def _answers() -> Sequence[bytes]:
    clean = (
        b'{"overall_summary": "Rain.", "panels": [{"panel_number": 1, "description": "A roof.", '
        b'"characters": ["Ann"], "box_2d": [0, 0, 450, 1000], "text_content": [{"text": "HELLO", '
        b'"label": "dialogue", "speaker": "Ann"}]}, {"panel_number": "2", "caption": "A cat."}]}'
    )
    return [
        clean,
        b"<think>hm</think>Sure!\n```json\n" + clean + b"\n```",
        clean[:150],
        clean.replace(b'"', b"'"),
        b'[{"panel": 1, "description": "he said "no" to it", "bbox": "1,2,3,4"}]',
        b'{"error": "overloaded"}',
    ]


def _reply(_: Path) -> Try:
    def one(data: bytes) -> None:
        status = int.from_bytes(data[:2], "big") % 600
        reply = read_reply(status, {"retry-after": data[2:20].decode("latin-1")}, data[2:])
        shown = reply.without("sk-very-secret-key").problem or ""
        require(shown.isprintable(), f"problem {shown!r}")

    return one


def _replies() -> Sequence[bytes]:
    body = (
        b'{"choices": [{"message": {"content": [{"type": "text", "text": "x"}]}, "finish_reason": '
        b'"stop"}], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}'
    )
    return [
        b"\0\xc8" + body,
        b"\x01\xad120",
        b'\0\xc8{"error": {"code": 429, "message": "slow"}}',
        b"\x01\xf4<html>",
    ]


_KEYS = (b'"panels"', b'"panel_number"', b'"text_content"', b'"box_2d"', b'"description"')

TARGETS = (
    Target("comicinfo", "metadata, or a PageError of one line", _comicinfo, _comicinfos, _XML),
    Target(
        "names",
        "what a file name says; the cleaned path stays inside; the printed one is printable",
        _names,
        _name_seeds,
        (b"../", b"\x1b[", b"#", b"(of ", b"v1", b"\xe2\x80\xae"),
        max_bytes=2048,
    ),
    Target(
        "answers",
        "a description in one of its four states; never raises",
        _answer,
        _answers,
        (*_JSON, *_KEYS, b"```json", b"<think>", b"</think>"),
    ),
    Target(
        "replies", "a kind of reply; never raises, never shows the key", _reply, _replies, _JSON
    ),
)
