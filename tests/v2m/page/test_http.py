"""The page's door by real HTTP: what is open, to whom, how much, and how many at once."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.v2m.page.conftest import Served

httpx = pytest.importorskip("httpx")


class Caller:
    """A visitor without a browser."""

    def __init__(self, served: Served) -> None:
        self.http = httpx.Client(base_url=served.address, timeout=60)
        self.http.get("/").raise_for_status()
        self.session = secrets.token_hex(5)
        self.config: dict[str, Any] = self.http.get("/config").json()
        self.drop: int = next(
            c["id"]
            for c in self.config["components"]
            if "Drop a clip" in str(c["props"].get("html_template"))
        )

    def upload(self, content: bytes, name: str = "clip.mp4") -> Any:
        return self.http.post("/v2m/upload", content=content, headers={"x-file-name": name})

    def call(
        self, target: int, event: str, data: list[Any], told: dict[str, Any] | None = None
    ) -> Iterator[Any]:
        """Have an event of a component handled; gives what Gradio says of it, message by message."""
        (fn,) = [
            d for d in self.config["dependencies"] if [target, event] in [list(t) for t in d["targets"]]
        ][:1]
        body = {"data": data, "fn_index": fn["id"], "session_hash": self.session, "event_data": told}
        joined = self.http.post("/gradio_api/queue/join", json=body)
        joined.raise_for_status()
        with self.http.stream(
            "GET", "/gradio_api/queue/data", params={"session_hash": self.session}
        ) as lines:
            for line in lines.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line[5:])
                    yield message
                    if message["msg"] in ("process_completed", "close_stream"):
                        return

    def component(self, kind: str, **props: Any) -> dict[str, Any]:
        """The first component of a kind with these properties."""
        return next(
            c
            for c in self.config["components"]
            if c["type"] == kind and all(c["props"].get(k) == v for k, v in props.items())
        )


@pytest.fixture
def caller(served: Served) -> Iterator[Caller]:
    made = Caller(served)
    yield made
    made.http.close()


def resident_mb(pid: int) -> float:
    """Memory that a process holds; 0 where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
    except OSError:
        return 0.0


def shown(messages: list[Any]) -> str:
    """All that a handler had put on the page, as text."""
    return json.dumps(messages)


def test_gradios_own_ways_to_files_are_shut(served: Served, caller: Caller) -> None:
    source = Path(__file__)
    for path in (
        f"/gradio_api/file={source}", f"/file={source}", f"/gradio_api/file/{source}",
        "/gradio_api/proxy=http://127.0.0.1/", "/gradio_api/info", "/monitoring", "/docs", "/openapi.json",
        "/gradio_api/vibe-code", "/gradio_api/runs", "/v2m/files/x", "/v2m/files/../../etc/passwd",
        "/v2m/files/%2e%2e/%2e%2e", "/login", "/gradio_api/mcp",
    ):  # fmt: skip
        assert caller.http.get(path).status_code == 404, path
    for path in ("/gradio_api/upload", "/gradio_api/component_server", "/gradio_api/vibe-edit", "/login"):
        assert caller.http.post(path, json={}).status_code == 404, path
    assert caller.http.put("/v2m/upload", content=b"x").status_code == 404


