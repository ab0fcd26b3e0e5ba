"""What is installed, what of it is used, and what is missing: a list of findings."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from encoders.errors import V2MError

# What v2m works without, and what for; whatever else its metadata requires is needed. OpenCV's second wheel
# is looked at beside the first.
OPTIONAL = {
    "decord": "decodes faster than PyAV, which stands in",
    "moviepy": "--title and --trim",
    "mediapipe": "finds and follows a dancer",
    "pretty_midi": "brings the SoundFont that plays where there is no better one",
    **dict.fromkeys(("torch", "torchvision", "open_clip_torch", "einops", "safetensors"), "runs CLIP"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that v2m stands on.

    Attributes:
        name: what it is.
        state: `used`; `idle`: here, and used when asked for; `missing`: something is left out for want
            of it; `broken`: v2m cannot work like this.
        detail: which one, or what to do about it.
    """

    name: str
    state: str
    detail: str


def examine() -> list[Finding]:
    """Look at everything; takes a second or two, fetches nothing."""
    findings = [Finding("python", "used", f"{platform.python_version()} ({platform.platform(terse=True)})")]
    findings += [_needed(name) for name in required() if name not in (*OPTIONAL, "opencv-contrib-python")]
    findings += [_one_opencv()] if _version("opencv-contrib-python") else []
    findings += [_optional(name, why) for name, why in OPTIONAL.items()]
    findings += [_ffmpeg(), _soundfont(), _styles(), _pose(), _clip()]
    return findings


def required() -> list[str]:
    """The packages that v2m's own metadata asks for on this Python, extras left out; none from a checkout
    that is not installed."""
    here = sys.version_info[:2]
    names = []
    for line in importlib.metadata.requires("v2m") or () if _version("v2m") else ():
        name, _, marker = line.partition(";")
        bound = re.search(r"python_version\s*(<|>=)\s*[\"'](\d+)\.(\d+)", marker)
        below = bound is not None and here < (int(bound[2]), int(bound[3]))
        applies = "extra" not in marker and (bound is None or below == (bound[1] == "<"))
        found = re.match(r"[\w.-]+", name)
        if applies and found:
            names.append(found[0])
    return names


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _needed(name: str) -> Finding:
    version = _version(name)
    return Finding(name, "used", version) if version else Finding(name, "broken", f"pip install {name}")


def _optional(name: str, why: str) -> Finding:
    version = _version(name)
    if version:
        return Finding(name, "used" if name in ("decord", "mediapipe") else "idle", f"{version}: {why}")
    return Finding(name, "missing", why)


def _one_opencv() -> Finding:
    """Both wheels write into one `cv2/` folder: at two versions, half of it is of each."""
    plain, contrib = _version("opencv-python"), _version("opencv-contrib-python")
    if plain is None or plain == contrib:
        return Finding("opencv-contrib-python", "used", f"{contrib}")
    advice = f"{contrib} beside opencv-python {plain}: pip install opencv-contrib-python=={plain}"
    return Finding("opencv-contrib-python", "broken", advice)


def _asked(name: str, ask: Callable[[], tuple[str, str]], otherwise: str) -> Finding:
    try:
        return Finding(name, *ask())
    except V2MError as error:
        return Finding(name, otherwise, str(error))


def _ffmpeg() -> Finding:
    def ask() -> tuple[str, str]:
        from v2m.ffmpeg import ffmpeg_path

        path = ffmpeg_path()
        try:
            said = subprocess.run([path, "-version"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            return "broken", f"{path} does not run ({error})"
        version = re.search(r"version (\S+)", said)
        return "used", f"{version.group(1) if version else 'unknown version'}, {path}"

    return _asked("ffmpeg", ask, "broken")


def _soundfont() -> Finding:
    def ask() -> tuple[str, str]:
        from v2m.soundfont import find_soundfont

        return "used", find_soundfont().why

    return _asked("soundfont", ask, "broken")


def _styles() -> Finding:
    from generators.style import load_style, style_names

    def ask() -> tuple[str, str]:
        return "used", ", ".join(load_style(name).name for name in style_names())

    return _asked("styles", ask, "broken")


def _pose() -> Finding:
    def ask() -> tuple[str, str]:
        from encoders.landmarks import open_finder
        from v2m.models import pose_model

        open_finder(pose_model()).close()
        mediapipe = f"mediapipe {_version('mediapipe')}"
        model = pose_model()
        return "used", f"{mediapipe}, {f'with {model}' if model else 'with the model that it carries'}"

    finding = _asked("pose model", ask, "missing")
    if finding.state == "missing" and sys.version_info >= (3, 13):
        note = f"{finding.detail}; mediapipe's wheels that carry one end at Python 3.12"
        return Finding(finding.name, finding.state, note)
    return finding


def _clip() -> Finding:
    from encoders.semantics import HOW_TO_GET
    from v2m.models import status

    found = status("clip")
    if found.path is None:
        return Finding("clip model", "missing", found.problem or HOW_TO_GET)
    versions = ", ".join(f"{name} {_version(name)}" for name in ("torch", "torchvision", "open_clip_torch"))
    return Finding("clip model", "used", f"{found.path} ({versions})")
