"""An open file → when each of its frames is shown, from the packets, without decoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import numpy as np
from numpy.typing import NDArray

from encoders.container import reason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# The last frame's own duration is believed within these: a header can claim hours, or one tick.
_SHORTEST_LAST_FRAME_S = 0.004
_LONGEST_LAST_FRAME_S = 10.0
# A file whose header claims this much more than it holds was cut short.
_MISSING_S = 0.5
# A download that was given its full size in advance ends in zeros; these codecs never do.
_NEVER_ZEROS = frozenset({"h264", "hevc", "vp8", "vp9", "mpeg4", "av1", "libdav1d", "libaom-av1"})
_ZEROS = bytes(16)


@dataclass(frozen=True, eq=False)
class PacketIndex:
    """The packets of a file's picture.

    Attributes:
        times_s: float64 `[N]`, strictly increasing, seconds on the file's own clock.
        end_s: when the last frame ends, on the same clock.
        ordered: the packets do not say when their frame is shown (raw streams; H.264 in AVI); a
            frame's time is found by its place in the order.
        whole: each packet is one shown frame, as decord takes for granted.
        notes: what was odd, in sentences.
    """

    times_s: NDArray[np.float64]
    end_s: float
    ordered: bool
    whole: bool
    notes: tuple[str, ...]


def index_packets(container: InputContainer, stream: VideoStream) -> PacketIndex:
    """Demux the whole file and gather the picture's presentation times."""
    shown: list[int] = []
    hidden = unsaid = untimed = broken = 0
    last_s = 0.0
    durations: dict[int, int] = {}
    notes: list[str] = []
    time_base = float(stream.time_base or 1 / 1000)
    # AVI numbers packets as they are decoded, which is not the order in which B-frames are shown.
    unsaid_order = container.format.name == "avi" and stream.codec_context.has_b_frames
    zeros_mean_missing = stream.codec_context.name in _NEVER_ZEROS
    try:
        for packet in container.demux():
            if packet.size == 0:
                continue
            if packet.pts is not None and packet.time_base:
                last_s = max(last_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream_index != stream.index:
                continue
            if packet.is_corrupt or (zeros_mean_missing and bytes(memoryview(packet)[:16]) == _ZEROS):
                broken += 1
                continue
            if packet.is_discard or _is_hidden(memoryview(packet), stream):
                hidden += 1
                continue
            unsaid += packet.pts is None or unsaid_order
            pts = packet.pts if packet.pts is not None else packet.dts
            if pts is None:
                untimed += 1
                continue
            shown.append(pts)
            if packet.duration:
                durations[pts] = packet.duration
    except av.FFmpegError as error:
        notes.append(f"The file breaks off while it is read ({reason(error)}); what comes before is used.")

    frames = len(shown) + untimed
    if untimed:
        rate = float(stream.average_rate or stream.guessed_rate or 25)
        times: NDArray[np.float64] = np.arange(frames, dtype=np.float64) / rate
        end_s = frames / rate
        notes.append(f"The file carries no timestamps; its frames are taken to be {rate:g} a second.")
    else:
        ticks = np.unique(np.asarray(shown, dtype=np.int64))
        times = np.asarray(ticks * time_base, dtype=np.float64)
        end_s = _end_s(times, durations.get(int(ticks[-1])) if frames else None, time_base)
        if len(ticks) < frames:
            notes.append(f"Timestamps repeat in the file: {frames - len(ticks)} of its frames are left out.")
    missing = broken + max(0, (stream.frames or 0) - (frames + broken + hidden))
    if missing and frames:
        notes.append(f"The file is cut short or damaged: {frames} of {frames + missing} frames are there.")
    elif frames and not untimed:
        claimed_s, held_s = _claimed_s(container), max(last_s, end_s)
        if claimed_s > held_s + max(_MISSING_S, 0.02 * held_s):
            start_s = min(0.0, times[0])
            notes.append(
                f"The file's header claims {claimed_s:.1f} s of which {held_s - start_s:.1f} s are there; "
                "it is cut short, or the header is wrong."
            )
    whole = not (hidden or unsaid or broken) and len(times) == frames
    return PacketIndex(times, end_s, unsaid > 0, whole, tuple(notes))


def _end_s(times: NDArray[np.float64], last_ticks: int | None, time_base: float) -> float:
    if len(times) == 0:
        return 0.0
    usual_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    last_s = (last_ticks or 0) * time_base
    if not _SHORTEST_LAST_FRAME_S <= last_s <= max(_LONGEST_LAST_FRAME_S, 2 * usual_s):
        last_s = usual_s
    return float(times[-1] + last_s)


def _claimed_s(container: InputContainer) -> float:
    """The header's duration; some formats count it from their zero, some from the first packet."""
    return (container.duration or 0) / 1e6


def _is_hidden(data: memoryview, stream: VideoStream) -> bool:
    """Whether a VP8 packet is a reference picture that is never shown (RFC 6386, section 9.1)."""
    return stream.codec_context.name == "vp8" and not data[0] & 0x10
