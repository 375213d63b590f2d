"""A TCP proxy that cuts each connection after some bytes from the server, given one by one."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

__all__ = ["CuttingProxy"]


class CuttingProxy:
    """Listens until closed; `with CuttingProxy(url, budget) as proxy`.

    Args:
        url: Where the server is.
        budget: Called for each connection; how many bytes of the server it may pass on.
    """

    def __init__(self, url: str, budget: Callable[[], int]) -> None:
        target = urlsplit(url)
        self._target = (target.hostname or "", target.port or 0)
        self._path = target.path
        self._budget = budget
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self.cuts = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}{self._path}"

    def __enter__(self) -> CuttingProxy:
        self._accepting.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._accepting.join()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            if select.select([self._listener], [], [], 0.05)[0]:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._pump, args=(client, self._budget()))
                thread.start()
                self._threads.append(thread)

    def _pump(self, client: socket.socket, left: int) -> None:
        with client, socket.create_connection(self._target) as server, suppress(OSError):
            while not self._stop.is_set():
                for source in select.select([client, server], [], [], 0.05)[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is client:
                        server.sendall(data)
                        continue
                    client.sendall(data[:left])
                    left -= len(data)
                    if left <= 0:
                        self.cuts += 1
                        return
