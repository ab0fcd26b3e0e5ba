"""What has been heard before: the evidence is where a song repeats itself."""

from __future__ import annotations

import torch

from generators.affective.echo import FEATURES, MEMORIES, Echo, echoes

LOOP = [5, 9, 22, 40, 61]


def test_a_loop_heard_twice_is_surest_at_the_lag_from_which_it_goes_on() -> None:
    chords = torch.tensor([LOOP * 2])
    evidence = echoes(chords, 16)[0, -1, : len(MEMORIES)].sum(0)
    lag = int(evidence.argmax())
    # The chord `lag` steps ago is what came after the last one, a whole loop ago.
    assert lag == len(LOOP) - 1
    assert int(chords[0, -1 - lag]) == LOOP[0]


def test_all_steps_are_those_heard_one_by_one() -> None:
    chords = torch.randint(0, 4, (3, 40), generator=torch.Generator().manual_seed(0))
    together = echoes(chords, 24)
    assert together.shape == (3, 40, FEATURES, 24)
    echo = Echo.begin(3, 24)
    for step in range(40):
        assert torch.equal(together[:, step], echo.hear(chords[:, step]))


def test_its_state_does_not_grow_with_the_song() -> None:
    echo = Echo.begin(1, 32)

    def size() -> int:
        return sum(part.numel() for part in vars(echo).values())

    sizes = set()
    for step in range(300):
        echo.hear(torch.tensor([step % 7 + 1]))
        sizes.add(size())
    assert len(sizes) == 1


def test_how_many_chords_match_in_a_row_is_counted() -> None:
    chords = [1, 2, 3, 4, 9, 1, 2, 3]
    echo = Echo.begin(1, 8)
    for chord in chords:
        echo.hear(torch.tensor([chord]))
    naive = []
    for lag in range(8):  # the chord now against the one lag + 1 before
        run = 0
        while len(chords) - 2 - lag - run >= 0 and chords[-1 - run] == chords[-2 - lag - run]:
            run += 1
        naive.append(run)
    assert echo.run[0].tolist() == naive
    assert max(naive) == 3
