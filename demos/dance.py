"""`dance`: a figure dances at a known tempo, and comes to rest at known instants.

Key poses lie on beats, and the body rests at each. So the sum of joint speeds has its minima at
the beats that end a move, and nowhere else: that is the kinematic beat of AIST++ (Li et al.
2021), known without measuring it.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from demos.choreography import choreography, pose_at
from demos.figure import Pose, joints
from demos.figure_drawing import CAMERA_SINE, Look, draw_figure
from demos.shading import draw_ellipse, new_layer, over
from demos.truth import Mood, Truth
from demos.writer import Frame, write_clip

TEMPO_BPM = 108.0
FIRST_BEAT_S = 0.40
DURATION_S = 20.0


def studio(width: int, height: int) -> NDArray[np.float32]:
    """The empty studio, float32 `[H, W, 3]` BGR: a wall washed by two lamps, and a polished floor."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    horizon = 0.80
    wall = np.array([0.80, 0.70, 0.66], np.float32) * (0.80 + 0.25 * y)[..., None]
    teal = np.exp(-(((x - 0.30) / 0.42) ** 2 + ((y - 0.30) / 0.45) ** 2))[..., None]
    rose = np.exp(-(((x - 1.52) / 0.42) ** 2 + ((y - 0.38) / 0.45) ** 2))[..., None]
    white = np.exp(-(((x - 0.89) / 0.45) ** 2 + ((y - 0.35) / 0.5) ** 2))[..., None]
    wall = wall * (0.78 + 0.30 * white)
    wall += 0.20 * teal * np.array([0.75, 0.55, -0.25], np.float32)
    wall += 0.22 * rose * np.array([0.20, -0.15, 0.75], np.float32)
    depth = np.clip((y - horizon) / (1.0 - horizon), 0.0, 1.0)[..., None]
    pool = np.exp(-(((x - 0.89) / 0.62) ** 2 + ((y - 0.92) / 0.12) ** 2))[..., None]
    floor = np.array([0.52, 0.50, 0.54], np.float32) * (0.78 + 0.22 * depth) + 0.20 * pool
    edge = np.clip((y - horizon) * height / 3.0 + 0.5, 0.0, 1.0)[..., None]
    room = wall * (1.0 - edge) + floor * edge
    skirting = np.exp(-(((y - horizon) / 0.006) ** 2))[..., None]
    room *= 1.0 - 0.25 * skirting
    vignette = 1.0 - 0.22 * (((x - 0.89) / 0.95) ** 2 + ((y - 0.45) / 0.9) ** 2)[..., None]
    return np.asarray(np.clip(room * vignette, 0.0, 1.0), np.float32)


class Stage:
    """The studio with a dancer in it.

    Args:
        width, height: of the picture.
        look: what the dancer wears.
    """

    def __init__(self, width: int, height: int, look: Look) -> None:
        self.room = studio(width, height)
        self.picture = np.round(self.room * 255.0).astype(np.uint8)
        self.look = look
        self.metre = height * 0.395
        self.floor = (width / 2, 0.915 * height)

    def draw(self, pose: Pose) -> Frame:
        """The picture of one pose; only the window around the figure is drawn."""
        m, (height, width) = self.metre, self.room.shape[:2]
        body = np.array(list(joints(pose).values()))
        x0 = max(int(self.floor[0] + (body[:, 0].min() - 0.30) * m), 0)
        x1 = min(int(self.floor[0] + (body[:, 0].max() + 0.30) * m), width)
        y0 = max(int(self.floor[1] - (body[:, 1].max() + 0.20) * m), 0)
        floor_x, floor_y = self.floor[0] - x0, self.floor[1] - y0
        scene = new_layer(height - y0, x1 - x0)
        scene[..., :3], scene[..., 3] = self.room[y0:, x0:x1], 1.0
        for x, z, lift in (
            (pose.left_foot_x, pose.left_foot_z, pose.left_lift),
            (pose.right_foot_x, pose.right_foot_z, pose.right_lift),
            (pose.x, 0.0, 0.35),
        ):
            size = (0.20 + 0.45 * lift) * m
            draw_ellipse(
                scene,
                (floor_x + x * m, floor_y + (CAMERA_SINE * z + 0.02) * m),
                (size, 0.24 * size),
                (0.10, 0.07, 0.08),
                softness_px=0.16 * size,
                opacity=0.42 / (1.0 + 3.0 * lift),
            )
        figure = new_layer(height - y0, x1 - x0)
        draw_figure(figure, pose, self.look, floor=(floor_x, floor_y), metre_px=m)
        # The polished floor gives back a little of the legs.
        depth = len(scene) - int(floor_y)
        mirror = cv2.GaussianBlur(figure[int(floor_y) - depth : int(floor_y)][::-1], (0, 0), height / 240)
        over(scene, np.asarray(mirror, np.float32), int(floor_y) + int(0.012 * m), opacity=0.16)
        over(scene, figure, 0)
        picture = self.picture.copy()
        picture[y0:, x0:x1] = cv2.convertScaleAbs(scene[..., :3], alpha=255.0)
        return picture


def make(path: Path, *, seed: int, height: int, fps: float, duration_s: float | None) -> Truth:
    """Draw the dance; see `demos.make.make`."""
    width = 2 * round(height * 8 / 9)
    frames = round((duration_s or DURATION_S) * fps)
    length_s = frames / fps
    beat_s = 60.0 / TEMPO_BPM
    beats = int(np.floor((length_s - FIRST_BEAT_S) / beat_s)) + 1
    # Two beats more than are seen: the last rest in the clip is left again, so it is a rest.
    keys = choreography(seed, beats + 2)
    stage = Stage(width, height, _look(seed))

    def draw(index: int) -> Frame:
        return stage.draw(pose_at(keys, (index / fps - FIRST_BEAT_S) / beat_s))

    write_clip(path, draw, frames, width=width, height=height, fps=fps)
    rests = tuple(t for beat, _ in keys[1:] if (t := FIRST_BEAT_S + beat * beat_s) < length_s - 0.12)
    return Truth(
        name="dance",
        seed=seed,
        width=width,
        height=height,
        fps=fps,
        duration_s=length_s,
        tempo_bpm=TEMPO_BPM,
        beats_s=tuple(FIRST_BEAT_S + k * beat_s for k in range(beats)),
        kinematic_beats_s=rests,
        moods=(Mood(0.0, length_s, "energetic", "studio", 0.5, 0.7),),
    )


def _look(seed: int) -> Look:
    """Clothes by seed."""
    shirts = ((0.30, 0.38, 0.96), (0.62, 0.72, 0.16), (0.30, 0.72, 0.98), (0.72, 0.36, 0.62))
    return Look(shirt=shirts[seed % len(shirts)])
