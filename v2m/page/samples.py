"""Sample clips that a visitor can choose: the small ones that ship, or those of a folder."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from encoders.errors import V2MError
from v2m.containers import BY_SUFFIX

MOST = 6
_THUMB_PX = 96
# What ships was drawn by `demos.samples`: file name → what it shows.
_SHOWS = {"film": "Six places, ten shots", "dance": "A figure dances", "talk": "Somebody speaks"}


class SampleError(V2MError):
    """A folder of samples that has none, or is not there."""


@dataclass(frozen=True)
class Sample:
    """One sample clip.

    Attributes:
        path: the file.
        title: its name for people.
        shows: what is seen in it, or "".
        thumbnail: a small JPEG as a `data:` address.
        duration_s: its length.
    """

    path: Path
    title: str
    shows: str
    thumbnail: str
    duration_s: float


def find_samples(folder: Path | None, longest_s: float) -> dict[str, Sample]:
    """Name → sample, of a folder's clips by name, or of those that ship if it is None.

    Those that are longer than a visitor's clip may be are left out.

    Raises:
        SampleError: if the folder is not there or holds no clip by its endings.
        ClipError: if one of them is none.
    """
    home = Path(str(files("v2m.page").joinpath("samples"))) if folder is None else folder
    if not home.is_dir():
        raise SampleError(f"{home}: no such folder")
    paths = sorted(path for path in home.iterdir() if path.suffix.lower() in BY_SUFFIX and path.is_file())
    if folder is not None and not paths:
        raise SampleError(f"{home}: holds no clip ({', '.join(BY_SUFFIX)})")
    if folder is None:
        order = list(_SHOWS)
        paths.sort(key=lambda path: order.index(path.stem))
    found = {path.stem: _sample(path, _SHOWS.get(path.stem, "")) for path in paths[:MOST]}
    return {name: sample for name, sample in found.items() if sample.duration_s <= longest_s}


def _sample(path: Path, shows: str) -> Sample:
    import cv2
    import numpy as np

    from encoders.clip import probe
    from v2m.film_strip import film_strip

    clip = probe(path)
    picture = film_strip(clip, [clip.duration_s / 3], np.zeros(0), short_side=_THUMB_PX)[0]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 78])
    data = base64.b64encode(jpeg.tobytes()).decode()
    title = path.stem.replace("_", " ").replace("-", " ").strip().capitalize()
    return Sample(path, title, shows, f"data:image/jpeg;base64,{data}", clip.duration_s)
