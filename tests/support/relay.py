"""A network for tests: what lies between a client and the server, and can fail as networks do."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType

from tests.support.server_process import PATIENCE

HOST = "127.0.0.1"


class Relay:
    """Passes on what comes to its port to the server's, and remembers every byte of it."""

    def __init__(self, port_of_server: int) -> None:
        self._server = port_of_server
        self._flowing = threading.Event()
        self._flowing.set()
        self._left: int | None = None  # bytes until it stalls by itself
        # One that is bound but does not listen keeps the port ours while connections are refused.
        self._place = _bound(0)
        self.port: int = self._place.getsockname()[1]
        self._lock = threading.Lock()
        self._wires: list[_Wire] = []
        self._door: socket.socket | None = None
        self._waiting: threading.Thread | None = None
        self.accept_again()

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def recorded(self) -> bytes:
        """Every byte so far: first all that clients have sent, then all that the server has."""
        return self.from_client + self.from_server

    @property
    def from_client(self) -> bytes:
        """What came from clients, one connection after the other."""
        with self._lock:
            return b"".join(wire.from_client for wire in self._wires)

    @property
    def from_server(self) -> bytes:
        """What came from the server, one connection after the other."""
        with self._lock:
            return b"".join(wire.from_server for wire in self._wires)

    @property
    def connections(self) -> int:
        """How many there have been."""
        with self._lock:
            return len(self._wires)

    def cut(self) -> None:
        """Break every connection; what was held is lost."""
        with self._lock:
            wires = list(self._wires)
        for wire in wires:
            wire.cut()

    def stall(self) -> None:
        """Pass nothing on and say nothing, as when a laptop is closed; new connections hang."""
        self._flowing.clear()

    def stall_after(self, size: int) -> None:
        """Pass on so many bytes more, of all directions together, and then stall."""
        with self._lock:
            self._left = size

    @property
    def stalled(self) -> bool:
        return not self._flowing.is_set()

    def resume(self) -> None:
        """Pass on what was held, on the connections that still have both ends."""
        self._flowing.set()

    def _carried(self, size: int) -> None:
        if self._left is not None:
            self._left -= size
            if self._left <= 0:
                self._left = None
                self.stall()

    def refuse(self) -> None:
        """Refuse new connections; those that are there stay."""
        if self._door is None or self._waiting is None:
            return
        # Closing alone would not wake the one who waits at it.
        self._door.shutdown(socket.SHUT_RDWR)
        self._waiting.join(PATIENCE)
        self._door.close()
        self._door = None

    def accept_again(self) -> None:
        """Accept new connections again."""
        if self._door is None:
            self._door = _bound(self.port)
            self._door.listen()
            self._waiting = threading.Thread(target=self._accept, args=(self._door,), daemon=True)
            self._waiting.start()

    def close(self) -> None:
        """Leave nothing running."""
        self.refuse()
        self.cut()
        self.resume()  # for those who wait to pass something on
        for wire in self._wires:
            wire.join()
        self._place.close()

    def _accept(self, door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            wire = _Wire(client, self._server, self._flowing, self._lock, self._carried)
            with self._lock:
                self._wires.append(wire)
            wire.start()


class _Wire:
    """One connection: two ends, and a thread for each direction."""

    def __init__(
        self,
        client: socket.socket,
        port: int,
        flowing: threading.Event,
        lock: threading.Lock,
        carried: Callable[[int], None],
    ) -> None:
        self._client, self._server = client, socket.socket()
        self._port = port
        self._flowing = flowing
        self._lock = lock
        self._carried = carried
        self._whole = True
        self.from_client = bytearray()
        self.from_server = bytearray()
        self._back = threading.Thread(
            target=self._carry, args=(self._server, client, self.from_server), daemon=True
        )
        self._there = threading.Thread(target=self._open, daemon=True)

    def start(self) -> None:
        self._there.start()

    def cut(self) -> None:
        self._whole = False
        for end in (self._client, self._server):
            # Closing alone would not wake the thread that reads it.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def join(self) -> None:
        self._there.join(PATIENCE)
        if self._back.ident is not None:
            self._back.join(PATIENCE)

    def _open(self) -> None:
        self._flowing.wait()
        try:
            self._server.connect((HOST, self._port))
        except OSError:
            self.cut()
            return
        self._back.start()
        self._carry(self._client, self._server, self.from_client)

    def _carry(self, source: socket.socket, target: socket.socket, record: bytearray) -> None:
        try:
            while data := source.recv(65536):
                self._flowing.wait()
                if not self._whole:
                    return
                with self._lock:
                    record += data
                    self._carried(len(data))
                target.sendall(data)
            self._flowing.wait()
            target.shutdown(socket.SHUT_WR)
        except OSError:
            # One end has gone; the other must hear that.
            self._flowing.wait()
            self.cut()


def _bound(port: int) -> socket.socket:
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind((HOST, port))
    return place
