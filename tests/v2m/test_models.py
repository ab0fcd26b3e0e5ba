"""Models are found where they are, and fetched whole, checked or not at all, from a real server."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from v2m import models
from v2m.models import MODELS, ModelCard, PullError, find, pull, statuses

BODY = np.random.default_rng(0).bytes(3_000_000)


@dataclass
class Server:
    """A file server that can be told to misbehave.

    Attributes:
        body: what it serves.
        breaks: after how many bytes the next answers break off, one for each.
        status: what it answers instead, if not 0.
        ranged: whether it honours ranges.
        asked: the Range header of each request.
    """

    address: str = ""
    body: bytes = BODY
    breaks: list[int] = field(default_factory=list)
    status: int = 0
    ranged: bool = True
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            told.asked.append(wanted)
            if told.status:
                self.send_error(told.status)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and told.ranged else 0
            rest = told.body[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest[: told.breaks.pop(0)] if told.breaks else rest)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.address = f"http://127.0.0.1:{http.server_address[1]}/tiny.bin"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    yield told
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder, and no other place with models."""
    monkeypatch.setenv("V2M_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("HF_HOME", "HF_HUB_CACHE", "HF_ENDPOINT", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(models, "_PAUSE_S", 0.01)
    return tmp_path / "models"


@pytest.fixture
def tiny(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    card = ModelCard(
        name="tiny",
        purpose="is small",
        file_name="tiny.bin",
        size=len(BODY),
        sha256=hashlib.sha256(BODY).hexdigest(),
        licence="none",
        url=server.address,
    )
    monkeypatch.setitem(MODELS, "tiny", card)
    return card


def one_line(call: Callable[[], object]) -> str:
    with pytest.raises(PullError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_model_is_fetched_checked_and_found(server: Server, tiny: ModelCard, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    assert find("tiny") is None
    path = pull("tiny", lambda done, total: told.append((done, total)))
    assert path == folder / "tiny.bin"
    assert path.read_bytes() == BODY
    assert find("tiny") == path
    assert [entry.name for entry in folder.iterdir()] == ["tiny.bin"]
    done = [step for step, _ in told]
    assert done[0] == 0
    assert done == sorted(done)
    assert told[-1] == (len(BODY), len(BODY))
    assert len(told) > 5
    # Once here, it is not fetched again.
    assert pull("tiny") == path
    assert len(server.asked) == 1


def test_a_broken_transfer_goes_on_by_itself(server: Server, tiny: ModelCard) -> None:
    server.breaks = [700_000, 900_000]
    assert pull("tiny").read_bytes() == BODY
    assert server.asked == [None, "bytes=700000-", "bytes=1600000-"]


def test_a_transfer_that_keeps_breaking_is_resumed_by_the_next_pull(
    server: Server, tiny: ModelCard, folder: Path
) -> None:
    server.breaks = [400_000, 10, 10, 10]
    message = one_line(lambda: pull("tiny"))
    assert "goes on from there" in message
    assert find("tiny") is None
    assert not (folder / "tiny.bin").exists()
    server.breaks = []
    assert pull("tiny").read_bytes() == BODY
    assert server.asked[-1] == "bytes=400030-"


def test_a_server_without_ranges_starts_anew(server: Server, tiny: ModelCard) -> None:
    server.breaks, server.ranged = [500_000], False
    assert pull("tiny").read_bytes() == BODY


@pytest.mark.parametrize(
    "body", [BODY[:1000] + b"X" + BODY[1001:], BODY + b"more"], ids=["changed", "longer"]
)
def test_what_is_not_the_model_is_thrown_away(
    server: Server, tiny: ModelCard, folder: Path, body: bytes
) -> None:
    server.body = body
    assert "checksum" in one_line(lambda: pull("tiny"))
    assert list(folder.iterdir()) == []
    server.body = BODY
    assert pull("tiny").read_bytes() == BODY


def test_a_shorter_file_is_not_taken_for_the_model(server: Server, tiny: ModelCard) -> None:
    server.body = BODY[:-5]
    one_line(lambda: pull("tiny"))
    assert find("tiny") is None


@pytest.mark.parametrize(("status", "asks"), [(404, 1), (403, 1), (503, 4)])
def test_the_servers_refusal_is_passed_on(
    server: Server, tiny: ModelCard, folder: Path, status: int, asks: int
) -> None:
    server.status = status
    assert str(status) in one_line(lambda: pull("tiny"))
    assert len(server.asked) == asks
    assert list(folder.iterdir()) == []


def test_offline(tiny: ModelCard, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "tiny", replace(tiny, url="http://127.0.0.1:9/tiny.bin"))
    message = one_line(lambda: pull("tiny"))
    assert "cannot be reached" in message
    assert "works without" in message


def test_no_room(tiny: ModelCard, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "tiny", replace(tiny, size=10**16))
    assert "free" in one_line(lambda: pull("tiny"))


def test_a_disk_that_fills_up_is_left_as_it_was(
    tiny: ModelCard, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(done: int, total: int) -> None:
        if done > 1_000_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    assert "No space left on device" in one_line(lambda: pull("tiny", full))
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made(
    tiny: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("V2M_MODELS", str(tmp_path / "file" / "models"))
    assert "cannot be written to" in one_line(lambda: pull("tiny"))


def test_an_interrupt_leaves_nothing_that_could_be_taken_for_the_model(
    server: Server, tiny: ModelCard, folder: Path
) -> None:
    def stop(done: int, total: int) -> None:
        if done > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull("tiny", stop)
    assert find("tiny") is None
    assert pull("tiny").read_bytes() == BODY
    assert server.asked[-1] is not None


def test_a_name_that_there_is_not() -> None:
    assert "clip, pose" in one_line(lambda: find("vgg"))
    one_line(lambda: pull("vgg"))


def test_a_file_of_the_wrong_size_is_not_used_and_is_named(tiny: ModelCard, folder: Path) -> None:
    folder.mkdir()
    (folder / "tiny.bin").write_bytes(BODY[:-1])
    state = {status.card.name: status for status in statuses()}["tiny"]
    assert state.path is None
    assert "tiny.bin" in state.problem
    assert find("tiny") is None
    # Fetching puts it right.
    assert pull("tiny").read_bytes() == BODY


def test_the_hugging_face_cache_is_used(
    tiny: ModelCard, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = replace(tiny, url=None, hub_repo="somebody/tiny", hub_revision="abc123")
    monkeypatch.setitem(MODELS, "tiny", card)
    snapshot = tmp_path / "hub" / "models--somebody--tiny" / "snapshots" / "abc123"
    snapshot.mkdir(parents=True)
    (snapshot / "tiny.bin").write_bytes(BODY)
    assert find("tiny") is None
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert find("tiny") == snapshot / "tiny.bin"
    assert card.address() == "https://huggingface.co/somebody/tiny/resolve/abc123/tiny.bin"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert card.address() == "https://mirror.example/somebody/tiny/resolve/abc123/tiny.bin"


def test_the_real_models_are_pinned(folder: Path) -> None:
    for card in MODELS.values():
        assert len(card.sha256) == 64
        assert card.size > 1_000_000
        address = card.address()
        assert address.startswith("https://")
        assert "/main/" not in address
        assert "/latest/" not in address
    assert models.clip_model() is None
    assert models.pose_model() is None


def test_the_clip_model_names_its_architecture_and_its_cache(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    monkeypatch.setitem(MODELS, "clip", replace(MODELS["clip"], size=3))
    (folder / MODELS["clip"].file_name).write_bytes(b"abc")
    model = models.clip_model()
    assert model is not None
    assert model.name == "ViT-B-32"
    assert model.weights == folder / "open_clip_model.safetensors"
    assert model.cache == folder
