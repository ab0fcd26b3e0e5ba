"""Plan → music: the page to read first.

The order is a film composer's: where the ensemble attacks (`pulse`), what harmony (`harmony`,
`voicing`), who plays (`arrangement`), then each part (`melody`, `bass`, `texture`, `drums`,
`accents`), what of it is played under words (`restraint`), the last chord (`ending`), and how all of it
is played (`expression`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from generators.desk import Desk
from generators.kept import Control, KeptTracks
from generators.music import SymbolicMusic, Voice
from generators.plan import Plan
from generators.region import Region
from generators.rhythm.accents import write_accents
from generators.rhythm.arrangement import Casting, cast_parts
from generators.rhythm.band import Band, Part, read_band
from generators.rhythm.bass import write_bass
from generators.rhythm.counter import write_counter
from generators.rhythm.drums import Drumming, write_drums
from generators.rhythm.ending import last_chord, last_stroke
from generators.rhythm.expression import BLOOM_S, Played, perform
from generators.rhythm.harmony import Harmony, harmonise
from generators.rhythm.idiom import as_held, own_pulse, power_chords
from generators.rhythm.kept_guide import Guide, make_guide
from generators.rhythm.melody import Theme, write_melody
from generators.rhythm.motif import Motif, invent
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Pulse, find_pulse
from generators.rhythm.restraint import Restraint
from generators.rhythm.swells import CONTROLLER, swells
from generators.rhythm.texture import Voicings, write_texture
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import bass_line, voice_chords
from generators.rhythm.written_harmony import as_written
from generators.spotting import under_speech
from generators.style import load_style

if TYPE_CHECKING:
    import symusic

BASS_RANGE = (28, 50)  # of the bass that chords are voiced over where none plays
CHORD_VOICES, PAD_VOICES = 4, 3  # pads lie under others who play the chord in full
SWELLING = ("pad", "counter")


def compose(plan: Plan, kept: KeptTracks | None = None, rewrite: Sequence[Region] = ()) -> SymbolicMusic:
    """Write the music of a plan: every track in seconds on the clip's clock.

    The same plan gives the same music, note for note; another seed gives other progressions,
    motifs and patterns.

    Args:
        plan: with kept tracks, a plan in their keys (`kept_key.in_kept_keys`).
        kept: tracks that stay as they are. What no one plays in them is written around them.
        rewrite: regions in which all voices are written anew, and outside which nothing is.

    Raises:
        PlanError: if the plan's style is unknown or its file lacks something, or if a region lies
            outside the music or overlaps another.
    """
    plan = under_speech(plan)
    band = read_band(load_style(plan.style))
    guide = None if kept is None else make_guide(plan, band, kept, rewrite)
    band = band if guide is None else guide.band
    timeline = Timeline(plan, band.swing, band.swing_unit) if guide is None else guide.timeline
    pulse = find_pulse(timeline, band)
    harmony = as_written(timeline, harmonise(timeline, band))
    casting = cast_parts(timeline, band)
    restraint = Restraint(timeline, casting)
    drumming = write_drums(timeline, band, pulse, casting.has("drums"))
    melody: list[Note] = []
    if guide is not None:
        harmony, drumming, melody = guide.harmony(harmony), guide.drumming(drumming), guide.melody()
    motifs = {label: invent(timeline, band, label, groove) for label, groove in pulse.grooves.items()}

    tracks: list[tuple[Voice, Played]] = []
    themes: dict[str, Theme] = {}
    voiced: list[list[tuple[int, ...]]] = []
    sung_at = None if guide is None else guide.sung_at
    for part in sorted(band.parts, key=lambda p: p.voice.role == "counter"):  # a counter hears the melody
        notes = _part(
            timeline, pulse, harmony, drumming, casting, motifs, part, melody, themes, voiced, sung_at
        )
        notes = restraint.of_part(notes, part)
        if part in casting.sections[-1]:
            notes = [*notes, *last_chord(timeline, harmony, part, notes)]
        if guide is not None:
            notes = guide.within(part.voice, notes)
        if part.voice.role == "melody":
            melody = sorted([*melody, *notes], key=lambda n: n.slot)
        tracks.append(
            (part.voice, _played(timeline, band, part.voice, notes, part.stress, part.attack_s, guide))
        )
    strokes = write_accents(timeline, harmony, band.accents, restraint.strikes)
    weight = _final_weight(plan)
    for accent in band.accents:
        if guide is not None and guide.rests(accent.voice):
            continue
        notes = [*strokes[accent.voice.name], *last_stroke(timeline, harmony, accent, weight)]
        if guide is not None:
            notes = guide.within(accent.voice, notes)
        tracks.append((accent.voice, _played(timeline, band, accent.voice, notes, 1.0, 0.0, guide)))
    return _score(timeline, tracks, band.desk, guide)


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
    voiced: list[list[tuple[int, ...]]],
    sung_at: Callable[[int], int | None] | None,
) -> list[Note]:
    """One part, section by section.

    A label's first melody is added to `themes`, how the part voices each chord to `voiced`.
    """
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
        voices = PAD_VOICES if role == "pad" else CHORD_VOICES
        voiced.append(
            power_chords(chords, part.low, part.high)
            if part.power
            else voice_chords(chords, basses, part.low, part.high, voices, voiced)
        )
        # Two voices on one note are one note to a player.
        voiced[-1] = [tuple(dict.fromkeys(pitches)) for pitches in voiced[-1]]
        voicings = dict(zip((s.start for s in harmony.spans), voiced[-1], strict=True))
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
            motif = motifs[section.label]
            sung = write_melody(timeline, harmony, pulse, motif, section, part, theme, sung_at)
            themes.setdefault(section.label, Theme(int(timeline.first_slot[section.start_bar]), tuple(sung)))
            notes += sung
        elif role == "counter":
            beside = {s.start: [p for v in voiced for p in v[k]] for k, s in enumerate(harmony.spans)}
            notes += write_counter(timeline, harmony, part, bars, melody, beside)
        else:
            notes += write_texture(timeline, harmony, pulse, voicings, part, bars)
    return as_held(notes, part)


def _played(
    timeline: Timeline,
    band: Band,
    voice: Voice,
    notes: list[Note],
    stress: float,
    attack_s: float,
    guide: Guide | None,
) -> Played:
    rng = timeline.random("play", voice.name)
    bloom_s = BLOOM_S if guide is None else guide.bloom_s
    return perform(timeline, notes, rng, band.humanise_s, stress, attack_s, bloom_s)


def _final_weight(plan: Plan) -> float:
    """How heavily the last chord is struck: as loud as the last bars are."""
    return float(np.clip(np.mean(plan.curves.loudness[-2:]), 0.0, 1.0))


def _score(
    timeline: Timeline, tracks: list[tuple[Voice, Played]], desk: Desk, guide: Guide | None
) -> SymbolicMusic:
    import symusic.core as core

    score = core.ScoreSecond(480)
    voices: list[Voice] = []
    waves = [Control(float(t), CONTROLLER, int(v)) for t, v in zip(*swells(timeline), strict=True)]
    for voice, played in [*tracks, *([] if guide is None else guide.others(v for v, _ in tracks))]:
        controls: Sequence[Control] = waves if voice.role in SWELLING else ()
        if guide is not None:
            played, controls = guide.joined(voice, played), guide.controls(voice, controls)
            voice = guide.as_kept(voice)
        score.tracks.append(_track(voice, played, controls))
        voices.append(voice)
    plan = timeline.plan
    beats_s = np.array([beat_s for bar in plan.grid.bars for beat_s in bar.beats_s])
    beat_s = float(np.median(np.diff(beats_s))) if len(beats_s) > 1 else plan.duration_s
    # What others have played is theirs, and is not hushed.
    silences_s = () if guide is not None else tuple((s.start_s, s.end_s) for s in plan.silences)
    return SymbolicMusic(score, tuple(voices), plan.duration_s, desk.in_time(beat_s), plan.seed, silences_s)


def _track(voice: Voice, played: Played, controls: Sequence[Control]) -> symusic.core.TrackSecond:
    import symusic.core as core

    track = core.TrackSecond(voice.name, voice.program, voice.is_drum)
    if len(played.start_s):
        track.notes = core.NoteSecondList.from_numpy(
            played.start_s.astype(np.float32),
            played.duration_s.astype(np.float32),
            played.pitch.astype(np.int8),
            played.velocity.astype(np.int8),
        )
    for control in controls:
        if control.number is None:
            track.pitch_bends.append(core.PitchBendSecond(control.time_s, control.value))
        else:
            track.controls.append(core.ControlChangeSecond(control.time_s, control.number, control.value))
    return track
