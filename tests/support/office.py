"""People at desks, connected to a server in memory.

with Office() as office:
    tesla, edison = office.desk("tesla"), office.desk("edison")
    tesla.types("hello")
    edison.reads("[1 10:00] tesla: hello")
"""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred, maybeDeferred

from tests.support.company import SERVER, Company, Friend
from twisted_chat.clients.connection.trust import KnownServers
from twisted_chat.clients.desk.desk import Desk
from twisted_chat.clients.desk.lines import Line
from twisted_chat.clients.sync.user import User
from twisted_chat.testing import PASSWORD


class Seat(Friend):
    """A front in memory, and the person at it."""

    echoes = True

    def start(self) -> None:
        self.lines: list[Line] = []
        self.prompts: list[str] = []
        self.alerts: list[str] = []
        self.asking: Deferred[str] | None = None
        self.codes: list[int] = []
        company = self.company
        self.user = User(
            company.clock,
            self._dial,
            SERVER,
            self,
            known=KnownServers(self.folder / "servers.json"),
            folder=self._slots,
            run=maybeDeferred,
            files=self.files(),
        )
        self.desk = Desk(self, company.clock)
        self.desk.attach(self.user)
        self.user.life._handler = self.desk
        self.desk.run(self.name).addCallback(self.codes.append)
        company.settle()

    # --- the front ---------------------------------------------------------------------------

    def show(self, line: Line) -> None:
        self.lines.append(line)

    def ask(self, prompt: str, secret: bool = False) -> Deferred[str]:
        assert self.asking is None, "one question at a time"
        self.prompts.append(f"{prompt}{'(hidden)' if secret else ''}")
        self.asking = Deferred(lambda _: setattr(self, "asking", None))
        return self.asking

    async def unlock(self, refusal: str) -> str:
        return await self.desk.unlock(refusal)

    def changed(self) -> None:
        self.desk.status()

    def alert(self, line: Line) -> None:
        self.alerts.append(line.text)

    # --- the person --------------------------------------------------------------------------

    def types(self, *lines: str) -> None:
        """Type lines; one is the answer if there is a question."""
        for line in lines:
            asking, self.asking = self.asking, None
            if asking is not None:
                asking.callback(line)
            else:
                self.desk.enter(line)
            self.company.settle()

    def reads(self, *texts: str) -> None:
        """Exactly these lines were shown since one last looked, presence left out."""
        shown = [line.text for line in self.lines if not line.text.endswith(" the conversation")]
        self.lines.clear()
        assert shown == list(texts), "these were shown instead:\n" + "\n".join(shown)

    def finds(self, text: str) -> None:
        """There is a line with this in it since one last looked."""
        shown = [line.text for line in self.lines]
        self.lines.clear()
        assert any(text in line for line in shown), "only this was shown:\n" + "\n".join(shown)


class Office(Company):
    """A server with people at desks."""

    def newcomer(self, name: str = "") -> Seat:
        """Somebody who has just started the client."""
        folder = Path(self.home / (name or "nobody"))
        folder.mkdir(exist_ok=True)
        return Seat(self, name, folder)

    def desk(self, name: str) -> Seat:
        """Somebody who has signed up or in, and has read the welcome."""
        seat = self.newcomer(name)
        while seat.asking is not None:
            seat.types(PASSWORD)
        assert seat.user.is_online, seat.lines
        seat.lines.clear()
        seat.prompts.clear()
        return seat

    def __enter__(self) -> Office:
        return self
