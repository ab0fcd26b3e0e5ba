"""A picture → the 33 body landmarks of the person in it, by mediapipe's BlazePose.

Two ways to run the same two networks (a detector that finds a person, a landmark network that
follows one):

* `GraphFinder`: the models in mediapipe's wheel (up to 0.10.21), run as two small graphs of
  mediapipe's own subgraphs. The region to look at is passed from picture to picture by us, so
  that nothing is kept between calls and nothing is smoothed: mediapipe's One-Euro filter lags
  behind a moving limb, and a lag would shift every kinematic beat.
* `TaskFinder`: a `.task` file, run by the tasks API, which newer mediapipe versions have only.

Bazarevsky et al. (2020), "BlazePose: On-device Real-time Body Pose Tracking".
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import warnings
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from encoders._compat import lean_package, without_native_noise
from encoders.errors import MissingModelError

LANDMARKS = 33

SURE = 0.8
"""A detector's score from which on it is a person: on filmed people it is 0.82 to 0.99, on the
drawn animals and puppets that were tried 0.5 to 0.78."""

_DETECT = """
input_stream: "image"
output_stream: "region"
output_stream: "people"
node {
  calculator: "ImagePropertiesCalculator"
  input_stream: "IMAGE_CPU:image" output_stream: "SIZE:size"
}
node {
  calculator: "PoseDetectionCpu"
  input_stream: "IMAGE:image" output_stream: "DETECTIONS:people"
}
node {
  calculator: "SplitDetectionVectorCalculator"
  input_stream: "people" output_stream: "person"
  options { [mediapipe.SplitVectorCalculatorOptions.ext] { ranges { begin: 0 end: 1 } element_only: true } }
}
node {
  calculator: "PoseDetectionToRoi"
  input_stream: "DETECTION:person" input_stream: "IMAGE_SIZE:size" output_stream: "ROI:region"
}
"""

_FOLLOW = """
input_stream: "image"
input_stream: "region"
output_stream: "landmarks"
output_stream: "next_region"
input_side_packet: "model_complexity"
input_side_packet: "enable_segmentation"
node {
  calculator: "ImagePropertiesCalculator"
  input_stream: "IMAGE_CPU:image" output_stream: "SIZE:size"
}
node {
  calculator: "PoseLandmarkByRoiCpu"
  input_stream: "IMAGE:image" input_stream: "ROI:region"
  input_side_packet: "MODEL_COMPLEXITY:model_complexity"
  input_side_packet: "ENABLE_SEGMENTATION:enable_segmentation"
  output_stream: "LANDMARKS:landmarks" output_stream: "AUXILIARY_LANDMARKS:anchors"
}
node {
  calculator: "PoseLandmarksToRoi"
  input_stream: "LANDMARKS:anchors" input_stream: "IMAGE_SIZE:size" output_stream: "ROI:next_region"
}
"""

# The graphs want increasing timestamps and do nothing else with them.
_TICK_US = 1_000
# The tasks API smooths by elapsed time; with ten minutes between pictures its filter passes all.
_STRETCHED_MS = 600_000


@dataclass(frozen=True, eq=False)
class Sighting:
    """A person seen in one picture.

    Attributes:
        landmarks: float32 `[33, 4]`: x and y in widths and heights of the picture, z (depth, in
            widths, 0 at the hips, smaller is nearer), visibility 0 to 1.
        region: where to look in a picture soon before or after, for `PoseFinder.look`.
    """

    landmarks: NDArray[np.float32]
    region: Any


class PoseFinder(Protocol):
    """Finds a person, and follows one; for use by one thread at a time."""

    source: str

    def find(self, rgb: NDArray[np.uint8], least_score: float = 0.0) -> Sighting | None:
        """Look for a person afresh in a picture, uint8 `[H, W, 3]`.

        `least_score` is how sure the detector must be, 0 to 1.
        """
        ...

    def sees(self, rgb: NDArray[np.uint8]) -> bool:
        """Whether the detector sees anybody in a picture; half the work of `find`."""
        ...

    def look(self, rgb: NDArray[np.uint8], region: Any) -> tuple[NDArray[np.float32] | None, Any]:
        """Look again at a person who was seen in a picture soon before or after.

        Args:
            rgb: uint8 `[H, W, 3]`.
            region: where: of a `Sighting`, or what the last call gave.

        Returns:
            float32 `[33, 4]` as in `Sighting`, None if the person isn't there, and the region to go on from.
        """
        ...

    def close(self) -> None:
        """Let go of the models; nothing may be asked after this."""
        ...


def open_finder(model: Path | None) -> PoseFinder:
    """A finder with its detector loaded; the landmark network is loaded when there is somebody.

    Args:
        model: a `.task` file; None for the model in mediapipe's wheel.

    Raises:
        MissingModelError: one line, if mediapipe or a model that it can run isn't there.
    """
    try:
        package = lean_package("mediapipe")
        version = importlib.metadata.version("mediapipe")
    except ImportError as error:
        raise MissingModelError(
            "pose needs mediapipe, which is not installed: pip install mediapipe"
        ) from error
    # Set off by mediapipe's own use of protobuf.
    warnings.filterwarnings("ignore", message=r"SymbolDatabase\.GetPrototype\(\) is deprecated")
    modules = Path(package.__path__[0]) / "modules"
    try:
        with without_native_noise():
            if model is not None:
                return TaskFinder(model, version)
            if (modules / "pose_landmark" / "pose_landmark_full.tflite").exists():
                return GraphFinder(modules.parent.parent, version)
    except (ImportError, RuntimeError, ValueError, OSError) as error:
        what = f"the pose model {model}" if model is not None else "the pose model"
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise MissingModelError(f"mediapipe {version} cannot run {what}: {reason}") from error
    raise MissingModelError(
        f"mediapipe {version} carries no pose model; give a pose_landmarker .task file "
        "(v2m models pull pose fetches one)"
    )


class _Graph:
    """One mediapipe graph, run picture by picture."""

    def __init__(self, text: str, outputs: Sequence[str], constants: dict[str, Any]) -> None:
        from mediapipe.python import CalculatorGraph

        self._tick = 0
        self._got: dict[str, Any] = {}
        self._graph = CalculatorGraph(graph_config=text)
        for output in outputs:
            self._graph.observe_output_stream(output, self._got.__setitem__)
        self._graph.start_run(constants)
        # A graph still running when the interpreter ends takes the process down with it.
        self.close = weakref.finalize(self, self._graph.close)

    def __call__(self, **packets: Any) -> dict[str, Any]:
        self._tick += _TICK_US
        self._got.clear()
        for name, packet in packets.items():
            self._graph.add_packet_to_input_stream(name, packet.at(self._tick))
        self._graph.wait_until_idle()
        return self._got


class GraphFinder:
    """The models in mediapipe's wheel."""

    def __init__(self, resources: Path, version: str) -> None:
        # Makes the messages known in which regions go in and landmarks come out.
        from mediapipe.framework.formats import detection_pb2, landmark_pb2, rect_pb2  # noqa: F401
        from mediapipe.python._framework_bindings import resource_util

        resource_util.set_resource_dir(str(resources))
        self.source = f"mediapipe {version} BlazePose full, unsmoothed"
        self._detect = _Graph(_DETECT, ["region", "people"], {})
        # The first picture loads the network.
        self._detect(image=_image_packet(np.zeros((64, 64, 3), np.uint8)))
        self._landmarks: _Graph | None = None

    def find(self, rgb: NDArray[np.uint8], least_score: float = 0.0) -> Sighting | None:
        from mediapipe.python import packet_getter

        packet = _image_packet(rgb)
        seen = self._detect(image=packet)
        if "region" not in seen or packet_getter.get_proto_list(seen["people"])[0].score[0] < least_score:
            return None
        landmarks, region = self._measure(packet, seen["region"])
        return None if landmarks is None else Sighting(landmarks, region)

    def sees(self, rgb: NDArray[np.uint8]) -> bool:
        return "region" in self._detect(image=_image_packet(rgb))

    def look(self, rgb: NDArray[np.uint8], region: Any) -> tuple[NDArray[np.float32] | None, Any]:
        return self._measure(_image_packet(rgb), region)

    def _measure(self, packet: Any, region: Any) -> tuple[NDArray[np.float32] | None, Any]:
        from mediapipe.python import packet_creator, packet_getter

        if region is None:
            return None, None
        if self._landmarks is None:
            constants = {
                "model_complexity": packet_creator.create_int(1),
                "enable_segmentation": packet_creator.create_bool(False),
            }
            self._landmarks = _Graph(_FOLLOW, ["landmarks", "next_region"], constants)
            with without_native_noise():
                got = self._landmarks(image=packet, region=region)
        else:
            got = self._landmarks(image=packet, region=region)
        found = got.get("landmarks")
        landmarks = None if found is None else _as_array(packet_getter.get_proto(found).landmark)
        return landmarks, got.get("next_region")

    def close(self) -> None:
        self._detect.close()
        if self._landmarks is not None:
            self._landmarks.close()


