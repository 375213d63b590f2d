"""Every fee that a venue can charge has a name in every language."""

from __future__ import annotations

import pytest

from portway.core.fees import _SCHEDULES, FeeClass
from portway.gateway.charge_names import CHARGE_NAMES, charge_name
from portway.wire.envelope import Language


@pytest.mark.parametrize("fee_class", list(FeeClass))
def test_every_fee_of_every_schedule_is_named(fee_class: FeeClass) -> None:
    assert set(_SCHEDULES[fee_class]) <= set(CHARGE_NAMES)


def test_names_differ_by_language_and_unknown_codes_show_as_they_are() -> None:
    assert {charge_name("STAMP", one) for one in Language} == {"Stamp Duty", "印花税", "印花稅"}
    assert charge_name("NEW_FEE", Language.ZH_CN) == "NEW_FEE"
