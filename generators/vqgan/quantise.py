"""Latents ↔ codes: residual vector quantisation (Zeghidour et al. 2021), its books running averages.

The latents are few numbers a frame, so that they are looked up as they are. Each book takes what those before
it leave. Words are the running averages of what chose them (van den Oord et al. 2017) instead of learning by
gradient; one that hardly anything chooses takes the place of something that was heard. Gradients go straight
through. In training some of the last books are left out at random, so that the first ones do most.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

MEMORY = 0.99  # of the running averages, a step
ASLEEP = 0.1  # a word chosen less often than this share of an even one is given a new place
LLOYD = 8  # rounds of k-means at the start


class Quantised(NamedTuple):
    """What quantising gives.

    Attributes:
        latents: float32 `[batch, latent, time]`, as the codes say them; gradients pass.
        codes: int64 `[batch, books, time]`.
        loss: how far the encoder is from what the codes say, beside how far its latents vary.
    """

    latents: Tensor
    codes: Tensor
    loss: Tensor


class Book(nn.Module):
    """One codebook.

    Attributes:
        words: float32 `[size, latent]`.
        counts: float32 `[size]`, how many chose each in a step, a running average.
        spread: mean squared distance to the word that is chosen, a running average.
    """

    words: Tensor
    counts: Tensor
    spread: Tensor

    def __init__(self, latent: int, size: int) -> None:
        super().__init__()
        self.register_buffer("words", torch.randn(size, latent))
        self.register_buffer("counts", torch.ones(size))
        self.register_buffer("spread", torch.ones(()))

    def distances(self, left: Tensor) -> Tensor:
        """`[..., latent]` → squared distances to the words, `[..., size]`."""
        near = left.square().sum(-1, keepdim=True) + self.words.square().sum(-1) - 2 * left @ self.words.T
        return near.clamp(min=0)

    def choose(self, left: Tensor) -> Tensor:
        """`[..., latent]` → int64 `[...]`."""
        return (left @ self.words.T - self.words.square().sum(-1) / 2).argmax(-1)

    @torch.no_grad()
    def follow(self, left: Tensor, codes: Tensor) -> None:
        """Move the words toward what chose them: `[n, latent]`, `[n]`."""
        size = len(self.words)
        count = torch.bincount(codes, minlength=size).float()
        sums = torch.zeros_like(self.words).index_add_(0, codes, left)
        kept = MEMORY * self.counts
        self.counts.copy_(kept + (1 - MEMORY) * count)
        moved = (kept[:, None] * self.words + (1 - MEMORY) * sums) / self.counts[:, None].clamp(min=1e-9)
        self.words.copy_(torch.where(self.counts[:, None] > 1e-9, moved, self.words))
        distance = (left - self.words[codes]).square().sum(-1).mean()
        self.spread.lerp_(distance, 1 - MEMORY)
        even = len(left) / size
        asleep = torch.nonzero(self.counts < ASLEEP * even)[:, 0]
        drawn = torch.randint(len(left), (len(asleep),), device=left.device)
        self.words[asleep] = left[drawn]
        self.counts[asleep] = even

    @torch.no_grad()
    def start(self, left: Tensor, even: float) -> Tensor:
        """Begin with the means of k-means (Lloyd 1982) of `[n, latent]`; gives what they leave.

        Args:
            left: at least as many as there are words.
            even: how many will choose each word in a step.
        """
        self.words.copy_(left[torch.randperm(len(left), device=left.device)[: len(self.words)]])
        for _ in range(LLOYD):
            codes = self.choose(left)
            count = torch.bincount(codes, minlength=len(self.words))
            sums = torch.zeros_like(self.words).index_add_(0, codes, left)
            lost = torch.nonzero(count == 0)[:, 0]
            self.words.copy_(sums / count[:, None].clamp(min=1))
            self.words[lost] = left[torch.randint(len(left), (len(lost),), device=left.device)]
        rest = left - self.words[self.choose(left)]
        self.counts.fill_(even)
        self.spread.copy_(rest.square().sum(-1).mean())
        return rest


class Quantiser(nn.Module):
    """`books` books, each of what those before it leave."""

    def __init__(self, latent: int, books: int, size: int, left_out: float) -> None:
        super().__init__()
        self.books = nn.ModuleList(Book(latent, size) for _ in range(books))
        self.left_out = left_out

    def forward(self, latents: Tensor) -> Quantised:
        """Quantise `[batch, latent, time]`; in training, for some of the batch, with fewer books."""
        left = latents.detach().transpose(1, 2)
        batch, books = len(latents), len(self.books)
        kept = torch.full((batch,), books, device=latents.device)
        if self.training:
            fewer = torch.rand(batch, device=latents.device) < self.left_out
            kept = torch.where(fewer, torch.randint(1, books + 1, (batch,), device=latents.device), kept)
        said, all_said, codes = torch.zeros_like(left), torch.zeros_like(left), []
        for number, book in enumerate(self._each()):
            chosen = book.choose(left)
            word = book.words[chosen]
            if self.training:
                book.follow(left.flatten(0, 1), chosen.flatten())
            all_said = all_said + word
            said = said + word * (number < kept)[:, None, None]
            left = left - word
            codes.append(chosen)
        apart = (latents - all_said.transpose(1, 2)).square().mean()
        loss = apart / latents.detach().var().clamp(min=1e-6)
        return Quantised(latents + (said.transpose(1, 2) - latents).detach(), torch.stack(codes, 1), loss)

    def say(self, codes: Tensor) -> Tensor:
        """int64 `[batch, books, time]`, or of the first books only → float32 `[batch, latent, time]`."""
        spoken = [book.words[codes[:, i]] for i, book in enumerate(self._each()) if i < codes.shape[1]]
        return torch.stack(spoken).sum(0).transpose(1, 2)

    def code_loss(self, latents: Tensor, codes: Tensor, books: int) -> Tensor:
        """How improbable codes are by their words' nearness to latents: cross entropy, nats a code.

        Each book is asked of what the given codes of those before it leave.

        Args:
            latents: float32 `[batch, latent, time]`.
            codes: int64 `[batch, books, time]`.
            books: how many of the first ones are asked.
        """
        left, each = latents.transpose(1, 2), []
        for number, book in enumerate(self._each()[:books]):
            odds = -book.distances(left) / (2 * book.spread.clamp(min=1e-6))
            each.append(F.cross_entropy(odds.transpose(1, 2), codes[:, number]))
            left = left - book.words[codes[:, number]]
        return torch.stack(each).mean()

    def start(self, latents: Tensor, even: float) -> None:
        """Begin with the books that k-means gives for `[n, latent]`."""
        for book in self._each():
            latents = book.start(latents, even)

    def _each(self) -> list[Book]:
        return [book for book in self.books if isinstance(book, Book)]
