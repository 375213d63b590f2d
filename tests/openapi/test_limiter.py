"""Rate limits as told: no second sees more than burst and rate allow, in order of arrival."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portway.openapi.limiter import Bucket, Limiter


@given(
    limit=st.integers(1, 20),
    burst=st.integers(1, 20),
    gaps=st.lists(st.floats(0, 0.5), min_size=1, max_size=60),
)
def test_a_second_never_sees_more_than_the_rule_bears(
    limit: int, burst: int, gaps: list[float]
) -> None:
    bucket, now, used = Bucket(limit, burst), 0.0, []
    for gap in gaps:
        now += gap
        used.append(now + bucket.reserve(now))
    assert used == sorted(used)
    for start in used:
        inside = [at for at in used if start <= at < start + 1]
        assert len(inside) <= burst + min(limit, burst) + 1e-9


def test_a_full_bucket_goes_at_once_and_then_steadily() -> None:
    bucket = Bucket(10, 5)
    waits = [bucket.reserve(100.0) for _ in range(7)]
    assert waits == pytest.approx([0, 0, 0, 0, 0, 0.2, 0.4])


@pytest.mark.parametrize("row", [(11, 0, 5), (11, 5, 0), (11, -1, 5)])
def test_a_rule_of_nothing_is_no_rule(row: tuple[int, int, int]) -> None:
    limiter = Limiter([row])
    assert [limiter.reserve(11, 0.0) for _ in range(100)] == [0.0] * 100


def test_commands_do_not_share_a_bucket() -> None:
    limiter = Limiter([(11, 1, 1), (10, 1, 1)])
    assert limiter.reserve(11, 0.0) == limiter.reserve(10, 0.0) == 0.0
    assert limiter.wait_s(11, 0.0) == pytest.approx(1.0)
    assert limiter.wait_s(6, 0.0) == 0.0
