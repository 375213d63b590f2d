"""Whoever asks for quotes, on a socket or over HTTP: what an answer depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from portway.gateway.identity import Principal
from portway.wire.envelope import Language

__all__ = ["Asker", "HttpAsker"]


class Asker(Protocol):
    """Somebody who has signed in, while an answer is made."""

    @property
    def principal(self) -> Principal | None:
        """Who it is; None only before it signed in, when nothing is answered."""
        ...

    @property
    def language(self) -> Language:
        """Of texts."""
        ...

    @property
    def wants_overnight(self) -> bool:
        """Whether data of the US overnight session is shown."""
        ...

    @property
    def is_gone(self) -> bool:
        """Whether nobody is there any more to read the answer."""
        ...


@dataclass(frozen=True, slots=True)
class HttpAsker:
    """The sender of one HTTP request.

    The request does not say whether overnight data is wanted: it is sent, clients filter it.
    """

    principal: Principal
    language: Language
    wants_overnight: bool = True
    is_gone: bool = False
