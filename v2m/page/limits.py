"""What the page allows: how much, how long, how many, and for how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass, fields

from encoders.errors import V2MError

MEGABYTE = 1 << 20


class LimitError(V2MError, ValueError):
    """A limit that makes no sense, or one that was met."""


@dataclass(frozen=True)
class Limits:
    """What one page allows its visitors.

    Attributes:
        upload_mb: size of one uploaded file.
        clip_s: length of a clip.
        side_px: longer side of a clip's picture.
        waiting: how many pieces of work may wait or be under way, over all visitors.
        uploads: how many files may be on their way at once.
        visitor_mb: what the files of one visitor take together.
        disk_mb: what the files of all visitors take together.
        work_s: how long one piece of work may take.
        work_mb: memory of the process that does it.
        keep_s: how long a file is kept after it was last asked for.

    Raises:
        LimitError: if one is not positive.
    """

    upload_mb: float = 200.0
    clip_s: float = 180.0
    side_px: int = 4096
    waiting: int = 12
    uploads: int = 6
    visitor_mb: float = 1500.0
    disk_mb: float = 12_000.0
    work_s: float = 1200.0
    work_mb: float = 6000.0
    keep_s: float = 3600.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise LimitError(f"{field.name} must be above 0, not {value:g}")

    @property
    def upload_bytes(self) -> int:
        """Size of one uploaded file."""
        return int(self.upload_mb * MEGABYTE)

    def in_words(self) -> str:
        """What may be uploaded: `up to 200 MB and 3 minutes`."""
        length = f"{self.clip_s:g} seconds" if self.clip_s < 120 else f"{self.clip_s / 60:.3g} minutes"
        return f"up to {self.upload_mb:g} MB and {length}"
