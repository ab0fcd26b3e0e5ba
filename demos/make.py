"""Make a sample clip: `python -m demos.make NAME -o out.mp4 [--seed N] [--height N] [--fps N]`."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from demos.truth import Truth

CLIPS = {
    "dance": "a figure dances at 108 bpm, at rest on every beat that ends a move",
    "film": "six places and moods, known cuts, from black and to black",
    "talk": "a person talks at a window; speech-like sound with pauses",
    "montage": "a cut every half second",
    "still": "one picture that does not move",
}
"""Name of each clip, and what it shows; each is drawn by the module of that name."""


def make(
    name: str,
    path: Path | str,
    *,
    seed: int = 0,
    height: int = 720,
    fps: float = 30.0,
    duration_s: float | None = None,
) -> Truth:
    """Draw the clip `name` into the mp4 at `path`.

    Args:
        name: one of `CLIPS`.
        path: where to write; overwritten.
        seed: choreography, cut times and colours follow from it.
        height: lines; the width is 16/9 of it, rounded to even.
        fps: frames a second.
        duration_s: how long, about; None for the clip's own length.

    Returns:
        What is true of it.

    Raises:
        ValueError: for an unknown name, or a size that H.264 cannot hold.
    """
    if name not in CLIPS:
        raise ValueError(f"no demo clip is called {name!r}; there are {', '.join(CLIPS)}")
    if height < 90 or height % 2 or not 1 <= fps <= 120:
        raise ValueError("height must be even and at least 90, fps between 1 and 120")
    draw = importlib.import_module(f"demos.{name}")
    truth: Truth = draw.make(Path(path), seed=seed, height=height, fps=fps, duration_s=duration_s)
    return truth


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, make the clip, and write its truth beside it where asked."""
    listing = "\n".join(f"  {name:8} {shows}" for name, shows in CLIPS.items())
    parser = argparse.ArgumentParser(
        prog="python -m demos.make",
        description=f"Make a sample clip by code.\n\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=list(CLIPS), metavar="NAME")
    parser.add_argument("-o", "--out", type=Path, help="the mp4 to write (default NAME.mp4)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--height", type=int, default=720, help="lines (default 720)")
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--duration", type=float, help="seconds, about")
    parser.add_argument("--truth", type=Path, help="write the ground truth here, as JSON")
    asked = parser.parse_args(arguments)
    out = asked.out or Path(f"{asked.name}.mp4")
    try:
        truth = make(
            asked.name, out, seed=asked.seed, height=asked.height, fps=asked.fps, duration_s=asked.duration
        )
        if asked.truth:
            truth.save(asked.truth)
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f"demos: {error}") from error
    print(f"{out}: {truth.duration_s:.1f} s, {truth.width}x{truth.height}")


if __name__ == "__main__":
    main()
