"""Is our flow OpenCV's? `python -m benchmarks.flow [CLIP or FOLDER ...] [--json]`

AV-Align counts the strict local maxima of Farnebäck's mean magnitude. Frame by frame, ours
(`encoders.small`, `encoders.farneback`) stands beside OpenCV all the way: its reader, its area averaging,
`cv2.calcOpticalFlowFarneback` with the settings that the measure names. How many maxima each finds, how
many they share to the very frame, how far the magnitudes lie apart, and the CPU seconds of both flows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.clips import Subject, clips_in, made_clip
from encoders.clip import probe
from encoders.farneback import FlowBetween
from encoders.small import read_small
from v2m.alignment.flow import LINES, Flow
from v2m.alignment.sync import movement_peaks

SECONDS = 15.0


@dataclass(frozen=True)
class Agreement:
    """One clip's first seconds.

    Attributes:
        theirs, ours, shared: how many maxima OpenCV's curve has, ours has, and both have.
        apart: median of |ours ÷ theirs − 1| over frames.
        their_cpu_s, our_cpu_s: of the flow alone.
    """

    clip: str
    theirs: int
    ours: int
    shared: int
    apart: float
    their_cpu_s: float
    our_cpu_s: float


def compare(subject: Subject) -> Agreement:
    """Both flows over the first seconds of a clip."""
    cv2.setNumThreads(1)
    pictures: list[NDArray[np.uint8]] = []
    times: list[float] = []
    for batch in read_small(probe(subject.path), lines=LINES):
        pictures += [np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8) for rgb in batch.rgb]
        times += batch.times_s.tolist()
        if times[-1] >= SECONDS:
            break
    plain = read_plainly(subject.path, len(pictures))
    pictures, times = pictures[: len(plain)], times[: len(plain)]
    _ours(pictures[:3])  # compiles it
    started = time.process_time()
    theirs = _theirs(plain)
    between = time.process_time()
    ours = _ours(pictures)
    ended = time.process_time()
    at_s = np.asarray(times[1 : len(pictures)])
    a, b = (set(movement_peaks(Flow(at_s, curve)).tolist()) for curve in (theirs, ours))
    moving = theirs > 1e-3
    apart = np.abs(ours[moving] / theirs[moving] - 1)
    return Agreement(
        subject.name,
        len(a),
        len(b),
        len(a & b),
        float(np.median(apart)) if len(apart) else 0.0,
        between - started,
        ended - between,
    )


def read_plainly(path: Path, most: int) -> list[NDArray[np.uint8]]:
    """The first pictures as the definition has them: OpenCV's reader, area averaging, grey."""
    reader = cv2.VideoCapture(str(path))
    pictures: list[NDArray[np.uint8]] = []
    while len(pictures) < most and (read := reader.read())[0]:
        height, width = read[1].shape[:2]
        size = (round(width * LINES / height), LINES)
        small = cv2.resize(read[1], size, interpolation=cv2.INTER_AREA)
        pictures.append(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8))
    return pictures


def _theirs(pictures: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    found = []
    for first, second in itertools.pairwise(pictures):
        flow = np.zeros((*first.shape, 2), np.float32)
        cv2.calcOpticalFlowFarneback(first, second, flow, 0.5, 3, 15, 3, 5, 1.2, 0)
        found.append(np.hypot(flow[..., 0], flow[..., 1]).mean())
    return np.asarray(found, np.float64)


def _ours(pictures: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    between = FlowBetween(*pictures[0].shape)
    first, second = between.blank(), between.blank()
    between.expand(pictures[0], first)
    found = []
    for picture in pictures[1:]:
        x, y = between.flow(first, between.expand(picture, second))
        found.append(np.mean(cv2.magnitude(x, y)))
        first, second = second, first
    return np.asarray(found, np.float64)


def show(rows: list[Agreement], console: Console) -> None:
    """The table, and its sum."""
    table = Table(title=f"Maxima of the flow's magnitude, first {SECONDS:g} s")
    for heading in ("clip", "OpenCV's", "ours", "shared", "magnitudes apart", "CPU, of OpenCV's"):
        table.add_column(heading, justify="left" if heading == "clip" else "right")
    total = Agreement(
        "all",
        sum(row.theirs for row in rows),
        sum(row.ours for row in rows),
        sum(row.shared for row in rows),
        float(np.median([row.apart for row in rows])),
        sum(row.their_cpu_s for row in rows),
        sum(row.our_cpu_s for row in rows),
    )
    for row in (*rows, total):
        table.add_row(
            row.clip,
            str(row.theirs),
            str(row.ours),
            str(row.shared),
            f"{row.apart:.1%}",
            f"{row.our_cpu_s / row.their_cpu_s:.2f}",
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flow", description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="*", type=Path, help="clips or folders; the made film if none")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        subjects = clips_in(asked.places) or [
            made_clip("film", Path(scratch), height=1080, duration_s=SECONDS)
        ]
        rows = [compare(subject) for subject in subjects]
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        show(rows, Console(width=110))


if __name__ == "__main__":
    main()
