"""How long does the whole command take? `python -m benchmarks.speed [CLIP ...] [--json]`

`v2m soundtrack` runs as a process of its own, start-up included, against decoding the same clip
with ffmpeg (`ffmpeg -i clip -f null -`), turn and turn about in the same run, so that a busy
machine slows both. CPU seconds stand beside the wall clock: they tell a busy machine from a slow
program. Peak memory is the largest process's resident set (wait4), and each stage's
share comes from the run report. A small clip goes first: what is compiled once on a machine
(`encoders.compiled`) is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import imageio_ffmpeg
from rich.console import Console
from rich.table import Table

from benchmarks.clips import Subject, made_clip

LIMIT_ALONE, LIMIT_PERSON, LIMIT_MEMORY_GB = 4.0, 8.0, 1.5


@dataclass(frozen=True)
class Speed:
    """One clip's times: medians over the runs.

    Attributes:
        clip: its name.
        person: whether anyone was found in it, which sets the limit.
        decode_s: ffmpeg decoding it to nothing.
        command_s: the whole command.
        ratio: the second over the first.
        cpu_ratio: the same of the CPU seconds that both used, which others' work hardly moves.
        memory_gb: the command's peak, 10⁹ bytes.
        stages_s: stage → seconds, of the median run; what is left is start-up.
    """

    clip: str
    person: bool
    decode_s: float
    command_s: float
    ratio: float
    cpu_ratio: float
    memory_gb: float
    stages_s: dict[str, float]

    @property
    def limit(self) -> float:
        return LIMIT_PERSON if self.person else LIMIT_ALONE


def timed(command: list[str]) -> tuple[float, float, float]:
    """Run a command to its end: (seconds, CPU seconds, peak resident set in 10⁹ bytes).

    Raises:
        SystemExit: if it fails, with what it said.
    """
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read().decode(errors='replace')[-2000:]}")
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e9


def measure(subject: Subject, work: Path, runs: int) -> Speed:
    """Decode and score one clip, turn and turn about."""
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(subject.path), "-f", "null", "-"]
    told = work / "report.json"
    command = [sys.executable, "-m", "v2m", "soundtrack", str(subject.path), "-o", str(work / "scored.mkv")]
    command += ["--force", "--report", str(told)]
    decoding, scoring = [], []
    for _ in range(runs):
        decoding.append(timed(ffmpeg))
        used = timed(command)
        scoring.append((*used, json.loads(told.read_text(encoding="utf-8"))))
    decode_s, decode_cpu_s, _ = sorted(decoding)[(runs - 1) // 2]
    command_s, command_cpu_s, _, report = sorted(scoring, key=lambda run: run[0])[(runs - 1) // 2]
    return Speed(
        clip=subject.name,
        person="says nothing" not in report["sources"].get("pose", "says nothing"),
        decode_s=decode_s,
        command_s=command_s,
        ratio=command_s / decode_s,
        cpu_ratio=command_cpu_s / decode_cpu_s,
        memory_gb=max(run[2] for run in scoring),
        stages_s=report["stages_s"],
    )


def show(rows: list[Speed], console: Console) -> None:
    """The table, and each clip's stages under it."""
    table = Table(title=f"Whole command against decoding alone, {os.cpu_count()} cores")
    for heading in ("clip", "person", "decode s", "command s", "ratio", "CPU ratio", "limit", "peak GB", ""):
        table.add_column(heading, justify="right" if heading not in ("clip", "person", "") else "left")
    for row in rows:
        good = row.ratio <= row.limit and row.memory_gb < LIMIT_MEMORY_GB
        table.add_row(
            row.clip,
            "yes" if row.person else "no",
            f"{row.decode_s:.2f}",
            f"{row.command_s:.2f}",
            f"{row.ratio:.2f}",
            f"{row.cpu_ratio:.2f}",
            f"{row.limit:g}",
            f"{row.memory_gb:.2f}",
            "met" if good else "NOT MET",
        )
    console.print(table)
    for row in rows:
        start_s = row.command_s - sum(row.stages_s.values())
        shares = {**row.stages_s, "start-up and the rest": start_s}
        console.print(
            f"{row.clip}: " + ", ".join(f"{k} {v:.2f} s ({v / row.command_s:.0%})" for k, v in shares.items())
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*", type=Path, help="measured besides the two made ones")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument("--work", type=Path, help="keep the made clips here")
    parser.add_argument("--runs", type=int, default=3, help="of each (default 3); the median counts")
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--only", action="store_true", help="only the clips named, not the made ones")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = asked.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        subjects = [Subject(path) for path in asked.clips]
        if not asked.only:
            made = [
                made_clip(n, work, height=asked.height, duration_s=asked.seconds) for n in ("film", "dance")
            ]
            subjects = made + subjects
        measure(made_clip("dance", work, height=180, duration_s=3.0), Path(scratch), 1)
        rows = [measure(subject, Path(scratch), max(asked.runs, 1)) for subject in subjects]
    if asked.json:
        print(json.dumps([{**asdict(row), "limit": row.limit} for row in rows], indent=2))
    else:
        show(rows, Console(width=160))


if __name__ == "__main__":
    main()
