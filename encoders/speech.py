"""The clip's own sound → when somebody speaks.

Silero VAD (Silero Team 2021-, MIT), a small recurrent network, hears 32 ms at a time whether there is a
voice; its weights are in its wheel. It knows speech from music and noise, which loudness in the speech
band does not.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.errors import MissingModelError
from encoders.stream import Stream

if TYPE_CHECKING:
    import torch

SAMPLE_RATE = 16000  # Hz, what the network hears at
HOP = 512  # samples, and how many it hears at a time
HOP_S = HOP / SAMPLE_RATE
# The network's own recommendation: speech begins at the first, and lasts until it is below the second.
SPEAKS_FROM, SPEAKS_UNTIL = 0.5, 0.35
SHORTEST_S = 0.25  # less is a cough or a shout far away
BREATH_S = 0.30  # a shorter gap is within a phrase
PAD_S = 0.06  # soft consonants before and after what is heard
COLUMNS, UNITS = ("probability",), "probability of a voice, 0 to 1"


def hear_speech(blocks: Iterable[NDArray[np.float32]], duration_s: float) -> Stream:
    """Listen for speech.

    Args:
        blocks: float32 `[samples]` at `SAMPLE_RATE`, one channel, one after the other from the first
            frame on.
        duration_s: length of the picture; later sound is not listened to.

    Returns:
        The curve `speech`, one `probability` every `HOP_S`, at the middle of what was heard.

    Raises:
        MissingModelError: if silero-vad is not installed.
    """
    import torch

    model = _model()
    odds: list[float] = []
    rest = np.zeros(0, np.float32)
    most = int(np.ceil(duration_s / HOP_S))
    with torch.inference_mode():
        for block in blocks:
            rest = np.concatenate([rest, block])
            whole = min(len(rest) // HOP, most - len(odds))
            for piece in torch.from_numpy(rest[: whole * HOP].reshape(-1, HOP).copy()):
                odds.append(float(model(piece, SAMPLE_RATE)))
            rest = rest[whole * HOP :]
            if len(odds) >= most:
                break
        if len(rest) and len(odds) < most:
            last = np.pad(rest[:HOP], (0, max(0, HOP - len(rest))))
            odds.append(float(model(torch.from_numpy(last), SAMPLE_RATE)))
    times_s = (np.arange(len(odds), dtype=np.float64) + 0.5) * HOP_S
    values = np.array(odds, dtype=np.float32).reshape(-1, 1)
    return Stream("speech", times_s, values, np.ones(len(odds), np.bool_), COLUMNS, UNITS, _source())


def spoken_spans(speech: Stream) -> list[tuple[float, float]]:
    """The phrases of a `speech` stream: (start, end) in seconds, in order and apart.

    Gaps within a phrase are closed, and what is too short to be a word is left out.
    """
    odds = np.where(speech.mask, speech.column("probability"), 0.0)
    spans: list[tuple[float, float]] = []
    began: float | None = None
    for time_s, odd in zip(speech.times_s, odds, strict=True):
        if began is None and odd >= SPEAKS_FROM:
            began = float(time_s) - HOP_S / 2
        elif began is not None and odd < SPEAKS_UNTIL:
            spans.append((began, float(time_s) - HOP_S / 2))
            began = None
    if began is not None:
        spans.append((began, float(speech.times_s[-1]) + HOP_S / 2))
    joined: list[tuple[float, float, float]] = []  # start, end, how long there is a voice
    for start, end in spans:
        if joined and start - joined[-1][1] < BREATH_S:
            joined[-1] = (joined[-1][0], end, joined[-1][2] + end - start)
        else:
            joined.append((start, end, end - start))
    return [(max(0.0, a - PAD_S), b + PAD_S) for a, b, voiced_s in joined if voiced_s >= SHORTEST_S]


def _model() -> torch.jit.ScriptModule:
    import torch

    # Found, not imported: its package wants torchaudio for reading files, which is not needed here.
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise MissingModelError("hearing speech needs silero-vad: pip install silero-vad")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            model = torch.jit.load(str(Path(spec.origin).parent / "data" / "silero_vad.jit"))  # type: ignore[no-untyped-call]
        except (ValueError, RuntimeError) as error:
            raise MissingModelError(
                "silero-vad is damaged: pip install --force-reinstall silero-vad"
            ) from error
    model.eval()
    model.reset_states()
    return model  # type: ignore[no-any-return]


def _source() -> str:
    from importlib.metadata import version

    return f"silero-vad {version('silero-vad')}"
