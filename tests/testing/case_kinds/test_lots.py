from __future__ import annotations

import pytest

from portway.testing.cases import kinds


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"market": "US", "class": "etf", "quantity": "500001", "max_quantity": 500000},
            "max_quantity",
        ),
        ({"market": "US", "class": "stock", "quantity": "0"}, "not_positive"),
        ({"market": "HK", "class": "cbbc", "quantity": "15000", "lot_size": 10000}, "lot_multiple"),
        (
            {
                "market": "CN",
                "class": "a_share",
                "board": "star",
                "lot_size": 200,
                "quantity": "150",
            },
            "min_quantity",
        ),
    ],
)
def test_a_refusal_is_named_as_in_the_case_files(given, reason):
    common = {"order_type": "LO", "side": "Buy", "lot_size": 1}
    assert kinds()["lots", "quantity"]({**common, **given}) == {"accepted": False, "reason": reason}
