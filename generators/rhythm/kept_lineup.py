"""Kept tracks + style → who plays them, and which of the style's players they stand in for.

A track is the style's voice of its name; else the drums are the style's drums, and a program that one of
the style's voices has is that voice; else it is a voice of its own, mixed as the style mixes its role.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from generators.kept import PAN, REVERB, KeptTrack, KeptTracks
from generators.music import Voice
from generators.rhythm.band import AccentPart, Band, Part

# Of these there is one at a time: where one is kept, none is written.
ALONE = ("melody", "bass", "drums", "counter")
NAMED_ROLES = (
    ("bass", r"bass"),
    ("melody", r"melod|lead|vocal|voice|tune|solo|theme"),
    ("counter", r"counter"),
    ("arpeggio", r"arp"),
    ("pad", r"pad|choir"),
    ("chords", r"chord|comp|rhythm|accomp"),
)
BASS_PROGRAMS = (*range(32, 40), 43, 58)
LOW = 48  # a line whose middle lies below is a bass
ONE_AT_A_TIME = 1.25  # notes that sound at once, on average, in what is a single line
STEPWISE = 0.35  # share of steps of a second or less in a tune; broken chords have fewer
QUICK_S = 0.3  # from note to note of a broken chord
HELD_S = 1.2  # chords held as long are a pad


@dataclass(frozen=True)
class Lineup:
    """Attributes: `voices`, who plays each kept track, in order; `silenced`, the style's voices that rest."""

    voices: tuple[Voice, ...]
    silenced: frozenset[str]


def line_up(band: Band, kept: KeptTracks) -> Lineup:
    """Find a voice for every kept track."""
    own: list[Part | AccentPart] = [*band.parts, *band.accents]
    free = {part.voice.name: part.voice for part in own}
    found: dict[int, Voice] = {}
    for i, track in enumerate(kept.tracks):
        match = next((v for v in free.values() if _named(v, track)), None)
        if match is not None:
            found[i] = _as_kept(free.pop(match.name), track)
    parts = {part.voice.name for part in band.parts}
    for i, track in enumerate(kept.tracks):
        if i in found:
            continue
        like = next((v for v in free.values() if v.name in parts and _alike(v, track)), None)
        if like is not None:
            found[i] = _as_kept(free.pop(like.name), track)
    roles = _roles([t for i, t in enumerate(kept.tracks) if i not in found], _has(found, "melody"))
    taken = {part.voice.name for part in own}
    for i, track in enumerate(kept.tracks):
        if i not in found:
            found[i] = _new(band, track, roles.pop(0), taken)
            taken.add(found[i].name)
    voices = tuple(found[i] for i in range(len(kept.tracks)))
    roles_kept = {voice.role for voice in voices if voice.role in ALONE}
    names = {voice.name for voice in voices}
    silenced = {p.voice.name for p in own if p.voice.name in names or p.voice.role in roles_kept}
    return Lineup(voices, frozenset(silenced))


def _named(voice: Voice, track: KeptTrack) -> bool:
    return voice.name.casefold() == track.name.casefold() and voice.is_drum == track.is_drum


def _alike(voice: Voice, track: KeptTrack) -> bool:
    """Whether a voice is what the track asks for: the drums, or its program if that is an instrument's.

    A track that names its role is no voice of another; program 0 is often nobody's choice.
    """
    if track.is_drum or voice.is_drum:
        return track.is_drum and voice.role == "drums"
    role = _named_role(track)
    return voice.program == track.program != 0 and role in (None, voice.role)


def _has(found: dict[int, Voice], role: str) -> bool:
    return any(voice.role == role for voice in found.values())


def _as_kept(voice: Voice, track: KeptTrack) -> Voice:
    """The style's voice, with the file's instrument and place in the room where it names others."""
    if not track.is_drum and track.program != voice.program:
        voice = replace(voice, program=track.program, synth="")
    pan, reverb = track.setting(PAN), track.setting(REVERB)
    if pan is not None and pan != pan_of(voice):
        voice = replace(voice, pan=max((pan - 64) / 63, -1.0))
    if reverb is not None and reverb != reverb_of(voice):
        voice = replace(voice, reverb=reverb / 127)
    return voice


