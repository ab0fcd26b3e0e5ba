"""Plan + kept tracks → what the composer has to know of them: who rests, what sounds, what may be written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generators.kept import PAN, REVERB, Control, KeptTrack, KeptTracks
from generators.music import Voice
from generators.plan import Plan
from generators.region import EVERYTHING, Marked, Region, check_apart
from generators.rhythm.band import Band
from generators.rhythm.drums import Drumming
from generators.rhythm.expression import BLOOM_S, SHORTEST_S, Played
from generators.rhythm.harmony import Harmony
from generators.rhythm.kept_harmony import hear_harmony
from generators.rhythm.kept_lineup import Lineup, line_up, melody_of, with_room
from generators.rhythm.kept_notes import Heard
from generators.rhythm.kept_timing import KICKS, kicks_of, lead_s, slots_of, with_strokes
from generators.rhythm.melody import KeptTune
from generators.rhythm.notes import Note
from generators.rhythm.timeline import Timeline

NEAR_EDGE_SLOTS, NEAR_EDGE_S = 0.3, 0.03  # how far from a slot a note for it may be played
HOLDING = ("pad", "chords", "bass", "counter")  # who strikes a held note again where writing begins
SINGLE = ("bass", "melody", "counter")  # who plays one note at a time
EXPRESSION, SUSTAIN, DOWN = 11, 64, 64
GAP_S = 0.001
LEFT_OF_NOTE = 0.5  # of a note that the same key keeps from beginning, so much must be left


@dataclass(frozen=True, eq=False)
class Guide:
    """What is kept, and where something is written.

    Attributes:
        timeline: of the plan, with kept strokes as accents.
        band: the style's players that have something to play.
        kept: the tracks.
        lineup: who plays them.
        leads_s: how far ahead of the grid each track is played.
        written: half-open ranges of slots that are written anew, or None if no track is touched and the
            other voices are written everywhere.
        marked: which voices and keys are written anew there.
    """

    timeline: Timeline
    band: Band
    kept: KeptTracks
    lineup: Lineup
    leads_s: tuple[float, ...]
    written: tuple[tuple[int, int], ...] | None
    marked: Marked = EVERYTHING

    @property
    def bloom_s(self) -> float:
        """How much ahead of the beat written notes are played: as much as the kept ones."""
        bodies = (
            lead
            for lead, voice in zip(self.leads_s, self.lineup.voices, strict=True)
            if voice.role != "accents"
        )
        return min([BLOOM_S, *bodies])

    @cached_property
    def spans_s(self) -> list[tuple[float, float]]:
        """The ranges that are written anew, in seconds on the grid's time."""
        end = int(self.timeline.first_slot[-1])
        return [
            (self.timeline.seconds(a), np.inf if b >= end else self.timeline.seconds(b))
            for a, b in self.written or ()
        ]

    @cached_property
    def tolerance_s(self) -> float:
        steps = np.diff(self.timeline.played_s)
        return min(NEAR_EDGE_S, NEAR_EDGE_SLOTS * float(np.median(steps)))

    def stays(self, index: int) -> NDArray[np.bool_]:
        """bool `[N]`: which notes of a kept track are not in what is written anew."""
        at = self.kept.tracks[index].start_s + self.leads_s[index]
        stays = np.ones(len(at), dtype=bool)
        voice = self.lineup.voices[index]
        if not self.marked.means(voice.name):
            return stays
        for a, b in self.spans_s:
            stays &= (at < a - self.tolerance_s) | (at >= b - self.tolerance_s)
        if not voice.is_drum:
            pitch = self.kept.tracks[index].pitch
            stays |= (pitch < self.marked.low) | (pitch > self.marked.high)
        return stays

    def harmony(self, written: Harmony) -> Harmony:
        """The harmony of what is kept; `written` where nothing is."""
        tracks = list(zip(self.kept.tracks, self.leads_s, strict=True))
        if self.marked == EVERYTHING:
            heard = Heard.of([(track, lead) for track, lead in tracks if not track.is_drum])
            heard = heard.without(self.spans_s, self.tolerance_s)
        else:
            # What stays in a region tells its harmony to what is written there.
            stay = [(track.only(self.stays(i)), lead) for i, (track, lead) in enumerate(tracks)]
            heard = Heard.of([(track, lead) for track, lead in stay if not track.is_drum])
        return hear_harmony(self.timeline, self.band, heard, written)

    def rests(self, voice: Voice) -> bool:
        """Whether nothing is written for one of the style's voices: it is kept, or another in its place."""
        return self.written is None and voice.name in self.lineup.silenced

    def writes(self, voice: Voice) -> bool:
        """Whether anything is to be written for one of the style's voices."""
        return not self.rests(voice) and (self.written is None or self.marked.means(voice.name))

    def drums(self) -> list[tuple[KeptTrack, float]]:
        """The kept drums with what stays of them, and the lead of each."""
        tracks = enumerate(zip(self.kept.tracks, self.lineup.voices, self.leads_s, strict=True))
        return [
            (track.only(self.stays(i)), lead) for i, (track, voice, lead) in tracks if voice.role == "drums"
        ]

    def drumming(self, written: Drumming) -> Drumming:
        """The drums that are written, and the kicks that the bass hears: kept ones where there are some."""
        drums = self.drums()
        if not drums:
            return written
        sounds = self.band.drum_sounds
        kept = kicks_of(self.timeline, drums, frozenset({*KICKS, sounds.get("kick", KICKS[0])}))
        if self.written is None:
            return Drumming((), kept)
        if not any(self.marked.means(v.name) for v in self.lineup.voices if v.role == "drums"):
            return Drumming(written.notes, kept)
        inside = {slot for slot in written.kicks if self._is_written(slot)}
        return Drumming(written.notes, frozenset(inside | {s for s in kept if not self._is_written(s)}))

    def melody(self) -> list[Note]:
        """The kept tune on the grid's slots, in order: what the others leave room for."""
        notes: list[Note] = []
        for i, (voice, track) in enumerate(zip(self.lineup.voices, self.kept.tracks, strict=True)):
            if voice.role == "melody":
                stays = self.stays(i)
                first, _ = slots_of(self.timeline, track.start_s[stays])
                last, _ = slots_of(self.timeline, track.end_s[stays])
                notes += [
                    Note(int(a), max(int(b) - int(a), 1), int(pitch), 0.7)
                    for a, b, pitch in zip(first, last, track.pitch[stays], strict=True)
                ]
        return sorted(notes, key=lambda n: n.slot)

    @cached_property
    def tune(self) -> KeptTune | None:
        """The tune that is written anew in part; None if there is none, or no track is touched."""
        notes = self.melody() if self.written is not None else []
        return KeptTune(tuple(notes), self.written) if notes and self.written is not None else None

    def within(self, voice: Voice, notes: list[Note]) -> list[Note]:
        """Of what a voice was given to play, that which is to be written.

        A chord or bass that was held from before is struck again where the writing begins.
        """
        if self.written is None:
            return notes
        if not self.marked.means(voice.name):
            return []
        out: list[Note] = []
        for first, end in self.written:
            for note in notes:
                if not voice.is_drum and not self.marked.low <= note.pitch <= self.marked.high:
                    continue
                if first <= note.slot < end:
                    out.append(note)
                elif note.slot < first and note.end > first + 1 and voice.role in HOLDING:
                    out.append(replace(note, slot=first, length=note.end - first))
        return out

    def joined(self, voice: Voice, played: Played) -> Played:
        """A voice's kept notes as they are, with what was written for it between them.

        A written note ends before the voice's next kept one begins; it waits for a kept one that still
        sounds on its key, and in a voice of one note at a time for any.
        """
        index = self.index(voice)
        if index is None:
            return played
        track, stays = self.kept.tracks[index], self.stays(index)
        start, end, pitch = track.start_s[stays], track.end_s[stays], track.pitch[stays]
        rows: list[tuple[float, float, int, int]] = []
        for s, d, p, v in zip(played.start_s, played.duration_s, played.pitch, played.velocity, strict=True):
            until = float(s + d)
            begun = float(s)
            before = (start <= s) & (end > s + GAP_S)
            ahead = start[start > s]
            if not voice.is_drum:
                blocked = before if voice.role in SINGLE else before & (pitch == p)
                begun = max([begun, *(end[blocked] + GAP_S)])
                if len(ahead):
                    until = min(until, float(ahead.min()) - GAP_S)
            if until - begun >= max(LEFT_OF_NOTE * d if begun > s else 0.0, min(SHORTEST_S, float(d))):
                rows.append((begun, until - begun, int(p), int(v)))
        new = np.array(rows, dtype=np.float64).reshape(-1, 4)
        columns = (
            np.concatenate([track.start_s[stays], new[:, 0]]),
            np.concatenate([track.duration_s[stays], new[:, 1]]),
            np.concatenate([track.pitch[stays], new[:, 2].astype(np.int64)]),
            np.concatenate([track.velocity[stays], new[:, 3].astype(np.int64)]),
        )
        order = np.argsort(columns[0], kind="stable")
        return Played(*(column[order] for column in columns))

    def controls(self, voice: Voice, written: Sequence[Control]) -> tuple[Control, ...]:
        """A voice's controllers: the kept ones, and the written ones where it is written anew.

        Where the writing begins a pedal that is down comes up when it did before, and goes down no more;
        where it ends, every controller goes back to what the kept track had it at. Its place in the room
        is the voice's own business (`as_kept`).
        """
        index = self.index(voice)
        if index is None:
            return tuple(written)
        track = self.kept.tracks[index]
        if not self.marked.means(voice.name):
            return track.controls
        own = [c for c in track.controls if c.number not in (PAN, REVERB) or c.time_s > track.start_s[0]]
        out = []
        for c in own:
            released = c.number == SUSTAIN and c.value < DOWN
            if released or not any(a <= c.time_s < b for a, b in self.spans_s):
                out.append(c)
        for a, b in self.spans_s:
            inside = [replace(c, time_s=a) for c in written if c.time_s < a][-1:]
            inside += [c for c in written if a <= c.time_s < b]
            out += inside
            if np.isfinite(b):
                latest = {c.number: replace(c, time_s=b) for c in own if c.time_s <= b}
                if inside:
                    latest.setdefault(EXPRESSION, Control(b, EXPRESSION, 127))
                out += latest.values()
        return tuple(sorted(out, key=lambda c: c.time_s))

    def index(self, voice: Voice) -> int | None:
        """Which kept track is a voice's, if one is."""
        names = [v.name for v in self.lineup.voices]
        return names.index(voice.name) if voice.name in names else None

    def others(self, voices: Iterable[Voice]) -> list[tuple[Voice, Played]]:
        """The voices of kept tracks that are none of some voices, with nothing written for them."""
        names = {voice.name for voice in voices}
        nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
        return [(v, Played(nothing, nothing, none, none)) for v in self.lineup.voices if v.name not in names]

    def as_kept(self, voice: Voice) -> Voice:
        """A style's voice, or what has become of it in the kept tracks."""
        index = self.index(voice)
        return voice if index is None else self.lineup.voices[index]

    def _is_written(self, slot: int) -> bool:
        return any(first <= slot < end for first, end in self.written or ())


