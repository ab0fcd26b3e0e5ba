"""What a whole clip's picture leads one to expect of its music: harmony's colour and pace, density, loudness.

A few hundred music videos are too few to learn this from seconds: the transformer remembers videos instead.
Their means are few numbers, and a ridge regression on them does foretell songs it was not fitted to. So it
is fitted first, and the transformer is told what it says. `outlook_fitting` fits it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from generators.affective.senses import PICTURE, WIDTHS, Senses

OF_CLIP = 5  # shares of major and of minor chords, share of steps with a new chord, density, loudness
OF_STEP = 2  # density and loudness, beside the clip's
SAID = OF_CLIP + OF_STEP
SMOOTH = 10  # steps to each side over which a step's picture is averaged


class Outlook(nn.Module):
    """A linear map for each of `PICTURE`; at first, and for a sense it was not fitted to, it says nothing."""

    def __init__(self) -> None:
        super().__init__()
        for name in PICTURE:
            self.register_buffer(f"{name}_mean", torch.zeros(WIDTHS[name]))
            self.register_buffer(f"{name}_clip", torch.zeros(WIDTHS[name], OF_CLIP))
            self.register_buffer(f"{name}_step", torch.zeros(WIDTHS[name], OF_STEP))

    def forward(self, senses: Senses) -> Tensor:
        """float32 `[batch, time, len(PICTURE), SAID]`, in deviations of what is said; 0 where nothing is."""
        said = []
        for name in PICTURE:
            mean, of_clip, of_step = (self.get_buffer(f"{name}_{part}") for part in ("mean", "clip", "step"))
            heard = senses.heard[name][..., None]
            whole, near = averages(torch.where(heard, senses.values[name] - mean, 0.0), heard.float())
            clip = (whole @ of_clip)[:, None].expand(-1, near.shape[1], -1)
            said.append(torch.cat([clip, (near - whole[:, None]) @ of_step], -1) * heard)
        return torch.stack(said, -2)


def averages(rows: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
    """Means of what is heard.

    Args:
        rows: `[batch, time, width]`, 0 where nothing is heard.
        heard: float `[batch, time, 1]`, 0 or 1.

    Returns:
        `[batch, width]`, of whole clips; `[batch, time, width]`, about each step, Hann-weighted.
    """
    whole = rows.sum(1) / heard.sum(1).clamp(min=1)
    window = torch.hann_window(2 * SMOOTH + 3, periodic=False, device=rows.device)[1:-1]
    both = torch.cat([rows, heard], -1)
    batches, _, width = both.shape
    columns = both.transpose(1, 2).reshape(batches * width, 1, -1)
    near = torch.nn.functional.conv1d(columns, window[None, None], padding=SMOOTH)
    near = near.reshape(batches, width, -1).transpose(1, 2)
    return whole, near[..., :-1] / near[..., -1:].clamp(min=1e-3)
