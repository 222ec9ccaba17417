"""What programs ask that encrypt for each other."""

from __future__ import annotations

from typing import Any

from ...chat.chat import Chat
from ...chat.commands import check
from ...chat.commands.encryption import sealed_room
from ...chat.session import Session
from ...core import command_table as words
from ...core.draft import check_cid
from ...core.encryption import Published
from .requests import Claim, Keys, Publish, Share


async def answer(
    chat: Chat, session: Session, asked: Publish | Keys | Claim | Share
) -> dict[str, Any]:
    """The answer to one of these requests."""
    if isinstance(asked, Publish):
        check(chat, session.person, words.Encrypt)
        published = Published(asked.device_keys, asked.one_time, asked.fallback)
        waiting, version = await chat.devices.publish(session, published)
        return {"one_time": waiting, "version": version}
    room = sealed_room(chat, session, asked.room)
    if isinstance(asked, Keys):
        version, people, seq = await chat.devices.of(room)
        sealed_room(chat, session, asked.room)  # whoever was put out meanwhile is told nothing
        return {"version": version, "people": people, "seq": seq}
    if isinstance(asked, Claim):
        taken = await chat.devices.claim(session, room, asked.devices)
        sealed_room(chat, session, asked.room)
        return {"one_time": {device: one._asdict() for device, one in taken.items()}}
    check_cid(asked.cid)
    return {"seq": await chat.devices.share(session, room, asked.sealed, asked.cid)}
