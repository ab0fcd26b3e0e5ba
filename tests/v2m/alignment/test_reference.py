"""Distances to a corpus: known distributions, their published estimators, and the file they are kept in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import gaussian_kde, norm

from v2m.alignment.music_statistics import HISTOGRAMS, UNITS
from v2m.alignment.reference import (
    Corpus,
    CorpusError,
    Reference,
    density_overlap,
    distances_overlap,
    from_plain,
    load_reference,
    shape_of,
    shapes_overlap,
    spread_of,
    to_plain,
    total_variation,
    values_overlap,
)


def small_reference() -> Reference:
    rng = np.random.default_rng(0)
    spread = spread_of(rng.normal(2.0, 0.5, 300))
    shape = shape_of(rng.dirichlet(np.full(5, 8.0), 300))
    corpora = tuple(
        Corpus(length_s, length_s > 100, 300, {"pche_1bar": spread}, {"melody_intervals": shape})
        for length_s in (15.0, 60.0, 240.0)
    )
    return Reference("small", "made", "CC0", "nowhere", "none", "", corpora)


def test_z_and_percentile_are_those_of_the_corpus() -> None:
    spread = spread_of(np.arange(1001) / 10)
    assert (spread.mean, spread.count) == (pytest.approx(50), 1001)
    assert spread.z(50 + spread.sd) == pytest.approx(1)
    assert spread.percentile(30.0) == pytest.approx(30)
    assert spread.percentile(-5.0) == 0
    assert spread.percentile(500.0) == 100
    # Half of the pieces are alike: whoever is like them lies in the middle of them.
    tied = spread_of(np.concatenate([np.zeros(500), np.linspace(1, 2, 500)]))
    assert tied.percentile(0.0) == pytest.approx(25, abs=1)


def test_overlap_of_two_gaussians_is_the_known_one() -> None:
    rng = np.random.default_rng(1)
    for apart in (0.0, 1.0, 3.0):
        a, b = rng.normal(0, 1, 4000), rng.normal(apart, 1, 4000)
        # The kernels widen both; for so many values by little.
        assert density_overlap(a, b) == pytest.approx(2 * norm.cdf(-apart / 2), abs=0.04)
    assert density_overlap(np.zeros(9), np.zeros(9)) == 1
    assert density_overlap(np.zeros(9), np.ones(9)) < 0.01
    assert np.isnan(density_overlap(np.array([1.0]), np.ones(9)))


def test_the_density_is_scipys() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.gamma(2.0, 1.0, 80), rng.gamma(3.0, 1.0, 50)
    at = np.linspace(-5, 20, 4000)
    both = np.minimum(gaussian_kde(a)(at), gaussian_kde(b)(at))
    assert density_overlap(a, b) == pytest.approx(np.trapezoid(both, at), abs=1e-3)


def test_yang_and_lerchs_overlap_falls_as_the_set_moves_away_and_that_of_values_sees_a_narrow_set() -> None:
    rng = np.random.default_rng(3)
    spread = spread_of(rng.normal(0, 1, 900))
    near, off, far = (distances_overlap(rng.normal(m, 1, 40), spread) for m in (0.0, 1.0, 3.0))
    assert near > 0.9
    assert near > off > far
    narrow = rng.normal(0, 0.02, 40)
    assert values_overlap(narrow, spread) < 0.2
    assert distances_overlap(narrow, spread) > 0.7


def test_histograms_are_compared_as_shares() -> None:
    rng = np.random.default_rng(4)
    people = rng.dirichlet(np.array([4.0, 8.0, 2.0, 6.0]) * 5, 400)
    shape = shape_of(people)
    assert len(shape.pieces) == 60
    alike, unlike = (
        rng.dirichlet(np.array([4.0, 8.0, 2.0, 6.0]) * 5, 40),
        np.tile([0.7, 0.1, 0.1, 0.1], (40, 1)),
    )
    assert shapes_overlap(alike, shape) > 0.85
    assert shapes_overlap(unlike, shape) < 0.2
    assert total_variation(np.array([1.0, 0, 0]), np.array([0, 0.5, 0.5])) == 1
    assert total_variation(shape.mean, shape.mean) == 0


def test_pieces_are_compared_with_human_ones_of_about_their_length() -> None:
    made = small_reference()
    assert [made.nearest(s).length_s for s in (3.0, 29.0, 31.0, 119.0, 121.0, 9999.0)] == [
        15.0,
        15.0,
        60.0,
        60.0,
        240.0,
        240.0,
    ]
    assert made.nearest(10.0).title == "300 excerpts of 15 s"
    assert made.nearest(300.0).title == "300 whole pieces"


def test_a_reference_is_the_same_after_its_file(tmp_path: Path) -> None:
    made = small_reference()
    path = tmp_path / "own.json"
    path.write_text(json.dumps(to_plain(made)))
    back = load_reference(str(path))
    assert (back.name, back.licence, len(back.corpora)) == ("small", "CC0", 3)
    for a, b in zip(made.corpora, back.corpora, strict=True):
        assert b.numbers["pche_1bar"].mean == pytest.approx(a.numbers["pche_1bar"].mean, rel=1e-4)
        assert b.numbers["pche_1bar"].quantiles == pytest.approx(a.numbers["pche_1bar"].quantiles, rel=1e-3)
        assert b.histograms["melody_intervals"].pieces == pytest.approx(
            a.histograms["melody_intervals"].pieces, abs=6e-4
        )
    assert to_plain(back) == to_plain(from_plain(to_plain(back)))


def test_what_is_no_reference_is_said_in_one_line(tmp_path: Path) -> None:
    plain = to_plain(small_reference())
    for name, content, says in (
        ("text.json", "hello", "is not a reference file"),
        ("list.json", "[]", "is not a reference file"),
        ("lacking.json", json.dumps({**plain, "corpora": [{}]}), "is not a reference file"),
        ("later.json", json.dumps({**plain, "format": 99}), "format 99"),
        ("none.json", json.dumps({**plain, "corpora": []}), "needs a corpus"),
    ):
        path = tmp_path / name
        path.write_text(content)
        with pytest.raises(CorpusError, match=says) as caught:
            load_reference(str(path))
        assert "\n" not in str(caught.value)
    with pytest.raises(CorpusError, match=r"not found \(known: pop909\)"):
        load_reference("mozart")


def test_the_shipped_reference_holds_every_metric_and_says_whose_it_is() -> None:
    shipped = load_reference()
    assert "MIT" in shipped.licence
    assert "POP909" in shipped.source
    assert [c.pieces for c in shipped.corpora][-1] == 909
    for corpus in shipped.corpora:
        lacking = set(UNITS) - set(corpus.numbers)
        assert lacking <= ({"si_long"} if corpus.length_s < 20 else set())
        assert set(corpus.histograms) == set(HISTOGRAMS)
    whole = shipped.corpora[-1].numbers
    # Published for a corpus made of the same songs, by other code: 2.717, 0.708 and 0.486.
    assert whole["pche_4bars"].mean == pytest.approx(2.717, abs=0.15)
    assert whole["gps"].mean == pytest.approx(0.708, abs=0.2)
    assert whole["si_short"].mean == pytest.approx(0.486, abs=0.15)
