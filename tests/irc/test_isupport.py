"""What the server tells of itself: 005, its description, its picture."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.irc.case import IrcCase

SERVER = ":twisted-chat.chat"
ICON = "https://chat.example.org/icon.png?size={size}"


class IsupportTests(IrcCase):
    settings: ClassVar[dict[str, Any]] = {
        "guests": True,
        "icon": ICON,
        "description": "The lab's chat",
    }

    def test_h9_it_is_told_before_registration_as_a_batch(self) -> None:
        iris = self.client()
        self.assertIn("draft/extended-isupport", " ".join(iris.answers("CAP LS 302")))
        self.assertEqual([line.split(" ")[1] for line in iris.answers("ISUPPORT")], ["451"])
        iris.answers("CAP REQ :draft/extended-isupport batch")
        came = iris.answers("ISUPPORT")
        self.assertRegex(came[0], r"^:twisted-chat.chat BATCH \+\w+ draft/isupport$")
        self.assertRegex(came[-1], r"^:twisted-chat.chat BATCH -\w+$")
        reference = came[-1].rpartition("-")[2]
        for line in came[1:-1]:
            self.assertTrue(line.startswith(f"@batch={reference} {SERVER} 005 * "), line)
        self.assertIn(f" draft/ICON={ICON} ", " ".join(came))
        self.assertNotIn("FILEHOST", " ".join(came))

    def test_h9_no_005_is_outside_a_batch_then(self) -> None:
        iris = self.client()
        iris.answers("CAP LS 302", "CAP REQ :draft/extended-isupport batch")
        came = iris.answers("NICK iris", "USER i 0 * :I", "CAP END", "VERSION")
        came += iris.answers("REGISTER * * open-sesame")
        told = [line for line in came if " 005 " in line]
        self.assertGreater(len(told), 6)
        self.assertTrue(all(line.startswith("@batch=") for line in told))
        self.assertIn("draft/FILEHOST=", told[-1])

    def test_h9_without_batches_they_are_lines(self) -> None:
        iris = self.guest("iris")
        came = iris.answers("ISUPPORT")
        self.assertTrue(all(line.startswith(f"{SERVER} 005 iris ") for line in came))

    def test_the_description_is_told_where_a_server_describes_itself(self) -> None:
        iris = self.guest("iris")
        came = iris.answers("WHOIS iris", "WHOIS NickServ", "LINKS", "ADMIN")
        described = [line.split(" ")[1] for line in came if line.endswith("The lab's chat")]
        self.assertEqual(described, ["312", "312", "364", "257"])
