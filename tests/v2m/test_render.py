"""Stems: notes where they belong, as strong as they are, whatever the block."""

import tracemalloc

import numpy as np
import pytest
from symusic import core

from generators.music import Voice
from tests.v2m.fonts import make_font
from tests.v2m.songs import band, music
from v2m.render import render
from v2m.sf2 import SoundFontError
from v2m.soundfont import find_soundfont

RATE = 48000
FONT = find_soundfont(folders=()).path
PIANO = Voice("Piano", "melody", 0)
DRUMS = Voice("Drums", "drums", 0, True)


def whole(song, font=FONT, **options) -> dict[str, np.ndarray]:
    blocks = list(render(song, font, **options))
    position = 0
    for block in blocks:
        assert block.start == position
        position += block.samples
    return {v.name: np.concatenate([b.stems[v.name] for b in blocks], axis=1) for v in song.voices}


def power_db(sound: np.ndarray, start_s: float, end_s: float) -> float:
    return float(10 * np.log10(np.mean(sound[:, int(start_s * RATE) : int(end_s * RATE)] ** 2) + 1e-20))


def test_stems_last_exactly_as_long_as_the_music():
    for duration in (0.3, 1.0, 7.123457):
        stems = whole(music([(PIANO, [(0.0, 0.2, 60, 90)])], duration), block_s=2.0)
        assert stems["Piano"].shape == (2, round(duration * RATE))
        assert stems["Piano"].dtype == np.float32


def test_onsets_are_where_the_notes_are():
    times = [0.1, 0.7310, 1.51234, 2.9, 3.333]
    for voice, pitch in ((PIANO, 60), (DRUMS, 36), (DRUMS, 38)):
        stem = whole(music([(voice, [(t, 0.2, pitch, 100) for t in times])], 4.0), block_s=0.9)[voice.name]
        rises = np.abs(stem).max(axis=0)
        for t in times:
            at = int(t * RATE)
            before = rises[at - 480 : at - 24].max()
            sounds = at - 96 + int(np.argmax(rises[at - 96 : at + 4800] > before + 0.005))
            assert -0.0005 < sounds / RATE - t < 0.004, (voice.name, pitch, t)


def test_strong_notes_are_louder_and_brighter():
    stem = whole(music([(PIANO, [(0.0, 1.0, 60, 40), (4.0, 1.0, 60, 110)])], 8.0))["Piano"]
    assert power_db(stem, 4, 5) - power_db(stem, 0, 1) == pytest.approx(40 * np.log10(110 / 40), abs=2)

    def centroid(start_s: float) -> float:
        cut = stem[0, int(start_s * RATE) : int((start_s + 1) * RATE)]
        spectrum = np.abs(np.fft.rfft(cut)) ** 2
        return float((spectrum * np.fft.rfftfreq(len(cut), 1 / RATE)).sum() / spectrum.sum())

    assert centroid(4) > 1.02 * centroid(0)


def test_notes_ring_on_after_their_end():
    stem = whole(music([(Voice("S", "pad", 48), [(0.0, 1.0, 60, 90)])], 4.0))["S"]
    assert power_db(stem, 1.0, 1.2) - power_db(stem, 0.6, 0.9) > -25
    assert power_db(stem, 3.5, 4.0) < -80


def test_a_cymbal_rings_however_short_its_note_is():
    short, long_ = (whole(music([(DRUMS, [(0.0, length, 49, 100)])], 3.0))["Drums"] for length in (0.05, 2.0))
    assert np.array_equal(short, long_)
    assert power_db(short, 1, 2) > power_db(short, 0, 0.3) - 35


def test_a_closed_hi_hat_chokes_the_open_one():
    rings = whole(music([(DRUMS, [(0.0, 0.1, 46, 100)])], 2.0))["Drums"]
    choked = whole(music([(DRUMS, [(0.0, 0.1, 46, 100), (0.3, 0.1, 42, 1)])], 2.0))["Drums"]
    assert power_db(choked, 0.4, 0.8) < power_db(rings, 0.4, 0.8) - 30


