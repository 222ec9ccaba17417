"""What an IRC client believes of who is where, by what it was sent."""

from __future__ import annotations

from tests.irc.case import IrcClient
from twisted_chat.doors.irc.message import Message


class View:
    """The lists of nicks that a client shows beside its channels."""

    def __init__(self, client: IrcClient) -> None:
        self.client = client
        self.nick = client.nick
        self.channels: dict[str, set[str]] = {}

    def reads(self) -> None:
        """Take in what has come, and answer pings as clients do."""
        for message in self.client.messages():
            if message.command == "PING":
                self.client.sends_lines(f"PONG :{message.params[0]}")
            self._take(message)

    def _take(self, message: Message) -> None:
        nick, params = message.source.partition("!")[0], message.params
        match message.command:
            case "JOIN" if nick == self.nick:
                self.channels[params[0]] = {nick}
            case "JOIN" if params[0] in self.channels:
                self.channels[params[0]].add(nick)
            case "PART":
                self._goes(params[0], nick)
            case "KICK":
                self._goes(params[0], params[1])
            case "QUIT":
                assert nick != self.nick, message
                for people in self.channels.values():
                    people.discard(nick)
            case "NICK":
                for people in self.channels.values():
                    if nick in people:
                        people.remove(nick)
                        people.add(params[0])
                if nick == self.nick:
                    self.nick = params[0]
            case "353":
                people = self.channels[params[2]]
                people |= {word.lstrip("@+").partition("!")[0] for word in params[3].split()}

    def _goes(self, channel: str, nick: str) -> None:
        if nick == self.nick:
            self.channels.pop(channel, None)
        elif channel in self.channels:
            self.channels[channel].discard(nick)
