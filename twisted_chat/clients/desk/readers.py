"""Who can read what is said in an encrypted room, and who decides about that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.errors import ChatError
from ...core.text import shown

if TYPE_CHECKING:
    from ...e2e.directory import Reader
    from ...e2e.known_devices import KnownDevice
    from ..sync.user import User

STANDINGS = {
    "seen": "not compared yet",
    "verified": "verified",
    "new": "new, or back, since you have compared",
    "changed": "its keys have changed",
}


class Readers:
    """The readers of the encrypted rooms of one user."""

    def __init__(self, user: User, room: str) -> None:
        """ChatError if the room has none because it is not encrypted."""
        if not room.startswith("#"):
            raise ChatError("args", "Name a room: only rooms have readers. Usage: /readers #room")
        if user.conversations.get(room) is None:
            raise ChatError("not_in_room", f"You are not in {room}: join it first.")
        if not (user.secrets.is_open and user.secrets.encrypted(room)):
            raise ChatError(
                "not_encrypted", f"{room} is not encrypted: its members and the server can read it."
            )
        self._devices = user.secrets.devices
        self.room = room

    async def change(self, only_verified: bool | None, admitted: str) -> None:
        """Let only verified devices read, or all again, and admit somebody."""
        if not self._devices.is_known(self.room):
            await self._devices.learn(self.room)
        if admitted:
            await self._devices.admit(self.room, admitted)
        if only_verified is not None:
            await self._devices.restrict(self.room, only_verified)

    def told(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "room": self.room,
            "verified": self._devices.is_restricted(self.room),
            "people": [
                {
                    "name": one.name,
                    "seen": one.seen,
                    "devices": [
                        {"device": device.device, "standing": device.standing.value, "reads": reads}
                        for devices, reads in ((one.reads, True), (one.waits, False))
                        for device in devices
                    ],
                }
                for one in self._devices.readers(self.room)
            ],
        }

    def lines(self) -> list[str]:
        """All of it, for people."""
        room, people = shown(self.room), self._devices.readers(self.room)
        reading = [line for one in people for line in _devices(one.name, one.reads)]
        if reading:
            lines = [f"What you say in {room} is encrypted for these devices, and for no others:"]
        else:
            lines = [f"What you say in {room} is encrypted for no other device yet."]
        lines += reading
        waiting = [line for one in people for line in self._waiting(one)]
        if waiting:
            lines += ["It is not encrypted for:", *waiting]
        if self._devices.is_restricted(self.room):
            lines.append(f"(Only verified devices get keys here: /readers {room} all ends that)")
        else:
            lines.append(f"(/readers {room} verified gives keys to verified devices only)")
        return lines

    def _waiting(self, one: Reader) -> list[str]:
        name = shown(one.name)
        if not one.seen:
            return [
                f"    {name} (not seen joining; if they belong there:"
                f" /readers {shown(self.room)} admit {name})"
            ]
        if not (one.reads or one.waits) and not one.own:
            return [f"    {name} (no device with keys)"]
        return _devices(one.name, one.waits, f"; to let it read: /verify {name}")


def _devices(name: str, devices: tuple[KnownDevice, ...], hint: str = "") -> list[str]:
    return [
        f"    {shown(name)}, {shown(one.device)} ({STANDINGS[one.standing.value]}{hint})"
        for one in devices
    ]
