"""The counter-based generator: numbers by address, exact and evenly spread."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portway.market.synthetic.draws import (
    exp,
    fraction,
    key_of,
    normals,
    split,
    uniforms,
    word,
    words,
)

keys = st.integers(0, 2**64 - 1)


@given(keys, st.lists(st.integers(0, 2**62), min_size=1, max_size=20))
def test_an_array_of_addresses_gives_what_each_alone_does(key: int, index: list[int]) -> None:
    drawn = words(key, np.array(index, dtype=np.int64))
    assert drawn.tolist() == [word(key, one) for one in index]
    assert uniforms(drawn).tolist() == [fraction(one) for one in drawn.tolist()]


def test_words_are_the_ones_of_splitmix64() -> None:
    # First outputs of the published generator started from state 0.
    assert word(0, 0) == 0xE220A8397B1DCDAF
    assert word(0, 1) == 0x6E789E6AA1B965F4
    assert word(0, 2) == 0x06C45D188009454F


def test_keys_depend_on_every_part_and_on_where_it_ends() -> None:
    parts = [(7, "700.HK", "day"), (7, "700.HK", "bar"), (8, "700.HK", "day"), (7, "700.HKday")]
    assert len({key_of(*one) for one in parts}) == len(parts)


def test_draws_have_the_moments_of_their_distribution() -> None:
    drawn = words(key_of("moments"), np.arange(200_000))
    flat, bell = uniforms(drawn), normals(drawn)
    assert abs(flat.mean() - 0.5) < 0.003
    assert abs(flat.var() - 1 / 12) < 0.001
    assert abs(bell.mean()) < 0.01
    assert abs(bell.var() - 1) < 0.01
    assert np.abs(bell).max() < 3.47
    assert abs(np.corrcoef(bell[1:], bell[:-1])[0, 1]) < 0.01


@given(st.floats(-20, 20))
def test_exp_agrees_with_the_true_value(x: float) -> None:
    with localcontext() as context:
        context.prec = 40
        true = Decimal(x).exp()
        ours = Decimal(float(exp(np.array([x]))[0]))
        assert abs(ours / true - 1) < Decimal("1e-12")


@given(
    st.integers(0, 10**12),
    st.lists(st.floats(0, 1e6), min_size=1, max_size=50).filter(lambda w: math.fsum(w) > 1e-3),
)
def test_shares_of_a_split_are_whole_and_add_up(total: int, weights: list[float]) -> None:
    shares = split(total, np.array(weights)).tolist()
    assert sum(shares) == total
    assert min(shares) >= 0
    scale = total / math.fsum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - weight * scale) <= 1 + 1e-9 * total
