"""The optional models: which there are, where they lie, and how to fetch one.

v2m needs none of them; with them it sees more, and sounds fuller. Nothing is fetched unless `pull` is
called. Each file is pinned: to a revision, a size and a SHA-256.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from encoders.errors import V2MError
from encoders.semantics import ClipModel

Progress = Callable[[int, int], None]
"""Called with (bytes there, bytes in all)."""

_CHUNK = 1 << 18
_TIMEOUT_S = 30.0
_ATTEMPTS = 4
_PAUSE_S = 1.0
_HUB = "https://huggingface.co"


class PullError(V2MError):
    """A model could not be fetched."""


@dataclass(frozen=True)
class ModelCard:
    """One optional model.

    Attributes:
        name: what it is called on the command line.
        purpose: what v2m does with it, in a few words.
        file_name: the name of its file.
        size: in bytes.
        sha256: of its file, in hex.
        licence: what it may be used under.
        url: where it is fetched from; of a file on the Hugging Face hub, the path there.
        hub_repo: the hub repository, None if it is not on the hub.
        hub_revision: the commit there.
        architecture: what open_clip calls it, for an image-text model.
    """

    name: str
    purpose: str
    file_name: str
    size: int
    sha256: str
    licence: str
    url: str | None = None
    hub_repo: str | None = None
    hub_revision: str | None = None
    architecture: str | None = None

    def address(self) -> str:
        """Where it is fetched from; `HF_ENDPOINT` names a mirror of the hub."""
        if self.url is not None:
            return self.url
        hub = os.environ.get("HF_ENDPOINT", _HUB).rstrip("/")
        return f"{hub}/{self.hub_repo}/resolve/{self.hub_revision}/{self.file_name}"


MODELS: dict[str, ModelCard] = {
    card.name: card
    for card in (
        ModelCard(
            name="clip",
            purpose="reads moods, genres, places and activities from the picture",
            file_name="open_clip_model.safetensors",
            size=605_143_316,
            sha256="ac4f8c4b88af6d963118cbf40ad93176d092abbedfcb752601ae1866352656e6",
            licence="MIT",
            hub_repo="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
            hub_revision="1a25a446712ba5ee05982a381eed697ef9b435cf",
            architecture="ViT-B-32",
        ),
        ModelCard(
            name="pose",
            purpose="follows a dancer where mediapipe carries no pose model (Python 3.13 and later)",
            file_name="pose_landmarker_full.task",
            size=9_398_198,
            sha256="5134a3aad27a58b93da0088d431f366da362b44e3ccfbe3462b3827a839011b1",
            licence="Apache-2.0",
            url=(
                "https://storage.googleapis.com/mediapipe-models/pose_landmarker/"
                "pose_landmarker_full/float16/1/pose_landmarker_full.task"
            ),
        ),
        # Version 0.2 of 2020. Its folder has no versions, so that a newer file there is refused.
        ModelCard(
            name="soundfont",
            purpose="plays strings, brass, winds and piano from a fuller General MIDI SoundFont",
            file_name="MuseScore_General.sf3",
            size=39_900_972,
            sha256="5b85b6c2c61d10b2b91cddd41efcce7b25cd31c8271d511c73afafbef20b6fa3",
            licence="MIT",
            url="https://ftp.osuosl.org/pub/musescore/soundfont/MuseScore_General/MuseScore_General.sf3",
        ),
    )
}
"""The models v2m can use, by name."""


@dataclass(frozen=True)
class ModelStatus:
    """Whether a model is here.

    Attributes:
        card: which model.
        path: its file, None if it is not here.
        problem: what is wrong with a file that is here but not used, or "".
    """

    card: ModelCard
    path: Path | None
    problem: str = ""


def models_folder() -> Path:
    """Where models are kept: `V2M_MODELS`, or v2m's folder in the user's cache."""
    if chosen := os.environ.get("V2M_MODELS"):
        return Path(chosen).expanduser()
    return _cache_folder() / "v2m" / "models"


def find(name: str) -> Path | None:
    """The file of the model `name`, None if it is not here (whole).

    Looks in `V2M_MODELS`, in v2m's cache and in the Hugging Face cache.

    Raises:
        PullError: if there is no model of that name.
    """
    return status(name).path


def status(name: str) -> ModelStatus:
    """Whether the model `name` is here; see `find`."""
    card = _card(name)
    problem = ""
    for path in _places(card):
        try:
            size = path.stat().st_size
        except OSError:
            continue
        if size == card.size:
            return ModelStatus(card, path)
        problem = f"{path} has {size:,} bytes, not {card.size:,}: delete it, then v2m models pull {name}"
    return ModelStatus(card, None, problem)


def statuses() -> list[ModelStatus]:
    """Of every model, whether it is here."""
    return [status(name) for name in MODELS]


def clip_model() -> ClipModel | None:
    """The image-text model, if it is here."""
    weights = find("clip")
    architecture = MODELS["clip"].architecture
    if weights is None or architecture is None:
        return None
    return ClipModel(architecture, weights, cache=models_folder())


def pose_model() -> Path | None:
    """The pose model's `.task` file, if it is here."""
    return find("pose")