def test_the_length_of_a_block_changes_nothing():
    song = band(13.0)
    short, long_ = (whole(song, block_s=s) for s in (1.7, 30.0))
    for name, stem in short.items():
        assert np.abs(stem - long_[name]).max() < 1e-4, name


def test_a_render_replays_bit_for_bit():
    song = band(6.0)
    first, second = whole(song), whole(song)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_patches_come_equally_loud():
    # Bass, harp, strings, square lead, kit: 20 dB apart in the font itself.
    programs = (32, 46, 48, 80, 0, 73)
    parts = [(Voice(str(p), "melody", p), [(0.5, 1.0, 55, 96)]) for p in programs]
    parts.append((DRUMS, [(0.5, 0.1, 38, 96)]))
    stems = whole(music(parts, 3.0))
    levels = [power_db(stem, 0.5, 0.9) for stem in stems.values()]
    assert max(levels) - min(levels) < 9  # K-weighting and rise times account for what is left


def test_volume_pedal_and_bend_are_obeyed(tmp_path):
    font = make_font(tmp_path / "f.sf2")
    song = music([(PIANO, [(0.0, 3.0, 69, 100), (4.0, 0.5, 69, 100)])], 8.0)
    track = song.score.tracks[0]
    track.controls.append(core.ControlChangeSecond(1.0, 11, 64))
    track.controls.append(core.ControlChangeSecond(2.0, 11, 127))
    track.controls.append(core.ControlChangeSecond(4.2, 64, 127))
    track.controls.append(core.ControlChangeSecond(6.0, 64, 0))
    track.pitch_bends.append(core.PitchBendSecond(2.0, 4096))
    track.pitch_bends.append(core.PitchBendSecond(3.5, 0))
    stem = whole(song, font, block_s=1.3)["Piano"]
    assert power_db(stem, 1.1, 1.9) - power_db(stem, 0.1, 0.9) == pytest.approx(-11.9, abs=0.3)
    assert power_db(stem, 5.0, 5.9) - power_db(stem, 0.1, 0.9) == pytest.approx(0, abs=0.3)
    assert power_db(stem, 6.2, 7.0) < -80

    def hertz(start_s: float) -> float:
        cut = stem[0, int(start_s * RATE) : int((start_s + 0.8) * RATE)]
        return float(np.argmax(np.abs(np.fft.rfft(cut * np.hanning(len(cut)), 8 * len(cut)))) / 6.4)

    assert 12 * np.log2(hertz(2.1) / hertz(0.1)) == pytest.approx(1.0, abs=0.02)


def test_a_note_of_a_minute_stays_in_bounds_and_does_not_break():
    stem = whole(music([(Voice("S", "pad", 89), [(0.0, 60.0, 50, 90)])], 62.0))["S"]
    levels = [power_db(stem, t, t + 1) for t in range(2, 58)]
    assert max(levels) - min(levels) < 6


def test_memory_does_not_grow_with_length():
    def peak(duration_s: float) -> int:
        tracemalloc.start()
        for _ in render(band(duration_s), FONT, 24000, block_s=5.0):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(5.0)
    assert peak(80.0) < 1.25 * peak(20.0)


def test_what_a_font_lacks_is_noted_or_refused(tmp_path):
    font = make_font(tmp_path / "f.sf2")
    notes: list[str] = []
    list(render(music([(Voice("Lead", "melody", 81), [(0.0, 0.5, 69, 90)])], 1.0), font, notes=notes))
    assert len(notes) == 1
    assert "81" in notes[0]
    with pytest.raises(SoundFontError):
        list(render(music([(DRUMS, [(0.0, 0.1, 36, 90)])], 1.0), font))


def test_music_without_notes_is_silence():
    stems = whole(music([(PIANO, []), (DRUMS, [])], 1.5))
    assert all(stem.shape == (2, 72000) and not stem.any() for stem in stems.values())
