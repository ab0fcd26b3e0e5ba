"""`talk`: a person talks by the sea in the evening; speech-like sound with pauses at known times."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from demos.figure import Pose
from demos.figure_drawing import Look, draw_figure
from demos.scenes.painting import Sprite, lay
from demos.scenes.sea import DuskSea
from demos.shading import new_layer
from demos.speech import CONTROL_RATE, SAMPLE_RATE, speak
from demos.truth import Mood, Truth
from demos.writer import Frame, write_clip

DURATION_S = 15.0
MOUTHS = 6
"""How many openings of the mouth are drawn."""


def make(path: Path, *, seed: int, height: int, fps: float, duration_s: float | None) -> Truth:
    """Draw the talker; see `demos.make.make`."""
    width = 2 * round(height * 8 / 9)
    frames = round((duration_s or DURATION_S) * fps)
    length_s = frames / fps
    speech = speak(length_s, seed)
    # The background is out of focus, so it is drawn small.
    far = DuskSea(2 * round(width / 8), 2 * round(height / 8), seed)
    people = {
        (mouth, shut): _person(height, mouth / (MOUTHS - 1), shut)
        for mouth in range(MOUTHS)
        for shut in (0.0, 1.0)
    }
    rng = np.random.default_rng([seed, 97])
    blinks = np.cumsum(rng.uniform(2.0, 4.5, int(length_s / 2) + 2))

    def draw(index: int) -> Frame:
        time_s = index / fps
        view = cv2.resize(far.draw(time_s), (width, height), interpolation=cv2.INTER_CUBIC)
        picture: Frame = np.asarray(cv2.GaussianBlur(view, (0, 0), height / 110), np.uint8)
        open_ = float(np.interp(time_s * CONTROL_RATE, np.arange(len(speech.openness)), speech.openness))
        shut = 1.0 if np.abs(blinks - time_s).min() < 0.07 else 0.0
        person = people[round(open_ * (MOUTHS - 1)), shut]
        nod = 0.006 * np.sin(1.9 * time_s) + 0.004 * open_
        x = 0.40 * width - person.shape[1] / 2 + 0.006 * height * np.sin(0.8 * time_s)
        lay(picture, person, x, (0.02 + nod) * height, lean=0.012 * np.sin(1.1 * time_s))
        return picture

    write_clip(
        path, draw, frames, width=width, height=height, fps=fps, sound=speech.samples, sample_rate=SAMPLE_RATE
    )
    return Truth(
        name="talk",
        seed=seed,
        width=width,
        height=height,
        fps=fps,
        duration_s=length_s,
        moods=(Mood(0.0, length_s, "calm", "seaside", 0.2, -0.3),),
        speech=speech.phrases,
    )


def _person(height: int, mouth_open: float, eyes_shut: float) -> Sprite:
    """Head and shoulders, about as tall as the picture."""
    metre = 1.62 * height
    layer = new_layer(int(1.02 * height), int(1.15 * height))
    pose = Pose(turn=10, head_turn=4, head_roll=2)
    look = Look(
        shirt=(0.42, 0.33, 0.22), trim=(0.66, 0.58, 0.48), skin=(0.53, 0.65, 0.90), hair=(0.08, 0.10, 0.16)
    )
    floor = (layer.shape[1] / 2, 2.98 * height)
    draw_figure(
        layer, pose, look, floor=floor, metre_px=metre, mouth_open=mouth_open * 0.9, eyes_shut=eyes_shut
    )
    return np.asarray(np.clip(layer * 255.0 + 0.5, 0, 255), np.uint8)
