"""Plan → music: the page to read first.

The order is a film composer's: where the ensemble attacks (`pulse`), what harmony (`harmony`,
`voicing`), who plays (`arrangement`), then each part (`melody`, `bass`, `texture`, `drums`,
`accents`), what of it is played under words (`restraint`), the last chord (`ending`), and how all of it
is played (`expression`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generators.desk import Desk
from generators.kept import Control, KeptTracks, tracks_of
from generators.music import SymbolicMusic, Voice
from generators.plan import Plan
from generators.region import EVERYTHING, Marked, Region
from generators.rhythm.accents import SAME_INSTANT_S, write_accents
from generators.rhythm.arrangement import Casting, cast_parts
from generators.rhythm.band import CHORDAL, Band, Part, read_band
from generators.rhythm.bass import write_bass
from generators.rhythm.counter import write_counter
from generators.rhythm.drums import Drumming, write_drums
from generators.rhythm.ending import last_chord, last_stroke
from generators.rhythm.expression import BLOOM_S, Played, perform
from generators.rhythm.harmony import Harmony, harmonise
from generators.rhythm.idiom import as_held, own_pulse, power_chords
from generators.rhythm.kept_guide import Guide, make_guide
from generators.rhythm.melody import KeptTune, Theme, write_melody
from generators.rhythm.motif import Motif, invent
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Pulse, find_pulse
from generators.rhythm.registers import ceilings
from generators.rhythm.restraint import Restraint
from generators.rhythm.scheme import Scheme, chord_sheet, in_bars, on_sheet, playing_of, recast
from generators.rhythm.swells import CONTROLLER, dying, swells
from generators.rhythm.texture import Voicings, write_texture
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import bass_line, voice_chords
from generators.rhythm.written_harmony import as_written
from generators.spotting import under_speech
from generators.style import load_style
from generators.takes import Take

if TYPE_CHECKING:
    import symusic

BASS_RANGE = (28, 50)  # of the bass that chords are voiced over where none plays
CHORD_VOICES, PAD_VOICES = 4, 3  # pads lie under others who play the chord in full
SWELLING = ("pad", "counter")
WRITTEN = {"melody": 0, "counter": 2}  # when a role is written: the others in between


@dataclass(frozen=True)
class _Ground:
    """What all parts are written on."""

    band: Band
    guide: Guide | None
    timeline: Timeline
    pulse: Pulse
    harmony: Harmony
    casting: Casting


def _ground(
    plan: Plan, kept: KeptTracks | None, rewrite: Sequence[Region], scheme: Scheme | None, marked: Marked
) -> _Ground:
    plan = under_speech(plan)
    band = read_band(load_style(plan.style))
    guide = None if kept is None else make_guide(plan, band, kept, rewrite, marked)
    band = band if guide is None else guide.band
    timeline = Timeline(plan, band.swing, band.swing_unit) if guide is None else guide.timeline
    pulse = find_pulse(timeline, band)
    harmony = as_written(timeline, harmonise(timeline, band))
    if guide is not None:
        harmony = guide.harmony(harmony)
    casting = cast_parts(timeline, band)
    if scheme is not None:
        harmony = on_sheet(timeline, harmony, scheme.chords)
        casting = recast(plan, band, casting, scheme)
    return _Ground(band, guide, timeline, pulse, harmony, casting)


def outline(plan: Plan, kept: KeptTracks | None = None) -> Scheme:
    """The chords and players that `compose` decides on by itself.

    Raises:
        PlanError: as `compose`.
    """
    ground = _ground(plan, kept, (), None, EVERYTHING)
    guide = ground.guide
    accents = () if guide is None else (a.voice for a in ground.band.accents if guide.rests(a.voice))
    playing = playing_of(plan, ground.band, ground.casting, frozenset(voice.name for voice in accents))
    return Scheme(chord_sheet(ground.timeline, ground.harmony), playing)


def compose(
    plan: Plan,
    kept: KeptTracks | None = None,
    rewrite: Sequence[Region] = (),
    *,
    scheme: Scheme | None = None,
    marked: Marked = EVERYTHING,
) -> SymbolicMusic:
    """Write the music of a plan: every track in seconds on the clip's clock.

    The same plan gives the same music, note for note; another seed gives other progressions,
    motifs and patterns.

    Args:
        plan: with kept tracks, a plan in their keys (`kept_key.in_kept_keys`).
        kept: tracks that stay as they are. What no one plays in them is written around them.
        rewrite: regions in which all voices are written anew, and outside which nothing is.
        scheme: the chords and players, `outline`'s or changed; decided here if None.
        marked: the voices and keys that are written anew in the regions.

    Raises:
        PlanError: if the plan's style is unknown or its file lacks something, if a region lies
            outside the music or overlaps another, or if the scheme has a chord outside the bars.
    """
    ground = _ground(plan, kept, rewrite, scheme, marked)
    band, guide, timeline, pulse = ground.band, ground.guide, ground.timeline, ground.pulse
    harmony, casting = ground.harmony, ground.casting
    restraint = Restraint(timeline, casting)
    drumming = write_drums(timeline, band, pulse, casting.has("drums"))
    melody: list[Note] = []
    if guide is not None:
        drumming, melody = guide.drumming(drumming), guide.melody()
    writing = [part for part in band.parts if guide is None or guide.writes(part.voice)]
    if any(part.voice.role in CHORDAL for part in writing):
        # Who plays chords leaves room for the others who do, whether or not theirs are written anew.
        writing = [part for part in band.parts if part in writing or part.voice.role in CHORDAL]
    motifs: dict[str, Motif] = {}
    if any(part.voice.role == "melody" for part in writing):
        motifs = {label: invent(timeline, band, label, groove) for label, groove in pulse.grooves.items()}

    tracks: list[tuple[Voice, Played]] = []
    themes: dict[str, Theme] = {}
    voiced: list[list[tuple[int, ...]]] = []
    tune = None if guide is None else guide.tune
    # The others hear the melody, and a counter-melody all of them.
    for part in sorted(band.parts, key=lambda p: WRITTEN.get(p.voice.role, 1)):
        notes: list[Note] = []
        if part in writing:
            notes = _part(restraint, pulse, harmony, drumming, motifs, part, melody, themes, voiced, tune)
            notes = restraint.of_part(notes, part)
        if part in casting.sections[-1]:
            notes = [*notes, *last_chord(timeline, harmony, part, notes)]
        if scheme is not None:
            notes = in_bars(timeline, scheme, part.voice.name, notes)
        if guide is not None:
            notes = guide.within(part.voice, notes)
        if part.voice.role == "melody":
            melody = sorted([*melody, *notes], key=lambda n: n.slot)
        tracks.append(
            (part.voice, _played(timeline, band, part.voice, notes, part.stress, part.attack_s, guide))
        )
    order = {part.voice.name: k for k, part in enumerate(band.parts)}
    tracks.sort(key=lambda track: (track[0].role == "counter", order[track[0].name]))
    strokes = write_accents(timeline, harmony, band.accents)
    weight = _final_weight(plan)
    for accent in band.accents:
        if guide is not None and guide.rests(accent.voice):
            continue
        notes = [*strokes[accent.voice.name], *last_stroke(timeline, harmony, accent, weight)]
        if scheme is not None:
            notes = in_bars(timeline, scheme, accent.voice.name, notes)
        if guide is not None:
            notes = guide.within(accent.voice, notes)
        tracks.append((accent.voice, _played(timeline, band, accent.voice, notes, 1.0, 0.0, guide)))
    music = _score(timeline, tracks, band, guide)
    return music if kept is not None else _taken_again(plan, music, scheme)


def _taken_again(plan: Plan, music: SymbolicMusic, scheme: Scheme | None) -> SymbolicMusic:
    """The music with the plan's takes written over it, one after the other."""
    if plan.takes and scheme is None:
        scheme = outline(replace(plan, takes=()))
    for take in plan.takes:
        music = take_again(plan, music, take, scheme=scheme)
    return music


