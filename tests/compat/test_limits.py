"""Limits as official clients meet them, under the default profile."""

from __future__ import annotations

import pytest

from tests.compat.conftest import Facts

pytestmark = pytest.mark.compat


@pytest.mark.covers("cmd 4", "error 301606")
def test_a_client_that_obeys_what_it_was_told_is_never_refused(gather: Facts, client: str) -> None:
    """Source: socket, client-side rate limiter: 60 calls of three commands, at full speed."""
    facts = gather("limits", client, "obeying")
    assert facts["codes"] == [None] * 60
    assert facts["seconds"] < 15


@pytest.mark.covers("error 301606")
def test_clients_that_are_too_many_for_an_account_are_slowed_by_refusals(gather: Facts) -> None:
    """Source: socket, enforcement: per account, over all its connections."""
    facts = gather("limits", "longbridge-sync", "crowd")
    assert facts["refused"]
    assert {one["code"] for one in facts["refused"]} == {301606}
    assert all(one["message"] for one in facts["refused"])
    assert facts["accepted"] >= 20
    assert facts["calm"]


@pytest.mark.covers("GET /v1/socket/token")
def test_the_eleventh_connection_of_an_account_is_refused(gather: Facts) -> None:
    """Source: socket, one-time password (limit and online); quote and trade count together."""
    facts = gather("limits", "longport-sync", "connections")
    assert facts["accepted"] == 10
    assert "connections limitation is hit" in facts["last"]["message"]


@pytest.mark.covers("error 429002")
def test_trade_calls_beyond_the_window_are_refused_and_taken_again_later(
    gather: Facts,
) -> None:
    """Source: http, rate limits: 30 calls in any 30 seconds, refused ones not counted.

    With one package alone: the window passes in wall time.
    """
    facts = gather("limits", "longbridge-sync", "trade")
    assert facts["codes"] == [None] * 30
    assert [one["code"] for one in facts["refused"]] == [429002, 429002]
    assert all(one["message"] for one in facts["refused"])
    placed = [order["order_id"] for order in facts["orders_after"]]
    assert placed == [facts["first"]["accepted"]["order_id"]]
