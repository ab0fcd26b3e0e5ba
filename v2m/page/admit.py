"""An uploaded file → a clip, or a piece of music, that the page works on: told by what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.errors import V2MError
from v2m.page.limits import Limits

if TYPE_CHECKING:
    from encoders.clip import Clip
    from v2m.page.work import Tell

POSTER = "poster.jpg"
_POSTER_PX = 540
_SLACK_S = 0.5
_LONGEST_MUSIC_S = 1800.0
# What a file is called by what ffmpeg finds in it: the visitor's own ending is not asked.
_ENDINGS = {"mov": ".mp4", "mp4": ".mp4", "matroska": ".mkv", "webm": ".webm", "gif": ".gif", "avi": ".avi"}
_SOUND_ENDINGS = ("wav", "mp3", "flac", "ogg", "mp4", "webm", "aac")
_WEB_CODECS = frozenset({"vp8", "vp9", "av1"})


class RefusedError(V2MError):
    """A file that the page does not take, and why."""


@dataclass(frozen=True)
class Admitted:
    """A file that was taken.

    Attributes:
        name: what it is called on its shelf.
        duration_s: its length.
        about: it in words, `0:31 · 640×360 · 24 frames/s · with sound`.
        has_sound: whether it has any.
    """

    name: str
    duration_s: float
    about: str
    has_sound: bool


def admit_clip(tell: Tell, uploaded: Path, limits: Limits) -> Iterator[Admitted]:
    """Probe an uploaded clip; it gets a name by its content, and a poster beside it.

    Raises:
        ClipError: if it is no clip.
        RefusedError: if it is longer or larger than allowed.
    """
    from encoders.clip import probe
    from v2m.score_page.text import instant

    tell("probe", 0.0)
    clip = probe(uploaded)
    if clip.duration_s > limits.clip_s + _SLACK_S:
        raise RefusedError(
            f"The clip lasts {instant(clip.duration_s)}; {instant(limits.clip_s)} is the longest here."
        )
    if max(clip.width, clip.height) > limits.side_px:
        raise RefusedError(
            f"The picture has {clip.width}×{clip.height} points; {limits.side_px} a side is the most."
        )
    _draw_poster(clip, uploaded.parent / POSTER)
    place = uploaded.with_name(f"clip{_ending(clip.container, clip.codec)}")
    uploaded.replace(place)
    sound = "with sound" if clip.has_sound else "silent"
    about = (
        f"{instant(clip.duration_s)} · {clip.width}×{clip.height} · {clip.frame_rate:.3g} frames/s · {sound}"
    )
    yield Admitted(place.name, clip.duration_s, about, clip.has_sound)


def admit_music(tell: Tell, uploaded: Path, limits: Limits) -> Iterator[Admitted]:
    """Probe uploaded music: any file with sound that decodes, a clip's own included.

    Raises:
        ClipError: if it cannot be read or has no sound.
        RefusedError: if there is more of it than any clip here could use.
    """
    from encoders.container import open_container
    from v2m.alignment.audio import begin_track
    from v2m.score_page.text import instant

    tell("probe", 0.0)
    begin_track(uploaded)
    with open_container(uploaded) as container:
        duration_s, names = (container.duration or 0) / 1_000_000, container.format.name.split(",")
    if duration_s > _LONGEST_MUSIC_S:
        raise RefusedError(
            f"The music lasts {instant(duration_s)}; {instant(_LONGEST_MUSIC_S)} is the longest here."
        )
    ending = next((name for name in names if name in _SOUND_ENDINGS), "sound")
    place = uploaded.with_name(f"music.{ending}")
    uploaded.replace(place)
    yield Admitted(place.name, duration_s, instant(duration_s) if duration_s else "of unknown length", True)


def _ending(container: str, codec: str) -> str:
    names = container.split(",")
    if "webm" in names:
        return ".webm" if codec in _WEB_CODECS else ".mkv"
    return next((_ENDINGS[name] for name in names if name in _ENDINGS), ".video")


def _draw_poster(clip: Clip, place: Path) -> None:
    """A frame from a third of the way in."""
    import cv2
    import numpy as np

    from v2m.film_strip import film_strip

    pictures = film_strip(clip, [clip.duration_s / 3], np.zeros(0), short_side=_POSTER_PX)
    done, jpeg = cv2.imencode(
        ".jpg", cv2.cvtColor(pictures[0], cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82]
    )
    if done:
        place.write_bytes(jpeg.tobytes())
