"""Synthesised voices on their way into stems: as SoundFont voices are, whatever the block."""

import tracemalloc

import numpy as np
import pytest
from symusic import core

from generators.music import SymbolicMusic, Voice
from tests.v2m.songs import music
from tests.v2m.synth.notes import RATE, cents, level_db, peak_hz
from v2m.render import render
from v2m.soundfont import find_soundfont
from v2m.synth.errors import SynthError
from v2m.synth.pitch import key_hz

FONT = find_soundfont(folders=()).path
DRUMS = Voice("Drums", "drums", 0, True, synth="kit-dance")
BASS = Voice("Bass", "bass", 38, synth="bass-pump")
PAD = Voice("Pad", "pad", 89, synth="pad-supersaw")
KEYS = Voice("Keys", "chords", 4, synth="keys-fm")


def band(duration_s: float, bpm: float = 120.0) -> SymbolicMusic:
    beat = 60 / bpm
    drums, bass, pad, keys = ([] for _ in range(4))
    for b in range(int(duration_s / beat)):
        t, root = b * beat, (0, 8, 3, 10)[b // 4 % 4]
        drums += [(t, 0.1, 36, 110), (t + beat / 2, 0.1, 46 if b % 2 else 42, 80)]
        bass += [(t + beat / 2, 0.4 * beat, 33 + root, 90)]
        if b % 4 == 0:
            pad += [(t, 4 * beat, 57 + (root + step) % 12, 70) for step in (0, 3, 7)]
        keys += [(t, 0.8 * beat, 60 + (root + 7 * (b % 2)) % 12, 80)]
    return music([(DRUMS, drums), (BASS, bass), (PAD, pad), (KEYS, keys)], duration_s)


def whole(song: SymbolicMusic, **options) -> dict[str, np.ndarray]:
    blocks = list(render(song, FONT, **options))
    return {v.name: np.concatenate([b.stems[v.name] for b in blocks], axis=1) for v in song.voices}


def test_the_length_of_a_block_changes_nothing():
    song = band(9.0)
    short, long_ = (whole(song, block_s=s) for s in (0.7, 30.0))
    for name, stem in short.items():
        assert stem.shape == (2, 9 * RATE)
        assert np.abs(stem - long_[name]).max() < 1e-5, name


def test_a_render_replays_bit_for_bit_and_another_seed_strays_otherwise():
    song = band(4.0)
    first, second = whole(song), whole(song)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    reseeded = SymbolicMusic(song.score, song.voices, song.duration_s, seed=1)
    other = whole(reseeded)
    assert not np.array_equal(first["Pad"], other["Pad"])
    # Other noise in the hats, the same beat.
    assert level_db(first["Drums"], 0, 4) == pytest.approx(level_db(other["Drums"], 0, 4), abs=0.5)


def test_synthesised_voices_come_as_loud_as_sampled_ones():
    rows = [(0.5, 1.0, 60, 96)]
    names = ("pad-supersaw", "lead-saw", "pluck-saw", "keys-fm", "bell-fm", "stab-saw", "")
    song = music([(Voice(name or "font", "melody", 0, synth=name), rows) for name in names], 3.0)
    levels = [level_db(stem, 0.5, 0.9) for stem in whole(song).values()]
    assert max(levels) - min(levels) < 9


def test_onsets_are_where_the_notes_are():
    times = [0.1, 0.731, 1.51234, 2.9]
    for voice, pitch in ((BASS, 36), (KEYS, 60), (DRUMS, 36), (DRUMS, 42)):
        stem = whole(music([(voice, [(t, 0.2, pitch, 100) for t in times])], 4.0), block_s=0.9)[voice.name]
        rises = np.abs(stem).max(axis=0)
        for t in times:
            at = int(t * RATE)
            before = rises[at - 480 : at - 24].max()
            sounds = at - 96 + int(np.argmax(rises[at - 96 : at + 4800] > before + 0.005))
            assert -0.0005 < sounds / RATE - t < 0.004, (voice.name, pitch, t)


def test_controllers_pedal_and_bend_are_obeyed():
    song = music([(PAD, [(0.0, 3.0, 57, 100)]), (BASS, [(0.0, 0.3, 45, 100), (4.0, 2.0, 45, 100)])], 8.0)
    pad, bass = song.score.tracks
    pad.controls.append(core.ControlChangeSecond(0.0, 11, 127))
    pad.controls.append(core.ControlChangeSecond(2.0, 11, 64))
    bass.controls.append(core.ControlChangeSecond(0.2, 64, 127))
    bass.controls.append(core.ControlChangeSecond(2.5, 64, 0))
    bass.pitch_bends.append(core.PitchBendSecond(3.5, 8191))
    stems = whole(song, block_s=1.3)
    assert level_db(stems["Pad"], 2.1, 2.9) - level_db(stems["Pad"], 1.1, 1.9) == pytest.approx(-12, abs=2.5)
    assert level_db(stems["Bass"], 1.5, 2.4) > level_db(stems["Bass"], 0, 0.2) - 12  # held by the pedal
    assert level_db(stems["Bass"], 2.8, 3.4) < -80
    bent = peak_hz(stems["Bass"][0, int(4.2 * RATE) : int(5.8 * RATE)].astype(float), key_hz(47))
    assert cents(bent, key_hz(47)) == pytest.approx(0, abs=6)


def test_the_kicks_are_told_to_the_desk():
    kicks = [k for block in render(band(4.0), FONT, block_s=0.7) for k in block.kicks]
    assert [k.at for k in kicks] == [round(b * 0.5 * RATE) for b in range(8)]
    assert kicks[0].strength == pytest.approx(110 / 127)
    no_drums = music([(BASS, [(0.0, 0.5, 36, 90)])], 1.0)
    assert all(block.kicks == () for block in render(no_drums, FONT))


def test_memory_does_not_grow_with_length():
    def peak(duration_s: float) -> int:
        tracemalloc.start()
        for _ in render(band(duration_s), FONT, 24000, block_s=3.0):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(4.0)
    assert peak(30.0) < 1.25 * peak(12.0)


def test_a_voice_whose_patch_there_is_not_is_refused_in_one_line():
    song = music([(Voice("V", "pad", 0, synth="pad-nowhere"), [(0.0, 0.5, 60, 90)])], 1.0)
    with pytest.raises(SynthError, match="pad-nowhere"):
        list(render(song, FONT))
