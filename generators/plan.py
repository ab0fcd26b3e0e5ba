"""Streams and wishes → `Plan`: the music's skeleton, laid on the picture, that a person can edit.

`make_plan` works in the order a film composer does: decide what kind of music (`choices`), find
where the picture turns (`form`), spot it (`targets`), find the tempo map that meets it
(`tempo_map`), say what is hit and what is let go (`hits`), draw how full and how bright each bar
is (`curves`), and divide the bars into sections (`form`). How it is kept as a file is `plan_file`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from encoders.speech import spoken_spans
from encoders.stream import Streams
from generators.choices import choose_key, choose_mode, choose_style, choose_tempo, mean_affect
from generators.cue_sheet import CueSheet, check_clip
from generators.curves import Curves, draw_curves
from generators.drawn import draw
from generators.form import Section, find_boundaries, make_sections
from generators.grid import BeatGrid, PlanError
from generators.hits import EDITS, Hit, place_again, place_hits
from generators.kept import KeptTracks
from generators.kept_grid import FREE_BPM, own_grid, targets_of
from generators.key import Key
from generators.prices import price_hits
from generators.silence import Silence, check_silences, let_go_within
from generators.silences import find_silences
from generators.speech import Speech, words_over
from generators.steer import steer
from generators.style import Style
from generators.takes import Level, Take, check_takes
from generators.targets import Targets, find_targets
from generators.tempo_map import MODE_COSTS, find_grid
from generators.wishes import METRES, Wishes
from generators.written import WrittenChord, WrittenTone, check_written

# The last chord wants this long to ring out.
RING_OUT_S = 2.2
# The grid ends within a beat of the clip; at 40 bpm and slower that is this.
LONGEST_BEAT_S = 4.0


@dataclass(frozen=True)
class Plan:
    """Everything a generator needs to know of the picture.

    Attributes:
        duration_s: length of the picture.
        mode: film or dance.
        style: name of the style file.
        key: the home key; sections carry their own.
        grid: bars, beats, and the accents on them.
        sections: in order, covering all bars.
        hits: every important instant of the picture, planned or let go.
        curves: one number a bar.
        final_s: when the last chord is struck; it rings out to `duration_s`.
        seed: every random choice of the generators follows from it.
        clip_hash: the clip it was made for.
        speech: the spoken phrases that the music keeps out of the way of, where the clip's own sound
            is kept.
        silences: where the music is meant to be silent, in order; hits within are let go.
        chords: those that are played as they are written, in order; a bar without any is harmonised.
        tune: notes that the melody goes through, in order.
        takes: bars of some voices that are written once more, in order.
        levels: voices that are mixed louder or softer than the style has them.

    Raises:
        PlanError: if curves, sections or the ending do not fit the grid.
    """

    duration_s: float
    mode: str
    style: str
    key: Key
    grid: BeatGrid
    sections: tuple[Section, ...]
    hits: tuple[Hit, ...]
    curves: Curves
    final_s: float
    seed: int
    clip_hash: str
    speech: tuple[Speech, ...] = ()
    silences: tuple[Silence, ...] = ()
    chords: tuple[WrittenChord, ...] = ()
    tune: tuple[WrittenTone, ...] = ()
    takes: tuple[Take, ...] = ()
    levels: tuple[Level, ...] = ()

    def __post_init__(self) -> None:
        bars = len(self.grid.bars)
        for name, curve in vars(self.curves).items():
            if len(curve) != bars:
                raise PlanError(f"curves.{name} has {len(curve)} numbers for {bars} bars")
        edges = [s.start_bar for s in self.sections] + [bars]
        ends = [0] + [s.end_bar for s in self.sections]
        if edges != ends or any(s.start_bar >= s.end_bar for s in self.sections):
            raise PlanError("sections must cover all bars, one after the other")
        if self.mode not in ("film", "dance"):
            raise PlanError(f"mode {self.mode!r} is neither film nor dance")
        if self.seed < 0:
            raise PlanError(f"seed {self.seed} is negative")
        if self.grid.bars[0].start_s < 0 or self.grid.beats_s[-1] >= self.duration_s:
            raise PlanError(f"every beat must lie within the clip, 0 to {self.duration_s:g} s")
        if self.grid.end_s > self.duration_s + LONGEST_BEAT_S:
            raise PlanError(f"end_s {self.grid.end_s:g} is far beyond the clip's {self.duration_s:g} s")
        for number, bar in enumerate(self.grid.bars, 1):
            for accent in bar.accents:
                even_s = self.grid.slot_time_s(number - 1, accent.slot)
                step_s = self.grid.slot_time_s(number - 1, accent.slot + 1) - even_s
                if abs(accent.time_s - even_s) > step_s:
                    raise PlanError(f"bar {number}: the accent on slot {accent.slot} is not near its slot")
        if not 0 <= self.final_s <= self.duration_s:
            raise PlanError(f"final_s {self.final_s:.3f} is outside the clip")
        check_silences(self.silences, self.final_s)
        check_written("chord", self.chords, self.grid.bars)
        check_written("note", self.tune, self.grid.bars)
        check_takes(self.takes, self.levels, len(self.grid.bars))

    @property
    def planned_hits(self) -> tuple[Hit, ...]:
        return tuple(hit for hit in self.hits if hit.planned)

    @property
    def held_back_hits(self) -> dict[Hit, str]:
        """The planned hits that nobody strikes, since somebody speaks → a phrase that says so.

        The ensemble may still have a note on them; what the film itself cuts is struck all the same.
        """
        held: dict[Hit, str] = {}
        for hit in self.planned_hits:
            over = None if hit.kind in EDITS else words_over(hit.played_s, self.speech)
            if over is not None:
                held[hit] = f"held back under the words from {over[0]:g} to {over[1]:g} s"
        return held

    @property
    def struck_hits(self) -> tuple[Hit, ...]:
        """The planned hits that are struck."""
        held = self.held_back_hits
        return tuple(hit for hit in self.planned_hits if hit not in held)


def make_plan(
    streams: Streams, wishes: Wishes, kept: KeptTracks | None = None, cues: CueSheet | None = None
) -> Plan:
    """Plan the music of a clip. Deterministic: the same streams and wishes give the same plan.

    Args:
        streams: of the clip.
        wishes: what the person asked for.
        kept: tracks to write around: their bars are the plan's, and what the picture asks for is met
            on these as well as it can be.
        cues: the cue sheet, which a person may have edited; what `spot` finds if None.

    Raises:
        PlanError: if a tempo or metre is wished for and the kept tracks bring their own, or if a stretch
            of the wishes lies outside the clip.
    """
    # The clip has its say beside the seed: two clips do not get one piece.
    rng = np.random.default_rng([wishes.seed, zlib.crc32(streams.clip_hash.encode())])
    mode = choose_mode(streams, wishes) if cues is None else cues.mode
    affect = mean_affect(streams, wishes)
    style = choose_style(mode, affect, wishes)
    boundaries_s = find_boundaries(streams)
    targets = find_targets(streams, mode, boundaries_s)
    asked = targets
    if cues is not None:
        check_clip(cues, streams)
        asked = cues.targets(targets)
        if not np.array_equal(asked.of("section").times_s, targets.of("section").times_s):
            boundaries_s = asked.of("section").times_s
    laid_on = asked if cues is not None and cues.bars_follow == "cues" else targets
    even = _even_grid(streams, wishes, mode, style, affect[1], laid_on, kept)
    grid, hits = place_hits(_rounded(even), asked, streams.duration_s)
    if cues is not None:
        grid, hits = _as_cued(grid, hits, cues)
    hits = price_hits(grid, hits, MODE_COSTS[mode])
    curves = draw_curves(streams, grid, wishes)
    key = choose_key(affect, wishes, rng)
    final_s = _final_chord(grid, hits, streams.duration_s)
    energy = (np.array(curves.density) + np.array(curves.loudness)) / 2
    sections = make_sections(streams, grid, boundaries_s, key, energy, np.array(curves.valence), final_s)
    plan = Plan(
        duration_s=streams.duration_s,
        mode=mode,
        style=style.name,
        key=key,
        grid=grid,
        sections=sections,
        hits=hits,
        curves=curves,
        final_s=final_s,
        seed=wishes.seed,
        clip_hash=streams.clip_hash,
        speech=_speech(streams),
    )
    if kept is None and wishes.silences != "none":
        plan = with_silences(plan, find_silences(streams, plan, breaths=wishes.silences == "all"))
    return steer(draw(plan, wishes.curves), wishes.stretches)


def _as_cued(grid: BeatGrid, hits: tuple[Hit, ...], cues: CueSheet) -> tuple[BeatGrid, tuple[Hit, ...]]:
    """Hits that the cue sheet says are to be met, or to be let go, whatever the planner thinks of them."""
    said = {(cue.time_s, cue.kind): cue.planned for cue in cues.cues if cue.planned is not None}
    if not said:
        return grid, hits
    met = [
        hit
        if said.get((hit.time_s, hit.kind), hit.planned) == hit.planned
        else replace(hit, planned=not hit.planned, why="as the cue sheet says")
        for hit in hits
    ]
    of_hits = {(hit.bar, hit.slot) for hit in hits if hit.planned}
    bars = (
        replace(bar, accents=tuple(a for a in bar.accents if (b, a.slot) not in of_hits))
        for b, bar in enumerate(grid.bars)
    )
    return place_again(BeatGrid(tuple(bars), grid.end_s), tuple(met), cues.duration_s)


def with_silences(plan: Plan, silences: Sequence[Silence]) -> Plan:
    """The plan with these silences and no others, in order, and no hits let go but those within them.

    Raises:
        PlanError: if two overlap, or one lies over the last chord.
    """
    ordered = tuple(sorted(silences, key=lambda silence: silence.start_s))
    return replace(plan, silences=ordered, hits=let_go_within(plan.hits, ordered))


def _speech(streams: Streams) -> tuple[Speech, ...]:
    """The phrases that are heard within the clip, in hundredths of a second."""
    if "speech" not in streams:
        return ()
    within = [(a, min(b, streams.duration_s)) for a, b in spoken_spans(streams["speech"])]
    return tuple(Speech(round(a, 2), round(b, 2)) for a, b in within if b - a > 0.05)


def _even_grid(
    streams: Streams,
    wishes: Wishes,
    mode: str,
    style: Style,
    arousal: float,
    targets: Targets,
    kept: KeptTracks | None,
) -> BeatGrid:
    """Bars and beats without accents: those of the kept tracks, or found on these, or on the picture."""
    own = None if kept is None else own_grid(kept, streams.duration_s)
    if own is not None:
        if wishes.tempo_bpm is not None:
            raise PlanError("the kept tracks bring their own tempo: leave out the one you ask for")
        if wishes.metre is not None:
            raise PlanError("the kept tracks bring their own metre: leave out the one you ask for")
        return own
    tempo_bpm, prefer_bpm = choose_tempo(streams, mode, style, arousal, wishes)
    if kept is not None:
        targets = targets_of(kept, streams.duration_s)
        tempo_bpm = FREE_BPM if wishes.tempo_bpm is None else tempo_bpm
    return find_grid(
        targets,
        streams.duration_s,
        tempo_bpm=tempo_bpm,
        prefer_bpm=prefer_bpm,
        metres=style.metres if wishes.metre is None else (METRES[wishes.metre],),
        # A dancer counts whole beats.
        dotted_bars=style.dotted_bars and mode == "film",
        costs=MODE_COSTS[mode],
    )


def _rounded(grid: BeatGrid) -> BeatGrid:
    """To a tenth of a millisecond, so that a plan read back from its file is the same plan."""
    bars = tuple(replace(bar, beats_s=tuple(round(t, 4) for t in bar.beats_s)) for bar in grid.bars)
    return BeatGrid(bars, round(grid.end_s, 4))


def _final_chord(grid: BeatGrid, hits: tuple[Hit, ...], duration_s: float) -> float:
    """When the last chord is struck: on the last cut that leaves time to ring out, else on a (down)beat."""
    ring = min(RING_OUT_S, 0.4 * duration_s)
    edits = np.array([hit.played_s for hit in hits if hit.planned and hit.kind in EDITS])
    for times, least, most in ((edits, 0.6, 1.8), (grid.downbeats_s, 0.5, 2.2), (grid.beats_s, 0.5, np.inf)):
        left = duration_s - times
        fit = times[(left >= least * ring) & (left <= most * ring)]
        if len(fit):
            even = float(fit[np.argmin(np.abs(duration_s - fit - ring))])
            bar = grid.bar_at(even + 1e-3)
            slot = round(
                (float(grid.beat_at(even)) - float(grid.first_beat[bar])) * grid.bars[bar].slots_per_beat
            )
            return max(0.0, grid.played_time_s(bar, slot))
    return 0.0