def take_again(
    plan: Plan, music: SymbolicMusic, take: Take, *, scheme: Scheme | None = None
) -> SymbolicMusic:
    """The music with some bars of some voices written anew, and everything else note for note as it is.

    Args:
        plan: that the music is of; what it says of takes is not looked at.
        music: what has been composed.
        take: which bars, whose, and with which seed.
        scheme: the chords and players, as `compose` had them; the plan's own if None.

    Raises:
        PlanError: if the take lies outside the music.
    """
    if not any(len(track.notes) for track in music.score.tracks):
        return music
    # Another seed would choose other chords and players: a take is on those that the music has.
    scheme = outline(replace(plan, takes=())) if scheme is None else scheme
    other = replace(plan, seed=take.seed, takes=())
    marked = Marked(frozenset(take.voices) or None)
    again = compose(other, tracks_of(music), (take.at,), scheme=scheme, marked=marked)
    # A take changes the notes; what is left to chance in playing them, and the silences, stay.
    return replace(again, seed=music.seed, silences_s=music.silences_s)


def _part(
    restraint: Restraint,
    pulse: Pulse,
    harmony: Harmony,
    drumming: Drumming,
    motifs: dict[str, Motif],
    part: Part,
    melody: list[Note],
    themes: dict[str, Theme],
    voiced: list[list[tuple[int, ...]]],
    tune: KeptTune | None,
) -> list[Note]:
    """One part, section by section.

    A label's first melody is added to `themes`, how the part voices each chord to `voiced`.
    """
    timeline, casting = restraint.timeline, restraint.casting
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
            else voice_chords(
                chords,
                basses,
                part.low,
                part.high,
                voices,
                voiced,
                ceilings(harmony, part, restraint.hushed, melody),
            )
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
            sung = write_melody(timeline, harmony, pulse, motif, section, part, theme, tune)
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
    timeline: Timeline, tracks: list[tuple[Voice, Played]], band: Band, guide: Guide | None
) -> SymbolicMusic:
    import symusic.core as core

    score = core.ScoreSecond(480)
    voices: list[Voice] = []
    times, levels = swells(timeline)
    waves = [*_controls(times, levels), *_controls(*dying(timeline, int(levels[-1])))[1:]]
    dies = _controls(*dying(timeline, 127))
    after_s = timeline.plan.final_s + SAME_INSTANT_S
    for voice, played in [*tracks, *([] if guide is None else guide.others(v for v, _ in tracks))]:
        # A drum, and what is struck on a cut after the last chord, dies by itself.
        strikes_on = voice.is_drum or bool((played.start_s > after_s).any())
        controls: Sequence[Control] = waves if voice.role in SWELLING else () if strikes_on else dies
        if guide is not None:
            played, controls = guide.joined(voice, played), guide.controls(voice, controls)
            voice = guide.as_kept(voice)
        voice = leveled(timeline.plan, voice)
        score.tracks.append(write_track(voice, played, controls))
        voices.append(voice)
    plan = timeline.plan
    # What others have played is theirs, and is not hushed.
    silences_s = () if guide is not None else tuple((s.start_s, s.end_s) for s in plan.silences)
    return SymbolicMusic(score, tuple(voices), plan.duration_s, desk_of(plan, band), plan.seed, silences_s)


def leveled(plan: Plan, voice: Voice) -> Voice:
    """A voice as loud as the plan wants it beside what its style does."""
    more_db = sum(level.gain_db for level in plan.levels if level.voice == voice.name)
    return replace(voice, gain_db=voice.gain_db + more_db) if more_db else voice


def desk_of(plan: Plan, band: Band) -> Desk:
    """The style's desk, its echo in the plan's tempo."""
    beats_s = np.array([beat_s for bar in plan.grid.bars for beat_s in bar.beats_s])
    return band.desk.in_time(float(np.median(np.diff(beats_s))) if len(beats_s) > 1 else plan.duration_s)


def _controls(times_s: NDArray[np.float64], values: NDArray[np.int64]) -> list[Control]:
    return [Control(float(t), CONTROLLER, int(v)) for t, v in zip(times_s, values, strict=True)]


def write_track(voice: Voice, played: Played, controls: Sequence[Control]) -> symusic.core.TrackSecond:
    """A track of notes and controllers, in seconds."""
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
