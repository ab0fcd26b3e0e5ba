"""The soundtrack: loudness, peaks, length, ends, stems, ducking, and what happens when the disk is full."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyloudnorm
import pytest
import soundfile

from generators.music import Voice
from tests.v2m.songs import band, music
from v2m.console import LOW_ROLES
from v2m.loudness import Meter
from v2m.mix import MixError, MixSettings, mix
from v2m.render import StemBlock, render
from v2m.soundfont import find_soundfont

RATE = 48000
FONT = find_soundfont(folders=()).path
TONE = Voice("Tone", "melody", 0, reverb=0.0)


def blocks_of(sound: np.ndarray, name: str = "Tone", step: int = 70000) -> list[StemBlock]:
    return [
        StemBlock(i, {name: sound[:, i : i + step].astype(np.float32)})
        for i in range(0, sound.shape[1], step)
    ]


def tone(hz: float, level: float, seconds: float) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, wave])


def read(path) -> np.ndarray:
    sound, rate = soundfile.read(path, always_2d=True)
    assert rate == RATE
    return sound.T


def level_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(sound**2) + 1e-20))


@pytest.fixture(scope="module")
def song():
    return band(12.0)


@pytest.fixture(scope="module")
def stems(song):
    return list(render(song, FONT, RATE, block_s=5.0))


@pytest.mark.parametrize("lufs", [-30.0, -14.0, -8.0])
def test_loudness_and_true_peak_are_as_asked(song, stems, tmp_path, lufs):
    made = mix(stems, song.voices, MixSettings(lufs=lufs), 12.0, tmp_path / "s.wav")
    sound = read(made.path)
    assert pyloudnorm.Meter(RATE).integrated_loudness(sound.T) == pytest.approx(lufs, abs=0.3)
    assert made.lufs == pytest.approx(lufs, abs=0.3)
    assert made.true_peak_dbtp <= -1.0
    meter = Meter(RATE)
    meter.add(sound.astype(np.float32))
    meter.close()
    assert meter.true_peak_dbtp == pytest.approx(made.true_peak_dbtp, abs=0.01)
    assert soundfile.info(made.path).subtype == "PCM_24"


@pytest.mark.parametrize("duration_s", [0.3, 1.0 / 24, 3.337, 12.0, 14.2])
def test_length_is_the_pictures_to_the_sample_and_ends_in_silence(song, stems, tmp_path, duration_s):
    made = mix(stems, song.voices, MixSettings(), duration_s, tmp_path / "s.wav")
    sound = read(made.path)
    assert sound.shape == (2, round(duration_s * RATE)) == (2, made.samples)
    assert np.abs(sound[:, -4:]).max() == 0
    assert np.abs(sound[:, 0]).max() < 0.001
    assert np.isfinite(sound).all()


def test_the_fade_is_gradual(tmp_path):
    made = mix(blocks_of(tone(440, 0.1, 8)), (TONE,), MixSettings(), 8.0, tmp_path / "s.wav")
    sound = read(made.path)
    levels = [level_db(sound[:, int(t * RATE) : int((t + 0.1) * RATE)]) for t in (6.0, 7.0, 7.3, 7.6, 7.8)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] - levels[1] < 0.5
    assert levels[0] - levels[4] > 12
    assert np.abs(np.diff(sound[0])).max() < 0.06  # no step anywhere


def test_block_joins_cannot_be_heard(tmp_path):
    # A pure tone cut into uneven blocks: any seam would be a broadband flash.
    made = mix(
        blocks_of(tone(330, 0.1, 9), step=44321),
        (replace(TONE, reverb=0.5),),
        MixSettings(),
        9.0,
        tmp_path / "s.wav",
    )
    sound = read(made.path)[0, RATE : 8 * RATE]
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::512] * np.blackman(1024)
    high = np.abs(np.fft.rfft(frames, axis=1))[:, 60:].max(axis=1)
    assert 20 * np.log10(high.max() / np.abs(np.fft.rfft(frames[0])).max()) < -75


def test_blocks_of_any_length_give_the_same_soundtrack(song, tmp_path):
    made = []
    for name, block_s in (("a", 1.9), ("b", 30.0)):
        stems = render(song, FONT, RATE, block_s=block_s)
        made.append(read(mix(stems, song.voices, MixSettings(), 12.0, tmp_path / f"{name}.wav").path))
    assert np.abs(made[0] - made[1]).max() < 1e-4


def test_a_mix_replays_bit_for_bit(song, stems, tmp_path):
    paths = [mix(stems, song.voices, MixSettings(), 12.0, tmp_path / f"{i}.wav").path for i in range(2)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_silence_stays_silent_and_whispers_are_not_blown_up(tmp_path):
    made = mix(blocks_of(np.zeros((2, 3 * RATE))), (TONE,), MixSettings(), 3.0, tmp_path / "s.wav")
    assert not read(made.path).any()
    assert made.lufs == -np.inf
    assert any("silent" in note for note in made.notes)
    made = mix(blocks_of(tone(440, 6e-4, 5)), (TONE,), MixSettings(), 5.0, tmp_path / "t.wav")
    assert made.lufs < -60
    assert any("next to silent" in note for note in made.notes)


def test_pan_places_a_voice_at_equal_power(tmp_path):
    powers = []
    for pan in (-1.0, 0.0, 0.5):
        voice = replace(TONE, pan=pan)
        made = mix(
            blocks_of(tone(440, 0.05, 4)),
            (voice,),
            MixSettings(),
            4.0,
            tmp_path / "s.wav",
            stems_dir=tmp_path,
        )
        sides = (read(made.stems["Tone"])[:, RATE : 2 * RATE] ** 2).mean(axis=1)
        powers.append(sides.sum())
        if pan == -1.0:
            assert sides[1] < 1e-9
        if pan == 0.5:
            assert sides[1] > 3 * sides[0]
    assert max(powers) / min(powers) < 1.05


def test_low_rumble_is_cut_except_where_it_is_the_instrument(tmp_path):
    levels = {}
    for role in ("melody", "bass"):
        voice = replace(TONE, role=role)
        assert (role in LOW_ROLES) == (role == "bass")
        made = mix(
            blocks_of(tone(40, 0.1, 4)), (voice,), MixSettings(), 4.0, tmp_path / "s.wav", stems_dir=tmp_path
        )
        levels[role] = level_db(read(made.stems["Tone"])[:, RATE : 2 * RATE])
    assert levels["bass"] - levels["melody"] > 10


def test_the_room_rings_and_the_dry_voice_does_not(tmp_path):
    click = np.zeros((2, 4 * RATE))
    click[:, RATE : RATE + 480] = np.random.default_rng(0).standard_normal(480) * 0.3
    tails = []
    for send in (0.0, 0.6):
        made = mix(
            blocks_of(click),
            (replace(TONE, reverb=send),),
            MixSettings(),
            4.0,
            tmp_path / "s.wav",
            stems_dir=tmp_path,
        )
        stem = read(made.stems["Tone"])
        tails.append([level_db(stem[:, int(t * RATE) : int((t + 0.1) * RATE)]) for t in (1.1, 1.5, 2.0)])
        if send:
            late = stem[:, int(1.2 * RATE) : int(1.8 * RATE)]
            assert abs(np.corrcoef(late)[0, 1]) < 0.3  # a wide room
    assert max(tails[0]) < -90
    assert tails[1][0] > tails[1][1] > tails[1][2] > -90
    assert tails[1][1] - tails[1][2] > 10


def test_stems_sum_to_the_music_bus(song, stems, tmp_path):
    made = mix(stems, song.voices, MixSettings(lufs=-30), 12.0, tmp_path / "s.wav", stems_dir=tmp_path / "")
    assert set(made.stems) == {v.name for v in song.voices}
    together = sum(read(path) for path in made.stems.values())
    soundtrack = read(made.path)
    assert all(read(path).shape == soundtrack.shape for path in made.stems.values())
    assert made.limited_db == 0  # at −30 LUFS nothing is limited: the bus times one number
    gain = (together * soundtrack).sum() / (together**2).sum()
    assert level_db(soundtrack - gain * together) - level_db(soundtrack) < -60


def talking(seconds: float, phrases: list[tuple[float, float]]) -> np.ndarray:
    """Speech-like: bursts of a buzzing voice, 4 to 5 a second, within the phrases."""
    rng = np.random.default_rng(11)
    times = np.arange(int(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * 130 * k * times) / k**0.7 for k in range(2, 24))
    envelope = np.zeros(len(times))
    for start, end in phrases:
        now = start
        while now < end:
            length = int(rng.uniform(0.12, 0.2) * RATE)
            at = int(now * RATE)
            envelope[at : at + length] = np.hanning(length)[: len(envelope) - at]
            now += length / RATE + rng.uniform(0.03, 0.08)
    wave = 0.06 * voice * envelope + 2e-4 * rng.standard_normal(len(times))
    return np.stack([wave, wave])


def band_level(sound: np.ndarray, hz: float, start_s: float, end_s: float) -> float:
    """Level of one frequency, dB: the music's own, which the voice leaves free."""
    cut = sound[0, int(start_s * RATE) : int(end_s * RATE)]
    wave = np.exp(-2j * np.pi * hz * np.arange(len(cut)) / RATE) * np.hanning(len(cut))
    return float(20 * np.log10(abs((cut * wave).sum()) / len(cut) + 1e-12))