class TaskFinder:
    """A `.task` file, by the tasks API."""

    def __init__(self, model: Path, version: str) -> None:
        from mediapipe.tasks.python import vision

        self.source = f"mediapipe {version} {model.name}"
        self._model = model
        self._still = self._open(vision.RunningMode.IMAGE, SURE)
        self._moving: Any = None
        self._clock_ms = 0
        self._quiet = False

    def _open(self, mode: Any, score: float) -> Any:
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._model)),
            running_mode=mode,
            min_pose_detection_confidence=score,
        )
        return vision.PoseLandmarker.create_from_options(options)

    def find(self, rgb: NDArray[np.uint8], least_score: float = 0.0) -> Sighting | None:
        # The first person found sets off more noise.
        with contextlib.nullcontext() if self._quiet else without_native_noise():
            landmarks = _first_person(self._still.detect(_task_image(rgb)))
        self._quiet = self._quiet or landmarks is not None
        # The tasks API keeps the detector's score to itself; it is at least `SURE`, as was asked for.
        return None if landmarks is None else Sighting(landmarks, None)

    def sees(self, rgb: NDArray[np.uint8]) -> bool:
        return self.find(rgb) is not None

    def look(self, rgb: NDArray[np.uint8], region: Any) -> tuple[NDArray[np.float32] | None, Any]:
        if self._moving is None:
            from mediapipe.tasks.python import vision

            with without_native_noise():
                self._moving = self._open(vision.RunningMode.VIDEO, 0.5)
        self._clock_ms += _STRETCHED_MS
        image = _task_image(rgb)
        return _first_person(self._moving.detect_for_video(image, self._clock_ms)), None

    def close(self) -> None:
        self._still.close()
        if self._moving is not None:
            self._moving.close()


def _image_packet(rgb: NDArray[np.uint8]) -> Any:
    from mediapipe.python import ImageFormat, packet_creator

    return packet_creator.create_image_frame(data=np.ascontiguousarray(rgb), image_format=ImageFormat.SRGB)


def _task_image(rgb: NDArray[np.uint8]) -> Any:
    import mediapipe

    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))


def _first_person(result: Any) -> NDArray[np.float32] | None:
    if not result.pose_landmarks:
        return None
    return _as_array(result.pose_landmarks[0])


def _as_array(landmarks: Any) -> NDArray[np.float32]:
    return np.array([(p.x, p.y, p.z, p.visibility) for p in landmarks], np.float32)
