"""A question and a JSON schema → an answer that fits it, from a server of chat completions.

The protocol is OpenAI's `POST {base}/chat/completions`, which local servers (llama.cpp, Ollama, vLLM) and
most hosted ones speak. What can be trusted of it is little, so: one time limit for everything, an answer of
bounded size, no redirects (a key would follow them), and whatever comes is checked against the schema.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from encoders.errors import V2MError
from v2m.llm.json_schema import Schema, SchemaError, check

KEY_VARIABLE = "V2M_LLM_KEY"
MODEL = "default"
LIMIT_S = 60.0
TRIES = 3
WAIT_S = 0.5
MOST_BYTES = 1 << 20
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_FENCED = re.compile(r"\A\s*```(?:json)?\s*(.*?)\s*```\s*\Z", re.DOTALL)


class EndpointError(V2MError, ValueError):
    """An address that is none."""


class NoAnswerError(V2MError):
    """There is no answer that can be used; one line says why."""


class _AgainError(Exception):
    """This try came to nothing; another may."""


@dataclass(frozen=True)
class Endpoint:
    """A server.

    Attributes:
        url: of the API, such as `http://localhost:11434/v1`, or of its `/chat/completions`.
        model: which one it is asked for.
        key: sent as a bearer token; none if empty. It is never shown.
        limit_s: how long one question may take, tries and waits and all.

    Raises:
        EndpointError: if the address is not one of HTTP, or the limit is not positive.
    """

    url: str
    model: str = MODEL
    key: str = field(default="", repr=False)
    limit_s: float = LIMIT_S

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        try:
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if (
            not good
            or parts.username
            or parts.password
            or not self.url.isascii()
            or re.search(r"\s", self.url)
        ):
            raise EndpointError(
                f"{self.url!r} is no address of a server; write it as http://localhost:11434/v1"
            )
        if not (math.isfinite(self.limit_s) and self.limit_s > 0):
            raise EndpointError(f"a limit of {self.limit_s:g} s is none")

    @property
    def host(self) -> str:
        """Who is asked, for the record."""
        return urlsplit(self.url).netloc

    @property
    def _target(self) -> str:
        base = self.url.rstrip("/")
        return base if base.endswith("/chat/completions") else f"{base}/chat/completions"


def make_endpoint(url: str, model: str | None = None, limit_s: float | None = None) -> Endpoint:
    """The server at an address, with the key that `V2M_LLM_KEY` holds.

    Raises:
        EndpointError: see `Endpoint`.
    """
    key = os.environ.get(KEY_VARIABLE, "").strip()
    return Endpoint(url, model or MODEL, key, LIMIT_S if limit_s is None else limit_s)


def ask(endpoint: Endpoint, task: str, facts: Any, schema: Schema, name: str) -> Any:
    """Ask one question.

    A server that is busy, breaks off or answers otherwise than asked is asked again, `TRIES` times in all and
    within the limit; one that refuses the schema is asked without it.

    Args:
        endpoint: whom.
        task: what is to be done, in words.
        facts: what is known, as JSON.
        schema: of the answer.
        name: of the schema.

    Raises:
        NoAnswerError: if no answer fits.
    """
    deadline = time.monotonic() + endpoint.limit_s
    system = f"{task}\nAnswer with one JSON object and nothing else, by this schema:\n{json.dumps(schema)}"
    body: dict[str, Any] = {
        "model": endpoint.model,
        "temperature": 0,
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": json.dumps(facts, ensure_ascii=False, allow_nan=False)},
        ],
        "response_format": {"type": "json_schema", "json_schema": {"name": name, "schema": schema}},
    }
    why = ""
    for number in range(TRIES):
        if number and time.monotonic() + WAIT_S * number < deadline:
            time.sleep(WAIT_S * number)
        if time.monotonic() >= deadline:
            break
        try:
            answer = _read(_content(_post(endpoint, body, deadline)))
            check(answer, schema)
            return answer
        except SchemaError as error:
            why = str(error)
        except _AgainError as error:
            why = str(error)
            if why.startswith("it answered 400"):
                body.pop("response_format", None)
    raise NoAnswerError(f"{endpoint.host}: {why or 'no answer'} (limit {endpoint.limit_s:g} s)")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(endpoint: Endpoint, body: dict[str, Any], deadline: float) -> bytes:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    request = urllib.request.Request(
        endpoint._target, json.dumps(body).encode(), headers=headers, method="POST"
    )
    own = urlsplit(endpoint.url).hostname in LOOPBACK
    # What is on this machine is reached without the proxy that leads out of it.
    opener = urllib.request.build_opener(_NoRedirects, *([urllib.request.ProxyHandler({})] if own else []))
    try:
        with opener.open(request, timeout=max(deadline - time.monotonic(), 0.01)) as response:
            got = bytearray()
            while chunk := response.read1(1 << 16):
                got += chunk
                if len(got) > MOST_BYTES:
                    raise NoAnswerError(f"{endpoint.host}: the answer is longer than {MOST_BYTES >> 20} MB")
                if time.monotonic() >= deadline:
                    raise _AgainError("it was too slow")
            return bytes(got)
    except urllib.error.HTTPError as error:
        with error:
            told = f"it answered {error.code}"
        if error.code in (400, 408, 409, 425, 429) or error.code >= 500:
            raise _AgainError(told) from error
        raise NoAnswerError(f"{endpoint.host}: {told} ({error.reason})") from error
    except TimeoutError as error:
        raise _AgainError("it was too slow") from error
    except urllib.error.URLError as error:
        told = (
            "it was too slow"
            if isinstance(error.reason, TimeoutError)
            else f"cannot be reached ({error.reason})"
        )
        raise _AgainError(told) from error
    except (http.client.HTTPException, OSError) as error:
        raise _AgainError(f"it broke off ({type(error).__name__})") from error


def _content(got: bytes) -> str:
    """The text that a completion says."""
    try:
        content = json.loads(got)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        raise _AgainError("what it sent is no chat completion") from error
    if not isinstance(content, str):
        raise _AgainError("its answer is no text")
    return content


def _read(content: str) -> Any:
    """The JSON of an answer, which some models put between fences."""
    fenced = _FENCED.match(content)
    try:
        return json.loads(fenced[1] if fenced else content)
    except (ValueError, RecursionError) as error:
        raise _AgainError("its answer is no JSON") from error