def test_music_goes_down_under_speech_and_comes_back(tmp_path):
    phrases = [(3.0, 6.0), (9.0, 12.0)]
    own = tmp_path / "own.wav"
    soundfile.write(own, talking(16, phrases).T, RATE, subtype="FLOAT")
    settings = MixSettings(keep_audio=True)
    made = mix(blocks_of(tone(7000.5, 0.05, 16)), (TONE,), settings, 16.0, tmp_path / "s.wav", own_sound=own)
    sound = read(made.path)
    gaps = [band_level(sound, 7000.5, a, b) for a, b in ((1, 2.5), (7.2, 8.7), (13.2, 14.7))]
    under = [band_level(sound, 7000.5, a, b) for a, b in ((3.2, 5.8), (9.2, 11.8))]
    assert min(gaps) - max(under) > 6
    assert max(gaps) - min(gaps) < 1.5
    # Already down as the first word begins.
    assert band_level(sound, 7000.5, 2.98, 3.05) < min(gaps) - 5
    assert made.lufs == pytest.approx(-14, abs=0.3)
    assert made.true_peak_dbtp <= -1
    assert any("kept" in note for note in made.notes)
    # Smooth: its level never moves faster than 2 dB in 10 ms.
    envelope = [band_level(sound, 7000.5, t, t + 0.02) for t in np.arange(0.5, 14.5, 0.01)]
    assert np.abs(np.diff(envelope)).max() < 2


