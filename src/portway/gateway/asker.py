"""Whoever asks for quotes, on a socket or over HTTP: what an answer depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from portway.gateway.identity import Principal
from portway.gateway.rights import QuoteRights
from portway.wire.envelope import Language

__all__ = ["Asker", "HttpSender", "Sender"]


class Sender(Protocol):
    """The sender of a request, whichever way it came."""

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
        """Whether it asked for data of the US overnight session."""
        ...

    @property
    def is_gone(self) -> bool:
        """Whether nobody is there any more to read the answer."""
        ...


@dataclass(frozen=True, slots=True)
class HttpSender:
    """The sender of one HTTP request.

    The request does not say whether overnight data is wanted: it is sent, clients filter it.
    """

    principal: Principal
    language: Language
    wants_overnight: bool = True
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Asker:
    """A sender and what it may see at this moment."""

    sender: Sender
    rights: QuoteRights

    @property
    def account_no(self) -> str:
        """The account that asks."""
        assert self.sender.principal is not None, "only who signed in is answered"
        return self.sender.principal.account_no

    @property
    def language(self) -> Language:
        """Of texts."""
        return self.sender.language

    @property
    def wants_overnight(self) -> bool:
        """Whether data of the US overnight session is shown: asked for, and allowed."""
        return self.sender.wants_overnight and self.rights.overnight
