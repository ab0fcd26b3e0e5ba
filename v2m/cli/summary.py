"""A run report in a few lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from v2m.critics.log import Log
    from v2m.report import MusicReport, RunReport


SECTIONS = 12
"""How many sections are told one by one; the plan has all."""


def print_report(report: RunReport) -> None:
    """Say what was made, how it fits, and what the person should know."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(report.outputs["scored"], style="bold"))
    print_music(report.music, console)
    if report.review is not None:
        print_review(report.review, console)
    sound = report.sound
    level = "silent" if sound.lufs is None else f"{sound.lufs:.1f} LUFS, peak {sound.true_peak_dbtp} dBTP"
    took_s = sum(report.stages_s.values())
    console.print(f"  sound    {level}, {sound.duration_s:.2f} s (made in {took_s:.1f} s)")
    for name, path in report.outputs.items():
        if name != "scored":
            console.print(Text(f"  {name.replace('save_', ''):<8} {path}"))
    print_notes(report.notes, console)


def print_music(music: MusicReport, console: Console) -> None:
    """Say what was planned: the kind of music, its form, and the hits."""
    low, high = (round(bpm) for bpm in music.tempo_bpm)
    tempo = f"{low} bpm" if low == high else f"{low}–{high} bpm"
    console.print(f"  music    {music.mode}, {music.style}, {music.key}, {tempo}, seed {music.seed}")
    form = ", ".join(f"{s.title} {_clock(s.start_s)}" for s in music.sections[:SECTIONS])
    if len(music.sections) > SECTIONS:
        form += f" and {len(music.sections) - SECTIONS} more"
    console.print(f"  form     {form} ({music.bars} bars)")
    if music.silences:
        silences = ", ".join(f"{s.kind} {s.start_s:.1f}–{s.end_s:.1f} s" for s in music.silences)
        console.print(f"  silence  {silences}")
    planned = ", ".join(f"{h.planned} of {h.planned + h.held_back + h.let_go} {h.kind}s" for h in music.hits)
    held = sum(h.held_back for h in music.hits)
    words = f"; {held} held back under words" if held else ""
    console.print(f"  hits     {f'{planned} planned{words}' if planned else 'the picture has none'}")


def print_review(review: Log, console: Console) -> None:
    """Say which candidate was kept, and what critics changed."""
    chosen = next((c for c in review.candidates if c.chosen), None)
    if chosen is not None:
        others = ", ".join(f"{c.seed}: {c.reward:+.3f}" for c in review.candidates)
        console.print(f"  best of  {len(review.candidates)} by reward: seed {chosen.seed} ({others})")
    if review.entries:
        console.print(f"  critics  {review.summary()}")
    for entry in review.kept:
        console.print(Text(f"           {entry.critic}: {entry.asks}"))


def print_notes(notes: tuple[str, ...], console: Console) -> None:
    """Say what was missing or odd, a line each."""
    for note in notes:
        console.print(Text(f"  note     {note}", style="yellow"))


def _clock(time_s: float) -> str:
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"
