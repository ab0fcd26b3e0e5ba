"""A small codec that nobody has trained."""

from __future__ import annotations

from functools import cache

import torch

from generators.vqgan.codec import Codec, CodecConfig

HOP = 512


@cache
def codec() -> Codec:
    torch.manual_seed(0)
    return Codec(CodecConfig(hop=HOP, width=32, encoder=1, decoder=2, latent=16, books=3, size=32)).eval()
