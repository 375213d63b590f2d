"""The owner's API, behind a secret in the path: clock, state, and what else is put in.

Whoever can read the home's secret may move the clock; a wrong secret looks like any unknown path.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from portway.gateway.http.request import Request, refused_parameter
from portway.gateway.ports import ClockControl

__all__ = ["AdminApi", "Endpoint"]

StatusReport = Callable[[], dict[str, Any]]
Endpoint = Callable[[Request], Awaitable[dict[str, Any]]]


class AdminApi:
    """Endpoints below `/admin/<secret>/`.

    Args:
        status: What the server says of itself: a JSON object of plain values.
        more: Further endpoints, by method and verb.
    """

    def __init__(
        self,
        clock: ClockControl,
        status: StatusReport,
        more: Mapping[tuple[str, str], Endpoint] | None = None,
    ) -> None:
        self._clock = clock
        self._status = status
        self.routes: Final[dict[tuple[str, str], Endpoint]] = {
            ("GET", "status"): self._get_status,
            ("GET", "clock"): self._get_clock,
            ("POST", "clock/step"): self._step,
            ("POST", "clock/jump"): self._jump,
            ("POST", "clock/pause"): self._pause,
            ("POST", "clock/resume"): self._resume,
            ("POST", "clock/speed"): self._speed,
            **(more or {}),
        }

    async def _get_status(self, request: Request) -> dict[str, Any]:
        return self._status()

    async def _get_clock(self, request: Request) -> dict[str, Any]:
        return await self._clock.state()

    async def _step(self, request: Request) -> dict[str, Any]:
        seconds = _number(request, "seconds")
        return await _carried_out(self._clock.step(seconds))

    async def _jump(self, request: Request) -> dict[str, Any]:
        to = request.json_object().get("to")
        if not isinstance(to, str):
            raise refused_parameter("to")
        return await _carried_out(self._clock.jump(to))

    async def _pause(self, request: Request) -> dict[str, Any]:
        return await _carried_out(self._clock.pause())

    async def _resume(self, request: Request) -> dict[str, Any]:
        return await _carried_out(self._clock.resume())

    async def _speed(self, request: Request) -> dict[str, Any]:
        speed = _number(request, "speed")
        return await _carried_out(self._clock.set_speed(speed))


async def _carried_out(change: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    try:
        return await change
    except ValueError as error:
        raise refused_parameter(str(error)) from None


def _number(request: Request, key: str) -> float:
    value = request.json_object().get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused_parameter(key)
    return float(value)
