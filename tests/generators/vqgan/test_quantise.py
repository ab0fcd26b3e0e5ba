"""Residual vector quantisation: what each book adds, how words move, how gradients pass."""

from __future__ import annotations

import pytest
import torch

from generators.vqgan.quantise import Book, Quantiser

LATENT, SIZE = 6, 32


def latents(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, LATENT, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def quantiser() -> Quantiser:
    torch.manual_seed(0)
    made = Quantiser(LATENT, books=4, size=SIZE, left_out=0.0)
    made.start(latents(2000), even=1.0)
    return made.eval()


def test_every_book_leaves_less(quantiser: Quantiser) -> None:
    codes = quantiser(latents(500, 1).T[None]).codes
    errors = [
        float((quantiser.say(codes[:, :books]) - latents(500, 1).T).square().mean()) for books in (1, 2, 3, 4)
    ]
    assert errors == sorted(errors, reverse=True)
    # Four books of five bits for six numbers: no less than 2^(−2 · 20 / 6) = 0.01 is possible.
    assert 0.01 < errors[-1] < 0.12


def test_what_is_said_is_what_was_quantised(quantiser: Quantiser) -> None:
    found = quantiser(latents(50, 2).T[None])
    assert torch.allclose(quantiser.say(found.codes), found.latents, atol=1e-5)


def test_the_beginning_uses_every_code(quantiser: Quantiser) -> None:
    codes = quantiser(latents(2000).T[None]).codes
    assert all(len(torch.unique(book)) == SIZE for book in codes[0])


def test_gradients_go_straight_through(quantiser: Quantiser) -> None:
    heard = latents(20, 3).T[None].requires_grad_()
    quantiser(heard).latents.sum().backward()
    assert torch.equal(heard.grad, torch.ones_like(heard))


def test_words_follow_what_chooses_them() -> None:
    torch.manual_seed(0)
    book = Book(LATENT, SIZE)
    far = latents(400, 4) * 0.1 + 5.0
    for _ in range(400):
        book.follow(far, book.choose(far))
    # Every word has been moved or woken to where there is something to say.
    assert float((book.words - 5.0).abs().max()) < 1.0
    assert len(torch.unique(book.choose(far))) > 0.9 * SIZE


def test_some_of_the_last_books_are_left_out_in_training() -> None:
    torch.manual_seed(0)
    made = Quantiser(LATENT, books=4, size=SIZE, left_out=1.0)
    made.start(latents(2000), even=1.0)
    heard = latents(64 * 5, 5).reshape(64, 5, LATENT).transpose(1, 2)
    found = made.train()(heard)
    error = (found.latents - heard).square().mean((1, 2))
    assert float(error.max()) > 5 * float(error.min())


def test_the_true_codes_are_the_most_probable(quantiser: Quantiser) -> None:
    heard = latents(200, 6).T[None]
    codes = quantiser(heard).codes
    others = torch.randint(SIZE, codes.shape, generator=torch.Generator().manual_seed(0))
    assert quantiser.code_loss(heard, codes, 4) < 0.5 * quantiser.code_loss(heard, others, 4)
