"""Style file → Band: who can play, what, and where in the register.

The `arrangement` table of a style file (`generators/styles/NAME.toml`) holds:

    swing, swing_unit       0 straight to 1 triplets; `eighth` or `sixteenth`
    humanise_ms             how far players stray from the beat (standard deviation, at most 8)
    groove                  in film mode: true, drums keep time; false, they mark what moves
    rhythms                 one-bar onset templates, four slots a beat: `x` a note, `.` none
    [harmony]
      colour                chord colours and how likely: triad, sus2, ninth, seventh, sixth, and blues
                            (sevenths that need no resolving)
      corpora               whose songs the chords are learnt from, and how much: billboard, pop909
      seconds_per_chord     about how long a chord lasts in the emptiest bars, and in the fullest
      [harmony.progressions]  mode → progressions of Roman numerals (degrees of the major scale);
                            lydian, mixolydian fall back to major, dorian, phrygian to minor
    [mix]                   the desk: room, pump, echo, eq, glue, drive_db (see `desk.Desk`)
    [[voices]]              name, role, program, synth, gain_db, pan, reverb (see `music.Voice`),
                            eq, compress, drive_db, width, pump, echo (see `desk.Strip`) and
      pattern               how it plays: one of its role's `PATTERNS`
      rhythms               onset templates of its own, in place of the ensemble's attacks (`idiom`): X in
                            every bar, x and o as bars fill
      hold                  the share of their written length that its notes are held (default 1)
      power                 true: root, fifth and octave of each chord, as distorted guitars play
      range                 lowest and highest MIDI note
      energy                the section energies, from-to, in which it plays
      intro, outro          whether it plays in sections of that role (default true)
      stress                0 to 1: how prominent its attacks are
      attack_ms             how late its notes speak; they are played that much early, as players
                            of slow instruments do, so that all are heard together (Gordon 1987)
      pedal                 true: arpeggio notes ring on for as long as their chord
    [drums]
      family                whose grooves, fills and timing they have: a family of the groove library
      sounds                sound → General MIDI percussion key, over those of the library's drums
      levels                own patterns in place of the family's grooves, from sparse to full, each
                            sound → one bar: X strong, x, o soft
      fill                  the bar before a new section, in the same form
    [[accents]]             who strikes on the hits: a voice's fields (role is `accents`) and
      plays                 `root`, `octave`, `chord` or `drums`
      keys                  for `drums`: percussion keys struck together
      range                 for the others
      weight                hit weights, from-to, on which it plays
      kinds                 which hits it is for (section, cut, fade, beat); all if not given
      gap_s                 it rests at least so long between strokes, lest cymbals become noise
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from generators.desk import Desk, Strip
from generators.grid import PlanError
from generators.key import MODES, Key
from generators.music import Voice
from generators.rhythm.chords import parse_numeral
from generators.rhythm.grooves import DRUM_KEYS, load_families
from generators.style import Style
from generators.table import fill

STRENGTHS = {"X": 1.0, "x": 0.75, "o": 0.45}
_TEXTURES = ("sustain", "block", "stab", "comp", "offbeat", "up", "updown", "ostinato", "alberti", "chop")
# Role → the patterns it can play; written in `texture` and `bass`.
PATTERNS: dict[str, tuple[str, ...]] = {
    "pad": _TEXTURES,
    "chords": _TEXTURES,
    "arpeggio": _TEXTURES,
    "bass": ("root", "hold", "root-fifth", "octave", "walk"),
    "melody": ("lead",),
    "counter": ("line",),
    "drums": ("",),
}
CHORDAL = ("pad", "chords", "arpeggio")
STRIP = tuple(field.name for field in fields(Strip))
COLOURS = ("triad", "sus2", "ninth", "seventh", "sixth", "blues")
CORPORA = ("billboard", "pop909")
FALLBACK_MODES = {"lydian": "major", "mixolydian": "major", "dorian": "minor", "phrygian": "minor"}


@dataclass(frozen=True)
class Part:
    """One player: a voice, how it plays, and when. Fields as in the style file."""

    voice: Voice
    pattern: str
    low: int
    high: int
    energy: tuple[float, float]
    intro: bool
    outro: bool
    stress: float
    attack_s: float
    pedal: bool
    rhythms: tuple[str, ...] = ()
    hold: float = 1.0
    power: bool = False


@dataclass(frozen=True)
class AccentPart:
    """One player of the hits. Fields as in the style file."""

    voice: Voice
    plays: str
    keys: tuple[int, ...]
    low: int
    high: int
    weight: tuple[float, float]
    kinds: tuple[str, ...]
    gap_s: float


# As often as in the songs that people play at the piano (POP909): 1.4 changes a bar.
SECONDS_PER_CHORD = (2.3, 1.0)


@dataclass(frozen=True)
class Band:
    """A style, read: what the rhythm generator needs of its `arrangement` table."""

    swing: float
    swing_unit: str
    humanise_s: float
    groove: bool
    rhythms: tuple[str, ...]
    colour: dict[str, float]
    corpora: dict[str, float]
    seconds_per_chord: tuple[float, float]
    progressions: dict[str, tuple[tuple[str, ...], ...]]
    parts: tuple[Part, ...]
    accents: tuple[AccentPart, ...]
    drum_family: str
    drum_sounds: dict[str, int]
    drum_levels: tuple[dict[str, str], ...]
    drum_fill: dict[str, str]
    desk: Desk

    def progressions_in(self, mode: str) -> tuple[tuple[str, ...], ...]:
        return self.progressions.get(mode) or self.progressions[FALLBACK_MODES.get(mode, mode)]


def read_band(style: Style) -> Band:
    """Read a style's `arrangement`.

    Raises:
        PlanError: naming the style and what its arrangement lacks or misspells.
    """
    try:
        return _band(style.arrangement)
    except (KeyError, TypeError, ValueError, IndexError, PlanError) as error:
        raise PlanError(f"style {style.name}: arrangement: {error!r}") from error


def _band(table: Mapping[str, Any]) -> Band:
    harmony, drums = table["harmony"], table.get("drums", {})
    rhythms = tuple(str(r) for r in table["rhythms"])
    levels = tuple(dict(level) for level in drums.get("levels", ()))
    drum_fill = dict(drums.get("fill", {}))
    sounds = DRUM_KEYS | {name: int(key) for name, key in drums.get("sounds", {}).items()}
    own = (str(rhythm) for voice in table["voices"] for rhythm in voice.get("rhythms", ()))
    for pattern in [*rhythms, *own, *(p for level in [*levels, drum_fill] for p in level.values())]:
        if not pattern or len(pattern) % 4 or set(pattern) - {".", *STRENGTHS}:
            raise PlanError(f"pattern {pattern!r} is not four characters of 'Xxo.' a beat")
    for sound in {sound for level in [*levels, drum_fill] for sound in level}:
        if sound not in sounds:
            raise PlanError(f"drum pattern for {sound!r}, which is none of {', '.join(sounds)}")
    family = str(drums.get("family", ""))
    if family and family not in load_families():
        raise PlanError(f"drums of the family {family!r}, which is none of {', '.join(load_families())}")
    if any(voice["role"] == "drums" for voice in table["voices"]) and not (levels or family):
        raise PlanError("drums need a family, or levels of their own")
    colour = {name: float(weight) for name, weight in harmony["colour"].items()}
    if set(colour) - set(COLOURS) or not any(weight > 0 for weight in colour.values()):
        raise PlanError(f"colour needs some of {', '.join(COLOURS)}, with a weight above 0")
    corpora = {
        name: float(share) for name, share in harmony.get("corpora", dict.fromkeys(CORPORA, 1.0)).items()
    }
    if set(corpora) - set(CORPORA) or not any(share > 0 for share in corpora.values()):
        raise PlanError(f"corpora needs some of {', '.join(CORPORA)}, with a share above 0")
    progressions = {
        mode: tuple(tuple(line.split()) for line in lines) for mode, lines in harmony["progressions"].items()
    }
    if set(progressions) - set(MODES) or not progressions.get("major") or not progressions.get("minor"):
        raise PlanError("progressions need at least major and minor, and no mode that does not exist")
    for mode, lines in progressions.items():
        for numeral in (n for line in lines for n in line):
            parse_numeral(numeral, Key(0, mode))
    return Band(
        swing=float(table.get("swing", 0.0)),
        swing_unit=str(table.get("swing_unit", "eighth")),
        humanise_s=min(float(table.get("humanise_ms", 4.0)), 8.0) / 1000,
        groove=bool(table.get("groove", False)),
        rhythms=rhythms,
        colour=colour,
        corpora=corpora,
        seconds_per_chord=_chord_pace(harmony.get("seconds_per_chord", SECONDS_PER_CHORD)),
        progressions=progressions,
        parts=tuple(_part(entry) for entry in table["voices"]),
        accents=tuple(_accent(entry) for entry in table["accents"]),
        drum_family=family,
        drum_sounds=sounds,
        drum_levels=levels,
        drum_fill=drum_fill,
        desk=fill(Desk, table.get("mix", {}), "mix"),
    )


def _chord_pace(said: Any) -> tuple[float, float]:
    slow, fast = (float(seconds) for seconds in said)
    if not 0.2 <= fast <= slow <= 60.0:
        raise PlanError("seconds_per_chord goes from the longest to the shortest, 60 to 0.2")
    return slow, fast


def _voice(entry: Mapping[str, Any], role: str) -> Voice:
    return Voice(
        name=str(entry["name"]),
        role=role,
        program=int(entry.get("program", 0)),
        is_drum=role == "drums" or entry.get("plays") == "drums",
        gain_db=float(entry.get("gain_db", 0.0)),
        pan=float(entry.get("pan", 0.0)),
        reverb=float(entry.get("reverb", 0.3)),
        synth=str(entry.get("synth", "")),
        strip=fill(Strip, {k: entry[k] for k in STRIP if k in entry}, f"voice {entry['name']}"),
    )


def _part(entry: Mapping[str, Any]) -> Part:
    low, high = (int(p) for p in entry.get("range", (0, 127)))
    start, end = (float(e) for e in entry.get("energy", (0.0, 1.0)))
    if high - low < 11:
        raise PlanError(f"voice {entry['name']}: a range of less than an octave cannot hold every key")
    hold = float(entry.get("hold", 1.0))
    if not 0.1 <= hold <= 1:
        raise PlanError(f"voice {entry['name']}: hold {hold:g} is not 0.1 to 1")
    if entry.get("power") and high - low < 23:
        raise PlanError(f"voice {entry['name']}: power chords in every key need a range of two octaves")
    role, pattern = str(entry["role"]), str(entry.get("pattern", ""))
    if pattern not in PATTERNS.get(role, ()):
        known = ", ".join(PATTERNS.get(role, ())) or f"roles: {', '.join(PATTERNS)}"
        raise PlanError(f"voice {entry['name']}: a {role} cannot play {pattern!r}; known: {known}")
    if entry.get("rhythms") and role not in (*CHORDAL, "bass"):
        raise PlanError(f"voice {entry['name']}: a {role} keeps no rhythm of its own")
    if entry.get("power") and role not in CHORDAL:
        raise PlanError(f"voice {entry['name']}: a {role} plays no chords")
    return Part(
        voice=_voice(entry, role),
        pattern=pattern,
        low=low,
        high=high,
        energy=(start, end),
        intro=bool(entry.get("intro", True)),
        outro=bool(entry.get("outro", True)),
        stress=float(entry.get("stress", 0.6)),
        attack_s=float(entry.get("attack_ms", 0.0)) / 1000,
        pedal=bool(entry.get("pedal", False)),
        rhythms=tuple(str(r) for r in entry.get("rhythms", ())),
        hold=hold,
        power=bool(entry.get("power", False)),
    )


def _accent(entry: Mapping[str, Any]) -> AccentPart:
    low, high = (int(p) for p in entry.get("range", (28, 52)))
    start, end = (float(w) for w in entry.get("weight", (0.0, 1.0)))
    if entry["plays"] not in ("root", "octave", "chord", "drums"):
        raise PlanError(
            f"accent {entry['name']}: plays {entry['plays']!r} is none of root, octave, chord, drums"
        )
    return AccentPart(
        voice=_voice(entry, "accents"),
        plays=str(entry["plays"]),
        keys=tuple(int(k) for k in entry.get("keys", ())),
        low=low,
        high=high,
        weight=(start, end),
        kinds=tuple(str(k) for k in entry.get("kinds", ())),
        gap_s=float(entry.get("gap_s", 0.0)),
    )
