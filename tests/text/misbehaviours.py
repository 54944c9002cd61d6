"""Every way in which a server or an answer may fail, with its name and the state it must get."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

from text.misbehaving_server import GOOD, TIERS, Answer, Plan, gemini, glm, page, panel

DRIP_S = 0.05
KEY = "sk-very-secret-0123456789"


def _always(answer: Answer) -> Plan:
    return lambda _attempt, _request: answer


def _first(n: int, *bad: Answer, then: Answer | None = None) -> Plan:
    good = then or Answer(GOOD)
    return lambda attempt, _request: bad[min(attempt, len(bad) - 1)] if attempt < n else good


def _error(status: int, message: str = "no", **headers: str) -> Answer:
    body = json.dumps({"error": {"message": message}}).encode()
    return Answer(status=status, body=body, headers=headers)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def _half_a_body(handler: BaseHTTPRequestHandler) -> None:
    body = Answer(GOOD).payload()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])


def _drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(2000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(DRIP_S)


def _flood(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(400):
        handler.wfile.write(b" " * 65536)


def _no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")


def _schema_refused(_attempt: int, request: dict[str, Any]) -> Answer:
    if "response_format" in request:
        return _error(400, "response_format is not supported")
    return Answer(GOOD)


def _newer_tokens(_attempt: int, request: dict[str, Any]) -> Answer:
    if "max_tokens" in request:
        return _error(400, "Unsupported parameter: use 'max_completion_tokens' instead")
    if "temperature" in request:
        return _error(400, "'temperature' does not support 0 with this model")
    return Answer(GOOD)


def _longer_will_do(_attempt: int, request: dict[str, Any]) -> Answer:
    if request.get("max_tokens", 0) < 4000:
        return Answer(GOOD[:500], finish="length")
    return Answer(GOOD)


def _unescaped() -> str:
    return GOOD.replace("a fox runs over hill 2", 'a fox says "over there", and runs')


def _with_prose() -> str:
    return f"Here is the page you asked for:\n\n{GOOD}\n\nI hope that helps! {{smile}}"


def _boxes(make: Callable[[tuple[int, int, int, int]], Any]) -> str:
    return json.dumps(page([panel(i + 1, make(box)) for i, box in enumerate(TIERS)]))


def _changed(**changes: Any) -> str:
    return json.dumps(page([panel(i + 1, gemini(b), **changes) for i, b in enumerate(TIERS)]))


def _deep() -> str:
    return '{"overall_summary": "x", "panels": ' + "[" * 5000 + "]" * 5000 + "}"


def _latin1() -> bytes:
    text = GOOD.replace("A fox", "A f\u00f6x")
    return Answer(text).payload().replace(b"\\u00f6", b"\xf6").replace(b"\\\\u00f6", b"\xf6")


def _bomb() -> bytes:
    return gzip.compress(b" " * 60_000_000)


# Name, what is sent, and the state that must be on record in the end.
KINDS: dict[str, tuple[Plan, str]] = {
    # answers that are fine
    "well_formed": (_always(Answer(GOOD)), "clean"),
    "gemini_boxes": (_always(Answer(_boxes(gemini))), "clean"),
    "glm_boxes": (_always(Answer(_boxes(glm))), "clean"),
    "pixel_boxes": (_always(Answer(_boxes(list))), "clean"),
    "fraction_boxes": (
        _always(Answer(_boxes(lambda b: [b[0] / 300, b[1] / 600, b[2] / 300, b[3] / 600]))),
        "clean",
    ),
    "no_boxes": (_always(Answer(_boxes(lambda _: None))), "clean"),
    "fewer_panels": (_always(Answer(json.dumps(page([panel(2, gemini(TIERS[1]))])))), "clean"),
    "more_panels": (
        _always(
            Answer(
                json.dumps(
                    page([*page()["panels"], panel(4, [0, 0, 40, 1000]), panel(5, [3, 3, 9, 9])])
                )
            )
        ),
        "clean",
    ),
    "same_panel_twice": (
        _always(Answer(json.dumps(page([*page()["panels"], panel(2, gemini(TIERS[1]))])))),
        "clean",
    ),
    "wrong_content_type": (_always(Answer(GOOD, content_type="text/html")), "clean"),
    "content_in_parts": (
        _always(Answer(message={"content": [{"type": "text", "text": GOOD}]})),
        "clean",
    ),
    "usage_missing": (_always(Answer(GOOD, usage=None)), "clean"),
    "usage_nonsense": (
        _always(Answer(GOOD, usage={"prompt_tokens": "many", "completion_tokens": -5})),
        "clean",
    ),
    "packed_with_gzip": (
        _always(
            Answer(body=gzip.compress(Answer(GOOD).payload()), headers={"Content-Encoding": "gzip"})
        ),
        "clean",
    ),
    # servers that come round
    "busy_429_with_retry_after": (_first(2, _error(429, **{"Retry-After": "0.2"})), "clean"),
    "busy_429_without": (_first(2, _error(429)), "clean"),
    "busy_503_with_date": (
        lambda attempt, _: (
            _error(503, **{"Retry-After": formatdate(time.time() + 1, usegmt=True)})
            if attempt < 1
            else Answer(GOOD)
        ),
        "clean",
    ),
    "busy_429_retry_after_nonsense": (_first(1, _error(429, **{"Retry-After": "soon"})), "clean"),
    "busy_inside_200": (
        _first(1, Answer(body=b'{"error": {"code": 429, "message": "slow down"}}')),
        "clean",
    ),
    "error_500_then_fine": (_first(2, _error(500)), "clean"),
    "reset_then_fine": (_first(1, Answer(act=_reset)), "clean"),
    "half_a_body_then_fine": (_first(1, Answer(act=_half_a_body)), "clean"),
    "empty_body_then_fine": (_first(1, Answer(body=b"")), "clean"),
    "html_page_then_fine": (
        _first(1, Answer(body=b"<html><body>Bad gateway</body></html>", content_type="text/html")),
        "clean",
    ),
    "schema_refused": (_schema_refused, "clean"),
    "token_field_refused": (_newer_tokens, "clean"),
    "truncated_until_more_tokens": (_longer_will_do, "clean"),
    # answers that can be repaired
    "code_fence": (_always(Answer(f"```json\n{GOOD}\n```")), "repaired"),
    "unescaped_quotes": (_always(Answer(_unescaped())), "repaired"),
    "trailing_prose": (_always(Answer(_with_prose())), "repaired"),
    "trailing_commas": (_always(Answer(GOOD.replace("]}", ",]}"))), "repaired"),
    "single_quotes": (_always(Answer(GOOD.replace('"', "'"))), "repaired"),
    "raw_line_breaks": (_always(Answer(GOOD.replace("a fox runs", "a fox\nruns"))), "repaired"),
    "thoughts_before": (_always(Answer(f"<think>Is it {{a fox}}?</think>\n{GOOD}")), "repaired"),
    "null_fields": (
        _always(Answer(_changed(characters=None, actions=None, text_content=None, setting=None))),
        "repaired",
    ),
    "wrong_types": (
        _always(
            Answer(
                _changed(
                    panel_number="2", characters="fox", actions=[1], setting=7, text_content="HOP"
                )
            )
        ),
        "repaired",
    ),
    "boxes_as_objects": (
        _always(Answer(_boxes(lambda b: dict(zip(("x0", "y0", "x1", "y1"), glm(b), strict=True))))),
        "repaired",
    ),
    "huge_numbers": (
        _always(Answer(GOOD.replace('"panel_number": 2', '"panel_number": ' + "9" * 6000))),
        "repaired",
    ),
    "not_a_number_boxes": (
        _always(Answer(_boxes(lambda b: [float("nan"), b[0], float("inf"), b[1]]))),
        "repaired",
    ),
    "absurd_length": (_always(Answer(_changed(description="very " * 4000))), "repaired"),
    "duplicate_keys": (
        _always(Answer(GOOD.replace('"shot": "long"', '"shot": "long", "shot": "close-up"'))),
        "repaired",
    ),
    "bare_list_of_panels": (_always(Answer(json.dumps(page()["panels"]))), "repaired"),
    "wrapped_in_answer": (_always(Answer(json.dumps({"answer": page()}))), "repaired"),
    "lone_surrogates": (_always(Answer(_changed(description="a fox \ud800 runs"))), "repaired"),
    "not_utf8": (_always(Answer(body=_latin1())), "repaired"),
    # halves
    "truncated_by_length": (_always(Answer(GOOD[:700], finish="length")), "truncated"),
    "truncated_unsaid": (_always(Answer(GOOD[:700])), "truncated"),
    "truncated_in_fence": (_always(Answer(f"```json\n{GOOD[:650]}\n```")), "truncated"),
    "truncated_after_a_panel": (_always(Answer(GOOD[: GOOD.rindex("}, {") + 1])), "truncated"),
    "truncated_with_quotes": (_always(Answer(_unescaped()[:800])), "truncated"),
    "whole_but_at_limit": (_always(Answer(GOOD, finish="length")), "truncated"),
    "empty_at_limit": (_always(Answer("", finish="length")), "truncated"),
    # nothing that counts
    "refusal_text": (_always(Answer("I'm sorry, but I can't help with that.")), "failed"),
    "refusal_in_json": (
        _always(
            Answer(
                json.dumps(
                    page(
                        [
                            panel(
                                1,
                                None,
                                description="I'm sorry, I can't describe this image.",
                                characters=[],
                                actions=[],
                                text_content=[],
                            )
                        ]
                    )
                )
            )
        ),
        "failed",
    ),
    "refusal_field": (_always(Answer(message={"content": None, "refusal": "No."})), "failed"),
    "filtered": (_always(Answer(GOOD[:300], finish="content_filter")), "failed"),
    "empty_answer": (_always(Answer("")), "failed"),
    "null_answer": (_always(Answer(message={"content": None})), "failed"),
    "empty_object": (_always(Answer("{}")), "failed"),
    "empty_panels": (_always(Answer(json.dumps(page([])))), "failed"),
    "panels_null": (_always(Answer(json.dumps(page() | {"panels": None}))), "failed"),
    "panels_hollow": (
        _always(
            Answer(
                json.dumps(
                    page(
                        [
                            {"panel_number": i, "description": "", "text_content": []}
                            for i in (1, 2, 3)
                        ]
                    )
                )
            )
        ),
        "failed",
    ),
    "list_of_strings": (_always(Answer('["a fox", "a hill", "a fox again"]')), "failed"),
    "plain_prose": (_always(Answer("The page shows a fox that crosses three hills.")), "failed"),
    "just_a_number": (_always(Answer("42")), "failed"),
    "error_as_answer": (_always(Answer('{"error": "CUDA out of memory"}')), "failed"),
    "echoed_schema": (
        _always(
            Answer(
                '{"type": "object", "properties": {"overall_summary": {"type": "string"}, '
                '"panels": {"type": "array", "items": {"type": "object"}}}}'
            )
        ),
        "failed",
    ),
    "deep_nesting": (_always(Answer(_deep())), "failed"),
    "deep_envelope": (_always(Answer(body=b"[" * 100_000 + b"]" * 100_000)), "failed"),
    "empty_choices": (_always(Answer(body=b'{"choices": []}')), "failed"),
    "error_object_with_200": (
        _always(Answer(body=b'{"error": {"message": "model crashed"}}')),
        "failed",
    ),
    "always_500": (_always(_error(500, f"bad key {KEY}")), "failed"),
    "always_429": (_always(_error(429)), "failed"),
    "always_reset": (_always(Answer(act=_reset)), "failed"),
    "slow_drip": (_always(Answer(act=_drip)), "failed"),
    "huge_body": (_always(Answer(act=_flood)), "failed"),
    "zip_bomb": (
        _always(Answer(body=_bomb(), headers={"Content-Encoding": "gzip"})),
        "failed",
    ),
    "not_http": (_always(Answer(act=_no_http)), "failed"),
    "html_page": (
        _always(Answer(body=b"<!DOCTYPE html><p>502</p>", content_type="text/html")),
        "failed",
    ),
    "redirect": (
        _always(Answer(status=302, body=b"", headers={"Location": "http://127.0.0.1:9/v1"})),
        "failed",
    ),
    "key_refused": (_always(_error(401, f"Incorrect API key provided: {KEY}")), "failed"),
    "picture_too_large": (_always(_error(413)), "failed"),
    "everything_refused": (_always(_error(400, "I do not like this request")), "failed"),
}
NAMES = tuple(KINDS)
