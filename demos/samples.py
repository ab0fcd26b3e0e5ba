"""Draw the sample clips that the web page ships: `python -m demos.samples [FOLDER]`.

They are the demo clips, small: 288 lines, encoded for size.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import imageio_ffmpeg

from demos.make import make

HEIGHT, FPS = 288, 24.0
LENGTHS_S = {"film": 20.0, "dance": None, "talk": None}
"""Name of each sample → how long it is made; None for its own length."""


def draw_samples(folder: Path) -> list[Path]:
    """Draw every sample into the folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with tempfile.TemporaryDirectory() as work:
        for name, length_s in LENGTHS_S.items():
            large = Path(work) / f"{name}.mp4"
            make(name, large, height=HEIGHT, fps=FPS, duration_s=length_s)
            command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(large)]
            command += ["-c:v", "libx264", "-preset", "veryslow", "-crf", "30", "-pix_fmt", "yuv420p"]
            command += [
                "-c:a",
                "aac",
                "-b:a",
                "64k",
                "-ac",
                "1",
                "-movflags",
                "+faststart",
                "-map_metadata",
                "-1",
            ]
            subprocess.run([*command, str(folder / large.name)], check=True, stdin=subprocess.DEVNULL)
            drawn.append(folder / large.name)
    return drawn


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m demos.samples", description="Draw the web page's samples."
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("v2m/page/samples"))
    for path in draw_samples(parser.parse_args().folder):
        print(f"{path}: {path.stat().st_size // 1000} kB")
