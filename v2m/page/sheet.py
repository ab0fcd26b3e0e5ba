"""A plan and its notes → the cue sheet that the page draws and lets be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from v2m.score_page import svg
from v2m.score_page.text import instant, text

if TYPE_CHECKING:
    from generators.kept import KeptTrack
    from generators.plan import Plan
    from v2m.midi_reading import MidiScore

_MOST_BARS_NUMBERED = 40
_LEAST_NOTE_SHARE = 0.002
_KINDS = {"section": "turn", "beat": "step"}
_EDITS = ("section", "cut", "fade")


@dataclass(frozen=True)
class HitLine:
    """One hit.

    Attributes:
        time_s: in the picture.
        played_s: in the music.
        kind: section, cut, fade or beat.
        planned: whether the music meets it.
        why: the planner's word on it.
    """

    time_s: float
    played_s: float
    kind: str
    planned: bool
    why: str

    def __str__(self) -> str:
        state = "met" if self.planned else "let go"
        return f"{instant(self.time_s, exact=True)}  {_KINDS.get(self.kind, self.kind)}, {state}"


@dataclass(frozen=True)
class SectionLine:
    """One section: its title and role, its key, where it lies, and its bars, counted from 1."""

    title: str
    role: str
    key: str
    start_s: float
    end_s: float
    first_bar: int
    last_bar: int

    def __str__(self) -> str:
        return f"{self.title}  {instant(self.start_s)}–{instant(self.end_s)}, {self.role}, {self.key}"


@dataclass(frozen=True)
class TrackLine:
    """One track: its name, its notes as (start, end, pitch), seconds, and whether it is drums."""

    name: str
    notes: tuple[tuple[float, float, int], ...]
    is_drum: bool


@dataclass(frozen=True)
class Sheet:
    """The cue sheet of one version."""

    duration_s: float
    style: str
    hits: tuple[HitLine, ...]
    sections: tuple[SectionLine, ...]
    tracks: tuple[TrackLine, ...]
    downbeats_s: tuple[float, ...]
    beats_s: tuple[float, ...]

    @classmethod
    def of(cls, plan: Plan, score: MidiScore) -> Sheet:
        """The sheet of a plan and of the notes that were written on it."""
        grid, end_s = plan.grid, plan.duration_s
        sections = tuple(
            SectionLine(
                s.title, s.role, str(s.key), max(0.0, grid.bars[s.start_bar].start_s),
                min(grid.bar_end_s(s.end_bar - 1), end_s), s.start_bar + 1, s.end_bar,
            )
            for s in plan.sections
        )  # fmt: skip
        tracks = tuple(
            TrackLine(
                track.name,
                _notes(track),
                track.is_drum,
            )
            for track in score.tracks
            if len(track.start_s)
        )
        hits = tuple(HitLine(h.time_s, h.played_s, h.kind, h.planned, h.why) for h in plan.hits)
        return cls(
            end_s,
            plan.style,
            hits,
            sections,
            tracks,
            tuple(grid.downbeats_s.tolist()),
            tuple(grid.beats_s.tolist()),
        )


def _notes(track: KeptTrack) -> tuple[tuple[float, float, int], ...]:
    ends_s = track.start_s + track.duration_s
    return tuple(zip(track.start_s.tolist(), ends_s.tolist(), track.pitch.tolist(), strict=True))


def draw(sheet: Sheet, film: str, chosen_hit: int | None = None, chosen_section: int | None = None) -> str:
    """The sheet on one time axis: film, form, hits, bars, notes; hits and sections can be chosen.

    Args:
        sheet: what is drawn.
        film: address of the film strip, one picture stretched over the axis.
        chosen_hit, chosen_section: which of them are marked.
    """
    lanes = [
        f'<div class="v-lane v-film"><img alt="Film strip of the clip" src="{text(film)}"></div>',
        _lane(
            "Form",
            "".join(_section(k, s, k == chosen_section, sheet) for k, s in enumerate(sheet.sections)),
            "v-form",
        ),
        _lane("Hits", "".join(_hit(k, hit, k == chosen_hit) for k, hit in enumerate(sheet.hits)), "v-hits"),
        _lane("Bars", _bars(sheet), "v-bars"),
        _lane("Notes", _roll(sheet), "v-roll"),
    ]
    return (
        f'<div class="v-sheet" style="--d:{sheet.duration_s:.6g}"><div class="v-axis">{"".join(lanes)}'
        '<div class="v-now" style="--t:0"></div></div></div>'
    )


def _lane(name: str, body: str, kind: str) -> str:
    return f'<div class="v-lane {kind}"><span class="v-name">{name}</span>{body}</div>'


def _section(number: int, section: SectionLine, chosen: bool, sheet: Sheet) -> str:
    width = section.end_s - section.start_s
    label = f"Section {section}, bars {section.first_bar} to {section.last_bar}"
    return (
        f'<button type="button" class="v-section l{ord(section.title[0]) % 5}" data-section="{number}" '
        f'aria-pressed="{"true" if chosen else "false"}" aria-label="{text(label)}" '
        f'style="--t:{svg.short(section.start_s)};--w:{svg.short(width)}">'
        f"<b>{text(section.title)}</b> {text(section.key)}</button>"
    )


def _hit(number: int, hit: HitLine, chosen: bool) -> str:
    state = "met" if hit.planned else "gone"
    size = "edit" if hit.kind in _EDITS else "step"
    late = f", played at {instant(hit.played_s, exact=True)}" if hit.planned else ""
    return (
        f'<button type="button" class="v-hit {state} {size}" data-hit="{number}" data-s="{hit.time_s:.3f}" '
        f'aria-pressed="{"true" if chosen else "false"}" title="{text(hit.why)}" '
        f'aria-label="{text(str(hit) + late)}" style="--t:{svg.short(hit.time_s)}"></button>'
    )


def _bars(sheet: Sheet) -> str:
    step = -(-len(sheet.downbeats_s) // _MOST_BARS_NUMBERED)
    numbers = "".join(
        f'<span style="--t:{svg.short(t)}">{k + 1}</span>'
        for k, t in enumerate(sheet.downbeats_s)
        if k % step == 0
    )
    beats = "".join(f"M{svg.short(t)} 70V100" for t in sheet.beats_s)
    downbeats = "".join(f"M{svg.short(t)} 40V100" for t in sheet.downbeats_s)
    return _svg(sheet, f'<path class="beat" d="{beats}"/><path class="downbeat" d="{downbeats}"/>') + numbers


def _roll(sheet: Sheet) -> str:
    """Notes, a colour a track; drums as ticks at the foot."""
    pitches = [pitch for track in sheet.tracks if not track.is_drum for _, _, pitch in track.notes]
    low, high = (min(pitches), max(pitches)) if pitches else (60, 72)
    paths = []
    for nth, track in enumerate(sheet.tracks):
        if track.is_drum:
            ticks = "".join(f"M{svg.short(start)} 94V100" for start, _, _ in track.notes[: svg.MOST_TICKS])
            paths.append(f'<path class="drum" d="{ticks}"><title>{text(track.name)}</title></path>')
            continue
        least_s = _LEAST_NOTE_SHARE * sheet.duration_s
        spans = svg.spans(
            (start, max(end, start + least_s), 88 - 84 * (pitch - low) / max(high - low, 1))
            for start, end, pitch in track.notes[: svg.MOST_NOTES]
        )
        paths.append(f'<path class="note c{nth % 7}" d="{spans}"><title>{text(track.name)}</title></path>')
    return _svg(sheet, "".join(paths), "Notes of every track over time")


def _svg(sheet: Sheet, inner: str, says: str = "") -> str:
    seen = f'role="img" aria-label="{says}"' if says else 'aria-hidden="true"'
    box = f"0 0 {svg.short(sheet.duration_s)} 100"
    return f'<svg viewBox="{box}" preserveAspectRatio="none" {seen}>{inner}</svg>'
