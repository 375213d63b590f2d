"""Which trade types count, market by market."""

import pytest

from portway.model.quote import TradeSession
from portway.model.symbol import Market
from portway.quotes.effects import TradeEffect, effect_of

BOTH, VOLUME, NONE = TradeEffect.PRICE_AND_VOLUME, TradeEffect.VOLUME_ONLY, TradeEffect.NONE
NORMAL, PRE, POST, OVERNIGHT = (
    TradeSession.NORMAL,
    TradeSession.PRE,
    TradeSession.POST,
    TradeSession.OVERNIGHT,
)

HK_TABLE = {"": BOTH, "U": BOTH} | dict.fromkeys("DMPXY", VOLUME) | dict.fromkeys("*AQ", NONE)
US_TABLE = (
    dict.fromkeys(["", *"ABDEFKSX1"], BOTH)
    | dict.fromkeys("CGHVWI", VOLUME)
    | dict.fromkeys("MPQUZ*", NONE)
)


@pytest.mark.parametrize(("trade_type", "effect"), HK_TABLE.items())
def test_hong_kong(trade_type, effect):
    assert effect_of(Market.HK, trade_type, NORMAL) is effect


@pytest.mark.parametrize(("trade_type", "effect"), US_TABLE.items())
def test_us_regular_session(trade_type, effect):
    assert effect_of(Market.US, trade_type, NORMAL) is effect


@pytest.mark.parametrize(
    ("session", "effect"), [(NORMAL, VOLUME), (PRE, BOTH), (POST, BOTH), (OVERNIGHT, VOLUME)]
)
def test_us_odd_lots_set_the_price_before_and_after_the_regular_session(session, effect):
    assert effect_of(Market.US, "I", session) is effect


def test_odd_lots_of_options_set_the_price_in_every_session():
    assert effect_of(Market.US, "I", NORMAL, is_option=True) is BOTH


@pytest.mark.parametrize("market", [Market.CN, Market.SG])
@pytest.mark.parametrize("trade_type", ["", "M", "*", "anything"])
def test_markets_without_codes_count_every_print(market, trade_type):
    assert effect_of(market, trade_type, NORMAL) is BOTH
