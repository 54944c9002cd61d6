"""Starting Embedding Atlas: found, started on the table, ended with us; clear words where not.

The program is another one; here a small script stands for it, which serves what it was given.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import urllib.request
from pathlib import Path

import polars as pl
import pytest

from longbox.analysis.atlas import atlas_command, atlas_program, open_atlas, write_atlas
from longbox.errors import ConfigError, LibraryError

_SERVES = """
import http.server, json, os, sys
words = sys.argv[1:]
print("started")
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = {"words": words, "offline": os.environ.get("HF_HUB_OFFLINE"), "pid": os.getpid(),
                "is_table": open(words[0], "rb").read(4) == b"PAR1"}
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
host, port = words[words.index("--host") + 1], int(words[words.index("--port") + 1])
http.server.HTTPServer((host, port), Page).serve_forever()
"""
TABLE = pl.DataFrame({"text": ["a", "b"], "x": [0.0, 1.0], "y": [1.0, 0.0]})


def script(folder: Path, code: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "embedding-atlas"
    path.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
    path.chmod(0o755)
    return path


def get(address: str) -> dict[str, object]:
    with urllib.request.urlopen(address, timeout=10) as answer:
        said: dict[str, object] = json.load(answer)
    return said


def is_alive(address: str) -> bool:
    port = int(address.rsplit(":", 1)[1])
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_it_is_started_on_the_table_and_ends_with_us(tmp_path: Path) -> None:
    program = script(tmp_path, _SERVES)
    with open_atlas(TABLE, program=program) as server:
        assert server.address.startswith("http://127.0.0.1:")
        said = get(server.address)
        assert said["pid"] == server.process.pid
        assert said["is_table"]
        assert said["offline"] == "1"
        words = said["words"]
        assert isinstance(words, list)
        table = Path(words[0])
        assert words == atlas_command(program, table, TABLE.columns, int(words[-2]))[1:]
    assert not is_alive(server.address)
    assert not table.exists()
    assert server.process.returncode == -signal.SIGTERM


def test_ctrl_c_ends_both(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        open_atlas(TABLE, program=script(tmp_path, _SERVES)) as server,
    ):
        raise KeyboardInterrupt
    assert not is_alive(server.address)


def test_the_table_can_be_kept(tmp_path: Path) -> None:
    keep = tmp_path / "new" / "atlas.parquet"
    with open_atlas(TABLE, program=script(tmp_path, _SERVES), keep=keep):
        pass
    assert pl.read_parquet(keep).equals(TABLE)


def test_a_taken_port_is_refused_where_it_was_asked_for(tmp_path: Path) -> None:
    program = script(tmp_path, _SERVES)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError, match=f"port {port} is taken"),
            open_atlas(TABLE, program=program, port=port),
        ):
            pass


def test_its_last_words_are_told_where_it_ends_at_once(tmp_path: Path) -> None:
    program = script(tmp_path, "print('one')\nraise SystemExit('Error: no such option')")
    with (
        pytest.raises(LibraryError, match="ended with code 1: Error: no such option"),
        open_atlas(TABLE, program=program),
    ):
        pass


def test_without_the_program_one_line_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    with pytest.raises(ConfigError, match="pipx install embedding-atlas") as error:
        atlas_program()
    assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match="no such program"):
        atlas_program(tmp_path / "nowhere")


def test_the_program_beside_this_python_goes_before_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = script(tmp_path / "path", _SERVES)
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    assert atlas_program() == on_path
    beside = script(tmp_path / "bin", _SERVES)
    assert atlas_program() == beside


def test_columns_that_are_not_there_are_not_named() -> None:
    bare = atlas_command(Path("atlas"), Path("t.parquet"), ["x", "y"])
    assert not {"--text", "--image", "--neighbors"} & set(bare)
    full = atlas_command(Path("atlas"), Path("t.parquet"), ["text", "picture", "neighbours"])
    assert full[full.index("--image") + 1] == "picture"
    assert "--disable-projection" in full  # or it would look for a model


def test_an_empty_table_and_a_refusing_disk_are_said(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="nothing to show"):
        write_atlas(TABLE.head(0), tmp_path / "none.parquet")
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="disk's space"):
        write_atlas(TABLE, tmp_path / "file" / "atlas.parquet")