def test_a_file_is_its_visitors_alone(served: Served, caller: Caller, short_clip: Path) -> None:
    token = caller.upload(short_clip.read_bytes()).json()["upload"]
    # It is not to be had before it was looked at,
    assert caller.http.get(f"/v2m/files/{token}/.upload").status_code == 404
    messages = list(caller.call(caller.drop, "upload", [token]))
    assert "0:03" in shown(messages), shown(messages)[:500]
    # then by whoever brought it, also in parts,
    address = f"/v2m/files/{token}/clip.mp4"
    assert caller.http.get(address).content == short_clip.read_bytes()
    part = caller.http.get(address, headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    # and by nobody else, cookie or none.
    other = Caller(served)
    assert other.http.get(address).status_code == 404
    assert httpx.get(served.address + address).status_code == 404
    # Nor can another visitor have it looked at, or composed for, as theirs.
    assert "no longer here" in shown(list(other.call(other.drop, "upload", [token])))
    for wrong in ("..", "../" + token, "/etc", None, 7, {"path": "/etc/passwd"}):
        assert "no longer here" in shown(list(other.call(other.drop, "upload", [wrong])))


def test_what_is_no_clip_is_refused_in_one_line_whatever_its_name(served: Served, caller: Caller) -> None:
    for content in (b"<html>not a clip</html>" * 50, b"\x00" * 4096, b"#!/bin/sh\nrm -rf /\n"):
        token = caller.upload(content, "..%2F..%2Fevil.mp4").json()["upload"]
        said = shown(list(caller.call(caller.drop, "upload", [token])))
        assert "v-error" in said
        assert "/tmp" not in said
        assert "Traceback" not in said
        # It is gone at once.
        assert "no longer here" in shown(list(caller.call(caller.drop, "upload", [token])))


def test_an_upload_is_measured_as_it_comes(served: Served, caller: Caller) -> None:
    # The answer comes before all has been sent; a client that goes on sending may find the door shut.
    with contextlib.suppress(httpx.TransportError):
        assert caller.upload(b"x" * (2 * 2**20 + 1)).status_code == 413
    assert caller.upload(b"").status_code == 411

    # Who does not say how much is coming is answered before it comes.
    with socket.create_connection(("127.0.0.1", int(served.address.rsplit(":", 1)[1])), timeout=20) as raw:
        cookie = "; ".join(f"{k}={v}" for k, v in caller.http.cookies.items())
        raw.sendall(
            b"POST /v2m/upload HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n"
            b"cookie: " + cookie.encode() + b"\r\n\r\n5\r\nhello\r\n"
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 411")
    assert httpx.post(f"{served.address}/v2m/upload", content=b"x").status_code == 403


def test_other_sites_have_no_way_in(served: Served, caller: Caller) -> None:
    port = served.address.rsplit(":", 1)[1]
    assert caller.http.get("/", headers={"host": f"evil.example:{port}"}).status_code == 421
    for path in ("/v2m/upload", "/gradio_api/queue/join"):
        answer = caller.http.post(path, content=b"{}", headers={"origin": "http://evil.example"})
        assert answer.status_code == 403
    page = httpx.get(served.address)
    assert "HttpOnly" in page.headers["set-cookie"]
    assert "SameSite=Strict" in page.headers["set-cookie"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert caller.http.post("/gradio_api/queue/join", content=b"0" * 300_000).status_code == 413


def test_ten_at_once_are_served_or_told_to_wait(served: Served, short_clip: Path) -> None:
    content = short_clip.read_bytes()
    callers = [Caller(served) for _ in range(10)]
    before_mb = resident_mb(served.process.pid)

    def bring(one: Caller) -> tuple[int, str]:
        for _ in range(20):
            answer = one.upload(content)
            if answer.status_code == 200:
                return 200, answer.json()["upload"]
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert "waits its turn" in answer.json()["error"]
        return answer.status_code, ""

    with ThreadPoolExecutor(10) as pool:
        brought = list(pool.map(bring, callers))
    assert [status for status, _ in brought] == [200] * 10
    assert len({token for _, token in brought}) == 10

    for one, (_, token) in zip(callers, brought, strict=True):
        assert "0:03" in shown(list(one.call(one.drop, "upload", [token])))

    def compose(one: Caller) -> str:
        button = one.component("button", value="Compose")["id"]
        click = next(d for d in one.config["dependencies"] if [button, "click"] in map(list, d["targets"]))
        values = {c["id"]: c["props"].get("value") for c in one.config["components"]}
        return shown(list(one.call(button, "click", [values.get(k) for k in click["inputs"]])))

    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(compose, callers))
    finished = [one for one in said if "v-takes" in one]
    told = [one for one in said if "come again in a few minutes" in one]
    assert len(finished) + len(told) == 10
    assert len(finished) == 2
    assert any("Waiting for its turn" in one for one in finished)
    # Files go to the disk as they come, and work is done elsewhere: the page itself stays as it was.
    assert resident_mb(served.process.pid) - before_mb < 120
    for one in callers:
        one.http.close()
