"""Tokens: which are taken, what counts as a guess, and who counts as one guesser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from longbox.config import Config
from longbox.errors import ConfigError
from longbox.library import Library
from longbox.web import WebOptions, create_app
from longbox.web.clients import client_name

TOKEN = "a-secret-that-nobody-guesses"
BOOKS = "/api/v1/books"


@contextmanager
def _client(root: Path) -> Iterator[TestClient]:
    with Library.create(root) as library:
        app = create_app(library, Config(), WebOptions(token=TOKEN))
        with TestClient(app, base_url="http://127.0.0.1:8733", follow_redirects=False) as client:
            yield client


def test_an_address_with_many_tokens_is_one_guess(tmp_path: Path) -> None:
    with _client(tmp_path / "library") as client:
        many = "&".join(f"token=guess{n}" for n in range(200))
        assert client.get(f"{BOOKS}?{many}&token={TOKEN}").status_code == 401
        assert client.get(f"{BOOKS}?token={TOKEN}").status_code == 303


def test_a_page_left_open_with_an_old_token_keeps_nobody_out(tmp_path: Path) -> None:
    with _client(tmp_path / "library") as client:
        old = {"Cookie": "longbox_token=the-token-of-yesterday"}
        assert {client.get(BOOKS, headers=old).status_code for _ in range(40)} == {401}
        assert client.get(f"/?token={TOKEN}", headers=old).status_code == 303
        assert client.post("/token", data={"token": TOKEN}, headers=old).status_code == 303


@pytest.mark.parametrize("kind", ["cookie", "bearer", "form"])
def test_other_wrong_tokens_are_guesses(tmp_path: Path, kind: str) -> None:
    with _client(tmp_path / "library") as client:
        statuses = []
        for n in range(25):
            if kind == "form":
                statuses.append(client.post("/token", data={"token": f"g{n}"}).status_code)
                continue
            said = f"longbox_token=g{n}" if kind == "cookie" else f"Bearer g{n}"
            name = "Cookie" if kind == "cookie" else "Authorization"
            statuses.append(client.get(BOOKS, headers={name: said}).status_code)
        assert statuses == [401] * 20 + [429] * 5


@pytest.mark.parametrize("token", ["", "two words", "pässwort", "日本", "tab\t", "line\n"])
def test_tokens_that_clients_write_in_different_ways_are_refused(token: str) -> None:
    with pytest.raises(ConfigError, match="token"):
        WebOptions(token=token)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://[x]y/"])
def test_an_origin_that_is_no_address_is_refused(tmp_path: Path, origin: str) -> None:
    with _client(tmp_path / "library") as client:
        headers = {"Origin": origin, "Authorization": f"Bearer {TOKEN}"}
        answer = client.post("/api/v1/jobs", json={"kind": "sync"}, headers=headers)
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("address", "other", "is_same"),
    [
        ("192.168.1.5", "192.168.1.6", False),
        ("2001:db8::1", "2001:db8::ffff:2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("testclient", "testclient", True),
    ],
)
def test_a_home_is_one_client(address: str, other: str, is_same: bool) -> None:
    assert (client_name(address) == client_name(other)) is is_same