def pull(name: str, progress: Progress | None = None) -> Path:
    """Fetch the model `name` unless it is here, and check it.

    What has come of a transfer that breaks off is kept beside, as `.part`, and the next pull goes
    on from there; the file itself appears only when it is whole and its checksum is right.

    Args:
        name: one of `MODELS`.
        progress: told how far it is.

    Returns:
        Its path.

    Raises:
        PullError: one line: no such model, no network, not there any more, broken off, no room,
            or not the file it should be.
    """
    card = _card(name)
    if (here := find(name)) is not None:
        return here
    target = models_folder() / card.file_name
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        held = part.stat().st_size if part.exists() else 0
        free = shutil.disk_usage(target.parent).free
        if free < card.size - held:
            raise PullError(f"{target.parent}: {_mb(card.size - held)} needed, {_mb(free)} free")
        _fetch(card, part, progress or (lambda done, total: None))
        if _sha256(part) != card.sha256:
            part.unlink()
            raise PullError(f"{card.address()}: what came is not the {name} model (its checksum is wrong)")
        part.replace(target)
    except OSError as error:
        # A disk that is full must not stay so on our account.
        with contextlib.suppress(OSError):
            part.unlink()
        raise PullError(f"{target.parent}: cannot be written to ({error.strerror or error})") from error
    return target


def _fetch(card: ModelCard, part: Path, progress: Progress) -> None:
    """Bring `part` to its full size, going on where the transfer breaks off."""
    reason = ""
    for attempt in range(_ATTEMPTS):
        held = part.stat().st_size if part.exists() else 0
        if held > card.size:
            part.unlink()
            held = 0
        if held == card.size:
            return
        if attempt:
            time.sleep(_PAUSE_S)
        reason = _transfer(card, part, held, progress)
    held = part.stat().st_size if part.exists() else 0
    if held < card.size:
        raise PullError(
            f"{card.address()}: {reason or 'the transfer broke off'} at {_mb(held)} of {_mb(card.size)}; "
            f"v2m models pull {card.name} goes on from there"
        )


def _transfer(card: ModelCard, part: Path, held: int, progress: Progress) -> str:
    """One request, from byte `held` on; returns why it ended early, "" if it did not say.

    Raises:
        PullError: where another attempt would not help.
    """
    import http.client
    import urllib.error
    import urllib.request

    request = urllib.request.Request(card.address(), headers={"User-Agent": "v2m"})
    if held:
        request.add_header("Range", f"bytes={held}-")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            going_on = held > 0 and answer.status == 206
            with open(part, "ab" if going_on else "wb") as file:
                return _copy(answer, file, held if going_on else 0, card.size, progress)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            part.unlink(missing_ok=True)
            return "the server lost its place"
        if error.code >= 500 or error.code == 429:
            return f"the server answered {error.code}"
        raise PullError(f"{card.address()}: the server answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise PullError(
            f"{card.address()}: cannot be reached ({error.reason}); v2m works without the {card.name} model"
        ) from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        return f"the connection was lost ({error})"


def _copy(answer: IO[bytes], file: IO[bytes], done: int, total: int, progress: Progress) -> str:
    """Copy until the answer ends, or is longer than the file should be; returns why it broke off."""
    from http.client import HTTPException

    progress(done, total)
    while done <= total:
        # Apart from the writing, whose errors are of the disk and not of the network.
        try:
            chunk = answer.read(_CHUNK)
        except (HTTPException, OSError) as error:
            return f"the connection was lost ({error})"
        if not chunk:
            break
        file.write(chunk)
        done += len(chunk)
        progress(min(done, total), total)
    return ""


def _card(name: str) -> ModelCard:
    try:
        return MODELS[name]
    except KeyError:
        raise PullError(f"no model is called {name!r}; there are {', '.join(MODELS)}") from None


def _places(card: ModelCard) -> list[Path]:
    """Where the file of `card` may lie, in the order in which it is looked for."""
    places = [models_folder() / card.file_name, _cache_folder() / "v2m" / "models" / card.file_name]
    if card.hub_repo is not None and card.hub_revision is not None:
        home = Path(os.environ.get("HF_HOME", _cache_folder() / "huggingface"))
        hub = Path(os.environ.get("HF_HUB_CACHE", home / "hub")).expanduser()
        repo = "models--" + card.hub_repo.replace("/", "--")
        places.append(hub / repo / "snapshots" / card.hub_revision / card.file_name)
    return places


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size:,} bytes"
