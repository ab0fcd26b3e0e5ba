"""Plan → music: the page to read first.

The order is a film composer's: where the ensemble attacks (`pulse`), what harmony (`harmony`,
`voicing`), who plays (`arrangement`), then each part (`melody`, `bass`, `texture`, `drums`,
`accents`), the last chord (`ending`), and how all of it is played (`expression`).
"""

from __future__ import annotations

import numpy as np

from generators.desk import Desk
from generators.music import SymbolicMusic, Voice
from generators.plan import Plan
from generators.rhythm.accents import write_accents
from generators.rhythm.arrangement import Casting, cast_parts
from generators.rhythm.band import Band, Part, read_band
from generators.rhythm.bass import write_bass
from generators.rhythm.counter import write_counter
from generators.rhythm.drums import Drumming, write_drums
from generators.rhythm.ending import last_chord, last_stroke
from generators.rhythm.expression import Played, perform
from generators.rhythm.harmony import Harmony, harmonise
from generators.rhythm.idiom import as_held, own_pulse, power_chords
from generators.rhythm.melody import Theme, write_melody
from generators.rhythm.motif import Motif, invent
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Pulse, find_pulse
from generators.rhythm.swells import CONTROLLER, swells
from generators.rhythm.texture import Voicings, write_texture
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import bass_line, voice_chords
from generators.style import load_style

BASS_RANGE = (28, 50)  # of the bass that chords are voiced over where none plays
SWELLING = ("pad", "counter")


def compose(plan: Plan) -> SymbolicMusic:
    """Write the music of a plan: every track in seconds on the clip's clock.

    The same plan gives the same music, note for note; another seed gives other progressions,
    motifs and patterns.

    Raises:
        PlanError: if the plan's style is unknown or its file lacks something.
    """
    band = read_band(load_style(plan.style))
    timeline = Timeline(plan, band.swing, band.swing_unit)
    pulse = find_pulse(timeline, band)
    harmony = harmonise(timeline, band)
    casting = cast_parts(timeline, band)
    drumming = write_drums(timeline, band, pulse, casting.has("drums"))
    motifs = {label: invent(timeline, band, label, groove) for label, groove in pulse.grooves.items()}

    tracks: list[tuple[Voice, Played]] = []
    melody: list[Note] = []
    themes: dict[str, Theme] = {}
    for part in sorted(band.parts, key=lambda p: p.voice.role == "counter"):  # a counter hears the melody
        notes = _part(timeline, pulse, harmony, drumming, casting, motifs, part, melody, themes)
        if part.voice.role == "melody":
            melody = sorted([*melody, *notes], key=lambda n: n.slot)
        if part in casting.sections[-1]:
            notes = [*notes, *last_chord(timeline, harmony, part, notes)]
        tracks.append((part.voice, _played(timeline, band, part.voice, notes, part.stress, part.attack_s)))
    strokes = write_accents(timeline, harmony, band.accents)
    weight = _final_weight(plan)
    for accent in band.accents:
        notes = [*strokes[accent.voice.name], *last_stroke(timeline, harmony, accent, weight)]
        tracks.append((accent.voice, _played(timeline, band, accent.voice, notes, 1.0, 0.0)))
    return _score(timeline, tracks, band.desk)


def _part(
    timeline: Timeline,
    pulse: Pulse,
    harmony: Harmony,
    drumming: Drumming,
    casting: Casting,
    motifs: dict[str, Motif],
    part: Part,
    melody: list[Note],
    themes: dict[str, Theme],
) -> list[Note]:
    """One part, section by section; a label's first melody is added to `themes`."""
    sections = timeline.plan.sections
    chords = [span.chord for span in harmony.spans]
    role = part.voice.role
    notes: list[Note] = []
    lows: dict[int, int] = {}
    voicings: Voicings = {}
    pulse = own_pulse(timeline, part, pulse)
    kicks = frozenset[int]() if part.rhythms else drumming.kicks
    if role == "bass":
        lows = dict(
            zip((s.start for s in harmony.spans), bass_line(chords, part.low, part.high), strict=True)
        )
    elif role in ("pad", "chords", "arpeggio"):
        players = (p for parts in casting.sections for p in parts if p.voice.role == "bass")
        low, high = next(((p.low, p.high) for p in players), BASS_RANGE)
        basses = bass_line(chords, low, high)
        voiced = (
            power_chords(chords, part.low, part.high)
            if part.power
            else voice_chords(chords, basses, part.low, part.high)
        )
        voicings = dict(zip((s.start for s in harmony.spans), voiced, strict=True))
    for index, section in enumerate(sections):
        if not casting.plays(part, index):
            continue
        bars = range(section.start_bar, section.end_bar)
        if role == "drums":
            first, end = (int(timeline.first_slot[b]) for b in (bars.start, bars.stop))
            notes += drumming.within(first, end)
        elif role == "bass":
            notes += write_bass(timeline, harmony, pulse, kicks, lows, part, bars)
        elif role == "melody":
            theme = themes.get(section.label)
            sung = write_melody(timeline, harmony, pulse, motifs[section.label], section, part, theme)
            themes.setdefault(section.label, Theme(int(timeline.first_slot[section.start_bar]), tuple(sung)))
            notes += sung
        elif role == "counter":
            notes += write_counter(timeline, harmony, part, bars, melody)
        else:
            notes += write_texture(timeline, harmony, pulse, voicings, part, bars)
    return as_held(notes, part)


def _played(
    timeline: Timeline, band: Band, voice: Voice, notes: list[Note], stress: float, attack_s: float
) -> Played:
    rng = timeline.random("play", voice.name)
    return perform(timeline, notes, rng, band.humanise_s, stress, attack_s)


def _final_weight(plan: Plan) -> float:
    """How heavily the last chord is struck: as loud as the last bars are."""
    return float(np.clip(np.mean(plan.curves.loudness[-2:]), 0.0, 1.0))


def _score(timeline: Timeline, tracks: list[tuple[Voice, Played]], desk: Desk) -> SymbolicMusic:
    import symusic.core as core

    score = core.ScoreSecond(480)
    times_s, values = swells(timeline)
    for voice, played in tracks:
        track = core.TrackSecond(voice.name, voice.program, voice.is_drum)
        if len(played.start_s):
            track.notes = core.NoteSecondList.from_numpy(
                played.start_s.astype(np.float32),
                played.duration_s.astype(np.float32),
                played.pitch.astype(np.int8),
                played.velocity.astype(np.int8),
            )
        if voice.role in SWELLING:
            for time_s, value in zip(times_s, values, strict=True):
                track.controls.append(core.ControlChangeSecond(float(time_s), CONTROLLER, int(value)))
        score.tracks.append(track)
    plan = timeline.plan
    beats_s = np.array([beat_s for bar in plan.grid.bars for beat_s in bar.beats_s])
    beat_s = float(np.median(np.diff(beats_s))) if len(beats_s) > 1 else plan.duration_s
    voices = tuple(voice for voice, _ in tracks)
    return SymbolicMusic(score, voices, plan.duration_s, desk.in_time(beat_s), plan.seed)