def test_speech_stands_well_above_the_ducked_music(tmp_path):
    own, alone = tmp_path / "own.wav", tmp_path / "silence.wav"
    speech = talking(10, [(1.0, 9.0)])
    soundfile.write(own, speech.T, RATE, subtype="FLOAT")
    made = mix(
        blocks_of(tone(7000.5, 0.05, 10)), (TONE,), MixSettings(keep_audio=True), 10.0, alone, own_sound=own
    )
    sound = read(made.path)
    cut = slice(2 * RATE, 8 * RATE)
    spectrum = np.abs(np.fft.rfft(sound[0, cut])) ** 2
    hz = np.fft.rfftfreq(6 * RATE, 1 / RATE)
    music_power = spectrum[(hz > 6990) & (hz < 7011)].sum()
    voice_power = spectrum[hz < 4000].sum()
    assert 6 < 10 * np.log10(voice_power / music_power) < 18


def test_own_sound_that_is_silent_leaves_the_music_as_it_is(song, stems, tmp_path):
    own = tmp_path / "own.wav"
    soundfile.write(own, np.zeros((12 * RATE, 2)), RATE, subtype="FLOAT")
    kept = mix(stems, song.voices, MixSettings(keep_audio=True), 12.0, tmp_path / "a.wav", own_sound=own)
    plain = mix(stems, song.voices, MixSettings(), 12.0, tmp_path / "b.wav")
    assert kept.path.read_bytes() == plain.path.read_bytes()
    assert any("silent" in note for note in kept.notes)


def test_settings_out_of_range_are_one_line():
    for options in ({"lufs": -40}, {"lufs": 0}, {"true_peak_dbtp": 1}):
        with pytest.raises(MixError, match="out of range"):
            MixSettings(**options)


FULL = """
import resource, sys
import numpy as np
from pathlib import Path
from generators.music import Voice
from v2m.mix import MixError, MixSettings, mix
from v2m.render import StemBlock
folder, limit, stems = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "stems"
blocks = [StemBlock(i * 48000, {"T": np.full((2, 48000), 0.1, np.float32)}) for i in range(10)]
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
(folder / "work").mkdir()
try:
    mix(blocks, [Voice("T", "melody", 0)], MixSettings(), 10.0, folder / "s.wav", work_dir=folder / "work",
        stems_dir=folder if stems else None)
except MixError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("limit", "stems"), [(1_000_000, "none"), (3_800_000, "stems"), (2_900_000, "stems")]
)
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, limit, stems):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(limit), stems],
        capture_output=True,
        text=True,
        timeout=60,
    )
    # 10 s: 3.84 MB of raw bus, 2.88 MB a file; whichever is first to outgrow the limit.
    assert "cannot be written" in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "T.wav"]
    assert left == []


def test_a_voice_with_an_odd_name_gets_a_file(tmp_path):
    song = music([(Voice('Keys/"left": 1?', "chords", 0), [(0.0, 0.5, 60, 90)])], 1.0)
    made = mix(render(song, FONT), song.voices, MixSettings(), 1.0, tmp_path / "s.wav", stems_dir=tmp_path)
    assert [path.parent for path in made.stems.values()] == [tmp_path]
    assert next(iter(made.stems.values())).exists()