def pan_of(voice: Voice) -> int:
    """A voice's pan as a controller says it, 0 to 127."""
    return round(64 + 63 * voice.pan)


def reverb_of(voice: Voice) -> int:
    """A voice's send to the room as a controller says it, 0 to 127."""
    return round(127 * voice.reverb)


def _new(band: Band, track: KeptTrack, role: str, taken: set[str]) -> Voice:
    """A voice of the track's own, as loud and as far away as the style has its role."""
    name = base = track.name or ("Drums" if track.is_drum else role.capitalize())
    number = 2
    while name in taken:
        name, number = f"{base} {number}", number + 1
    beside = [part.voice for part in band.parts if part.voice.role == role]
    gain = float(np.mean([v.gain_db for v in beside])) if beside else 0.0
    reverb = float(np.mean([v.reverb for v in beside])) if beside else 0.3
    voice = Voice(name, role, track.program, track.is_drum, gain_db=round(gain, 1), reverb=reverb)
    return _as_kept(voice, track)


def _roles(tracks: list[KeptTrack], has_melody: bool) -> list[str]:
    """What each track does: as its name says, else by how it is written; one is the melody."""
    roles: list[str] = []
    tunes: list[int] = []
    for i, track in enumerate(tracks):
        role = "drums" if track.is_drum else _named_role(track)
        if role is None:
            role = _written_role(track)
            if role == "melody":
                tunes.append(i)
        roles.append(role)
    if tunes:
        # The highest line is heard as the tune; the others answer it.
        top = max(tunes, key=lambda i: float(np.median(tracks[i].pitch)))
        for i in tunes:
            if i != top or has_melody or roles.count("melody") > len(tunes):
                roles[i] = "counter"
    return roles


def _named_role(track: KeptTrack) -> str | None:
    return next((role for role, words in NAMED_ROLES if re.search(words, track.name.casefold())), None)


def _written_role(track: KeptTrack) -> str:
    """The role of a pitched track, from its notes."""
    starts, ends, pitches = track.start_s, track.end_s, track.pitch
    single = float(track.duration_s.sum()) <= ONE_AT_A_TIME * _sounding_s(starts, ends)
    if track.program in BASS_PROGRAMS or (single and np.median(pitches) < LOW):
        return "bass"
    if not single:
        return "pad" if np.median(track.duration_s) >= HELD_S else "chords"
    steps = np.abs(np.diff(pitches))
    moves = steps[steps > 0]
    quick = len(starts) > 1 and float(np.median(np.diff(starts))) <= QUICK_S
    broken = quick and len(moves) >= 8 and float(np.mean(moves <= 2)) < STEPWISE
    return "arpeggio" if broken else "melody"


def _sounding_s(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> float:
    """How long at least one note sounds; notes are in order of start."""
    reach = np.maximum.accumulate(ends)
    begin = np.maximum(starts, np.concatenate([[0.0], reach[:-1]]))
    return max(float(np.maximum(ends - begin, 0.0).sum()), 1e-6)


def melody_of(voices: tuple[Voice, ...], kept: KeptTracks) -> tuple[KeptTrack, ...]:
    """The kept tracks that carry the tune."""
    return tuple(t for v, t in zip(voices, kept.tracks, strict=True) if v.role == "melody")


def with_room(part: Part, tunes: tuple[KeptTrack, ...]) -> Part:
    """A player of chords who stays below the middle of a kept tune, as far as the range allows."""
    if not tunes or part.voice.role not in ("pad", "chords", "arpeggio"):
        return part
    under = int(np.percentile(np.concatenate([t.pitch for t in tunes]), 25)) - 1
    least = 23 if part.power else 14
    return replace(part, high=max(min(part.high, under), min(part.low + least, part.high)))
