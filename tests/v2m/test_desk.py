"""The mixing desk: equaliser, compressor, pump and echo; and what is not asked for does nothing."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from generators.desk import Compression, Desk, DeskError, Echo, EqBand, Pump, Room, Strip
from generators.music import Voice
from tests.v2m.songs import band, music
from v2m.channel import Channel
from v2m.compress import Compressor
from v2m.console import Console
from v2m.echo import EchoLine
from v2m.equalise import impulse_of
from v2m.mix import MixSettings, mix
from v2m.render import Kick, StemBlock, render
from v2m.saturate import LATENCY, Saturation, saturated
from v2m.soundfont import find_soundfont

RATE = 48000
FONT = find_soundfont(folders=()).path


def sine(hz: float, seconds: float, level: float = 0.25) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, wave]).astype(np.float32)


def in_pieces(process, sound: np.ndarray, sizes=(1, 700, 37, 4096)) -> np.ndarray:
    """What `process` makes of a sound that comes in blocks of odd sizes."""
    parts, at, i = [], 0, 0
    while at < sound.shape[1]:
        n = sizes[i % len(sizes)]
        parts.append(process(sound[:, at : at + n]))
        at, i = at + n, i + 1
    return np.concatenate(parts, axis=-1)


def gain_db(bands: tuple[EqBand, ...], hz: float) -> float:
    impulse = impulse_of(bands, RATE)[0]
    return float(
        20 * np.log10(abs((impulse * np.exp(-2j * np.pi * hz * np.arange(len(impulse)) / RATE)).sum()))
    )


def test_each_band_does_what_it_says_and_nothing_elsewhere():
    peak = (EqBand("peak", 1000, -6.0, 1.0),)
    assert gain_db(peak, 1000) == pytest.approx(-6, abs=0.1)
    assert gain_db(peak, 60) == pytest.approx(0, abs=0.1)
    assert gain_db(peak, 15000) == pytest.approx(0, abs=0.1)
    shelf = (EqBand("high-shelf", 8000, 4.0),)
    assert gain_db(shelf, 18000) == pytest.approx(4, abs=0.7)
    assert gain_db(shelf, 8000) == pytest.approx(2, abs=0.1)
    assert gain_db(shelf, 500) == pytest.approx(0, abs=0.1)
    low = (EqBand("low-shelf", 120, -5.0),)
    assert gain_db(low, 30) == pytest.approx(-5, abs=0.4)
    assert gain_db(low, 2000) == pytest.approx(0, abs=0.1)
    for kind, corner, octave_out in (("low-cut", 100, 50), ("high-cut", 5000, 10000)):
        cut = (EqBand(kind, corner),)
        assert gain_db(cut, corner) == pytest.approx(-3, abs=0.1)
        assert gain_db(cut, octave_out) == pytest.approx(-12.3, abs=0.3)
    both = (*peak, *shelf)
    assert gain_db(both, 1000) == pytest.approx(gain_db(peak, 1000) + gain_db(shelf, 1000), abs=0.05)


def test_an_equaliser_comes_at_once():
    impulse = impulse_of((EqBand("low-cut", 80), EqBand("peak", 3000, 5.0)), RATE)[0]
    assert np.argmax(np.abs(impulse)) < 3


def test_a_compressor_follows_its_curve():
    settings = Compression(threshold_db=-20, ratio=4, attack_ms=5, release_ms=50)
    for level_db, expected in ((-40, 0.0), (-32, 0.0), (-8, -9.0), (0, -15.0)):
        tone = sine(1000, 1.0, 10 ** (level_db / 20) * np.sqrt(2))
        gain = 20 * np.log10(Compressor(settings, RATE).feed(tone)[-1])
        assert gain == pytest.approx(expected, abs=0.15), level_db


def test_a_compressor_takes_its_time():
    settings = Compression(threshold_db=-20, ratio=20, attack_ms=20, release_ms=100)
    loud = np.concatenate([sine(1000, 0.5, 1.0), sine(1000, 1.0, 1e-3)], axis=1)
    gain = 20 * np.log10(Compressor(settings, RATE).feed(loud))
    deepest = gain[: RATE // 2].min()
    assert gain[0] == 0
    reached = np.argmax(gain < deepest * (1 - 1 / np.e)) / RATE
    assert reached == pytest.approx(0.02, abs=0.006)
    back = (np.argmax(gain[RATE // 2 :] > deepest + 10.0)) / RATE
    assert 0.1 < back < 0.15
    assert np.abs(np.diff(gain)).max() < 0.05  # dB a sample: no steps


@pytest.mark.parametrize(
    "strip",
    [
        Strip(eq=(EqBand("peak", 900, 4.0), EqBand("low-cut", 60))),
        Strip(compress=Compression(threshold_db=-30, ratio=5)),
        Strip(drive_db=12),
        Strip(width=0.3),
        Strip(eq=(EqBand("low-shelf", 200, 3.0),), compress=Compression(), drive_db=6, width=0.5),
    ],
)
def test_a_channel_does_the_same_in_blocks_of_any_length(strip):
    rng = np.random.default_rng(1)
    sound = (0.3 * rng.standard_normal((2, 20000)) * np.hanning(20000)).astype(np.float32)
    whole, pieces = Channel(strip, RATE).feed(sound), in_pieces(Channel(strip, RATE).feed, sound)
    assert np.abs(whole - pieces).max() < 1e-5


def test_an_empty_channel_is_a_wire():
    sound = sine(200, 0.1)
    assert Channel(Strip(), RATE).feed(sound) is sound


def test_saturation_leaves_what_is_quiet_and_bends_what_is_loud():
    rng = np.random.default_rng(0)
    quiet = (1e-4 * rng.standard_normal((2, 9000))).astype(np.float32)
    assert np.abs(Saturation(12).feed(quiet)[:, LATENCY:] - quiet[:, :-LATENCY]).max() < 1e-7
    slow = sine(50, 0.2, 1.0)
    bent = saturated(slow, 9.0)
    knee = slow / np.sqrt(1 + (slow * 10 ** (9 / 20)) ** 2)
    assert np.abs(bent - knee)[:, 200:-200].max() < 3e-3


def console(voice: Voice, desk: Desk) -> Console:
    return Console([voice], desk, RATE)


def test_the_pump_dips_at_each_kick_as_deep_as_it_is_strong():
    desk = Desk(pump=Pump(depth_db=12, attack_ms=4, hold_ms=30, release_ms=200))
    voice = Voice("V", "bass", 0, reverb=0.0, strip=Strip(pump=1.0))
    sound = np.full((2, 2 * RATE), 0.1, np.float32)
    kicks = (Kick(RATE // 2, 1.0), Kick(RATE, 0.5))
    bus = console(voice, desk).mix(StemBlock(0, {"V": sound}, kicks), 2 * RATE).bus[0]
    level = 20 * np.log10(np.abs(bus) / np.abs(bus[RATE // 4]))
    assert level[: RATE // 2] == pytest.approx(0, abs=0.01)
    assert level[RATE // 2 + int(0.02 * RATE)] == pytest.approx(-12, abs=0.1)
    assert level[RATE + int(0.02 * RATE)] == pytest.approx(-6, abs=0.1)
    assert level[RATE // 2 + int(0.3 * RATE)] == pytest.approx(0, abs=0.05)
    assert np.abs(np.diff(level)).max() < 0.15
    # A dip goes on over the edge of a block.
    halves = console(voice, desk)
    first = halves.mix(StemBlock(0, {"V": sound[:, : RATE + 99]}, kicks), RATE + 99).bus
    second = halves.mix(StemBlock(RATE + 99, {"V": sound[:, RATE + 99 :]}), RATE - 99).bus
    assert np.abs(np.concatenate([first, second], axis=1)[0] - bus).max() < 1e-5
    still = console(replace(voice, strip=Strip()), desk)
    steady = still.mix(StemBlock(0, {"V": sound}, kicks), 2 * RATE).bus[0]
    assert np.ptp(steady[1000:]) < 1e-3


def test_the_echo_repeats_from_side_to_side_softer_and_darker():
    rng = np.random.default_rng(0)
    stroke = np.zeros((2, 3 * RATE), np.float32)
    stroke[:, :2400] = rng.standard_normal(2400) * np.hanning(2400) * 0.3
    settings = Echo(time_s=0.4, feedback=0.5, low_cut_hz=200, high_cut_hz=4000)
    repeats = EchoLine(settings, RATE).feed(stroke)
    assert np.abs(repeats[:, : int(0.39 * RATE)]).max() == 0

    def heard(n: int) -> np.ndarray:
        return repeats[:, int(n * 0.4 * RATE) : int((n * 0.4 + 0.2) * RATE)].astype(float)

    powers = [(heard(n) ** 2).sum(axis=1) for n in (1, 2, 3)]
    assert powers[0][0] > 1e3 * powers[0][1]
    assert powers[1][1] > 1e3 * powers[1][0]
    assert powers[2][0] > 1e3 * powers[2][1]
    assert powers[1].sum() < 0.5 * powers[0].sum()

    def high_share(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound.sum(axis=0))) ** 2
        return float(power[len(power) // 4 :].sum() / power.sum())

    assert high_share(heard(2)) < high_share(heard(1))
    pieces = in_pieces(EchoLine(settings, RATE).feed, stroke, (5000, 33000, 11))
    assert np.abs(pieces - repeats).max() < 1e-5


def test_an_echo_keeps_the_musics_time():
    desk = Desk(echo=Echo(beats=0.75)).in_time(0.5)
    assert desk.echo is not None
    assert desk.echo.time_s == pytest.approx(0.375)
    assert Desk().in_time(0.5) == Desk()


def test_stems_sum_to_what_enters_the_bus(tmp_path):
    song = band(6.0)
    strip = Strip(eq=(EqBand("low-cut", 150),), compress=Compression(), pump=0.7, echo=0.4)
    voices = tuple(replace(v, strip=strip if v.role != "drums" else Strip()) for v in song.voices)
    desk = Desk(pump=Pump(), echo=Echo(), room=Room(decay_s=0.8))
    made = mix(
        render(song, FONT),
        voices,
        MixSettings(lufs=-30),
        6.0,
        tmp_path / "s.wav",
        desk=desk,
        stems_dir=tmp_path,
    )
    together = sum(soundfile.read(path)[0] for path in made.stems.values())
    soundtrack = soundfile.read(made.path)[0]
    gain = (together * soundtrack).sum() / (together**2).sum()
    rest = soundtrack - gain * together
    assert 10 * np.log10((rest**2).mean() / (soundtrack**2).mean()) < -60


def test_a_full_desk_keeps_loudness_peaks_and_length(tmp_path):
    song = band(7.3)
    strip = Strip(
        eq=(EqBand("high-shelf", 6000, 2.0),), compress=Compression(ratio=4), drive_db=4, pump=0.5, echo=0.2
    )
    voices = tuple(replace(v, strip=strip) for v in song.voices)
    desk = Desk(
        pump=Pump(),
        echo=Echo(),
        eq=(EqBand("peak", 300, -2.0),),
        glue=Compression(threshold_db=-18),
        drive_db=3,
    )
    made = [
        mix(render(song, FONT, block_s=b), voices, MixSettings(), 7.3, tmp_path / f"{b}.wav", desk=desk)
        for b in (1.7, 10.0)
    ]
    sounds = [soundfile.read(m.path)[0] for m in made]
    assert sounds[0].shape == (round(7.3 * RATE), 2)
    assert made[0].lufs == pytest.approx(-14, abs=0.3)
    assert made[0].true_peak_dbtp <= -1
    assert np.abs(sounds[0][-4:]).max() == 0
    assert np.abs(sounds[0] - sounds[1]).max() < 2e-4


def test_a_desk_without_settings_changes_no_bit(tmp_path):
    song = music([(Voice("V", "melody", 0), [(0.0, 0.8, 60, 90)])], 1.0)
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    mix(render(song, FONT), song.voices, MixSettings(), 1.0, paths[0])
    voices = tuple(replace(v, strip=Strip(pump=1.0, echo=1.0)) for v in song.voices)
    mix(render(song, FONT), voices, MixSettings(), 1.0, paths[1], desk=Desk())
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    "make",
    [
        lambda: EqBand("notch", 100),
        lambda: EqBand("peak", 5, 1.0),
        lambda: Compression(ratio=0.5),
        lambda: Compression(attack_ms=0),
        lambda: Strip(pump=2),
        lambda: Strip(drive_db=-3),
        lambda: Pump(depth_db=-1),
        lambda: Echo(feedback=1.0),
        lambda: Echo(low_cut_hz=5000, high_cut_hz=1000),
        lambda: Room(decay_s=0),
        lambda: Desk(drive_db=99),
    ],
)
def test_settings_out_of_range_are_one_line(make):
    with pytest.raises(DeskError) as error:
        make()
    assert "\n" not in str(error.value)