def make_guide(
    plan: Plan, band: Band, kept: KeptTracks, rewrite: Sequence[Region], marked: Marked = EVERYTHING
) -> Guide:
    """Look at the kept tracks of a plan.

    Raises:
        PlanError: if regions overlap or lie outside the music.
    """
    timeline = Timeline(plan, band.swing, band.swing_unit)
    lineup = line_up(band, kept)
    leads = tuple(lead_s(timeline, track) for track in kept.tracks)
    spans = [(region, region.beats(plan.grid, plan.duration_s)) for region in rewrite]
    check_apart(spans)
    slots = _beat_slots(timeline)
    written = tuple(sorted((slots[beats.start], slots[beats.stop]) for _, beats in spans)) if spans else None
    guide = Guide(timeline, band, kept, lineup, leads, written, marked)
    tunes = melody_of(lineup.voices, kept) if written is None else ()
    parts = (with_room(part, tunes) for part in band.parts if not guide.rests(part.voice))
    conducted = with_strokes(plan, timeline, guide.drums())
    return replace(guide, timeline=replace(timeline, plan=conducted), band=replace(band, parts=tuple(parts)))


def _beat_slots(timeline: Timeline) -> list[int]:
    """The slot on which each beat begins, and the end."""
    slots = [
        int(timeline.first_slot[b]) + beat * bar.slots_per_beat
        for b, bar in enumerate(timeline.plan.grid.bars)
        for beat in range(bar.beats)
    ]
    return [*slots, int(timeline.first_slot[-1])]
