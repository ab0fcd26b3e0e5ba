"""How long does a session take to follow an edit, and what stays? `python -m benchmarks.session_edit CLIP`

A session of the clip is rendered. Then, one after another, hits are moved by 200 ms in `plan.json` and the
session is rendered again: seconds on the clock and of this process, in which bars the music is another, how
many stems were written, and whether every note of every other bar is the same to the tick.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from generators.plan import Plan
from generators.plan_file import load_plan
from generators.rhythm.splice import bars_of
from v2m.midi_reading import read_tracks
from v2m.session import Session, open_session, render_session

SHIFT_S = 0.2


def notes_by_bar(session: Session, plan: Plan) -> dict[int, set[tuple[object, ...]]]:
    """Bar, from 1 → the notes that begin in it."""
    rows: dict[int, set[tuple[object, ...]]] = {}
    for track in read_tracks(session.folder / "music.mid").tracks:
        columns = (track.start_s, track.duration_s, track.pitch, track.velocity)
        bars = bars_of(track, plan.grid).tolist()
        for bar, *note in zip(bars, *(c.tolist() for c in columns), strict=True):
            rows.setdefault(bar + 1, set()).add((track.name, *note))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--edits", type=int, default=5)
    parser.add_argument("--style")
    asked = parser.parse_args()
    table = Table("hit at s", "clock s", "process s", "bars asked for", "bars changed", "stems written")
    with tempfile.TemporaryDirectory() as folder:
        session = open_session(asked.clip.absolute(), Path(folder) / "clip.v2m", style=asked.style)
        render_session(session)
        path = session.folder / "plan.json"
        planned = [i for i, hit in enumerate(load_plan(path).hits) if hit.planned]
        for index in np.unique(np.linspace(0, len(planned) - 1, asked.edits).round().astype(int)):
            data, before = json.loads(path.read_text()), load_plan(path)
            old = notes_by_bar(session, before)
            hit = data["hits"][planned[index]]
            hit["time_s"] = min(round(hit["time_s"] + SHIFT_S, 3), data["duration_s"])
            path.write_text(json.dumps(data, indent=1))
            clock_s, process_s = time.perf_counter(), time.process_time()
            made = render_session(session).made
            clock_s, process_s = time.perf_counter() - clock_s, time.process_time() - process_s
            new = notes_by_bar(session, load_plan(path))
            asked_for = sorted({b for one in made if one.stage == "music" for b in one.bars or ()})
            other = sorted(b for b in old.keys() | new.keys() if old.get(b) != new.get(b))
            stems = sum(one.stage == "stems" for one in made)
            table.add_row(
                f"{hit['time_s']:.2f}",
                f"{clock_s:.1f}",
                f"{process_s:.1f}",
                str(asked_for),
                str(other),
                f"{stems} of {len(session.stems)}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
