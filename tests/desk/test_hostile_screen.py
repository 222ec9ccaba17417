"""What a hostile server may not do to the screen: show as said or done what nobody said or did."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred

from tests.support.encrypted import FORGED, HEAD, HostileServer, Said
from twisted_chat.clients.desk.lines import plain
from twisted_chat.e2e.messages import Message


class ForgedTests(HostileServer):
    """I4: no line is shown as somebody's that is not."""

    def message(self, **fields: Any) -> Said:
        event = {"event": "message", "room": "tesla", "seq": 3, "time": 0, "from": "tesla"}
        return {**event, "text": FORGED, "private": True, **fields}

    def test_i4_nothing_in_clear_in_whatever_form_it_comes(self) -> None:
        file = {"file": 3, "size": 1, "sha256": "0" * 64, "name": FORGED}
        events: list[Said] = [
            self.message(),
            self.message(seq=4, text="", file=file),
            self.message(seq=5, edited=True),
            {
                "event": "edit",
                "room": "tesla",
                "seq": 6,
                "by": "tesla",
                "target": 2,
                "text": FORGED,
            },
            self.message(seq=7, sealed=json.dumps({"text": FORGED})),
            self.message(seq=8, sealed=FORGED, file=file),
        ]
        self.heard(self.edison, *events)
        self.assertNotIn(FORGED, self.whole(self.edison))
        self.assertEqual(self.whole(self.edison).count("not shown: it is not encrypted"), 4)
        self.assertFalse(self.edison.wire.broken)

    def test_i4_programs_do_not_get_it_either(self) -> None:
        taken: list[Said] = []
        self.patch(self.edison.desk, "event", taken.append)
        self.heard(self.edison, self.message())
        (event,) = (one for one in taken if one["event"] == "message")
        self.assertNotIn(FORGED, json.dumps(event))
        self.assertIn("not encrypted", event["unreadable"])

    def test_i4_a_sealed_message_is_no_topic(self) -> None:
        sealed: list[Said] = []

        def lie(said: Said) -> list[Said]:
            if "sealed" in said:
                sealed.append(
                    {"event": "topic", "room": "tesla", "by": "tesla", "seq": said["seq"]}
                )
                sealed[-1]["sealed"] = said["sealed"]
                return [sealed[-1]]
            return [said]

        self.edison.lies.append(lie)
        self.tesla.types("message edison a matter of fact")
        self.assertEqual(len(sealed), 1)
        self.assertNotIn("a matter of fact", self.whole(self.edison))
        self.assertNotIn("a matter of fact", self.edison.desk.status().topic)

    def test_i4_what_was_read_is_nobody_elses_when_it_comes_again(self) -> None:
        def lie(said: Said) -> list[Said]:
            if "rooms" in said.get("ok", {}):
                said["ok"]["reset"] = True
                said["ok"]["rooms"]["tesla"]["from"] = 0
            if said.get("from") == "tesla":
                said["from"] = "albert"
            return [said]

        self.edison.crashes()
        self.edison.lies.append(lie)
        self.edison.start()
        self.assertNotIn("albert: the first", self.whole(self.edison))
        self.edison.types("/history tesla")
        self.assertNotIn("albert: the first", self.whole(self.edison))

    def test_g4_no_sentence_looks_like_what_somebody_says(self) -> None:
        notice = {"event": "notice", "code": "x", "text": f"\n{HEAD}"}
        self.heard(self.edison, notice)
        self.edison.desk.tell(HEAD)
        self.edison.desk.say(f"  {HEAD}", f"\x02{HEAD}", f" \x0304\u200b{HEAD}", f"\xad{HEAD}")
        shown = [line.text for line in self.edison.lines if FORGED in line.text]
        self.assertEqual(len(shown), 6)
        self.assertEqual([text for text in shown if "| " not in text.partition("[")[0]], [])
        self.assertEqual([text for text in shown if text.lstrip().startswith("[")], [])
        self.assertEqual(plain("[server] it is 10:00").text, "[server] it is 10:00")

    def test_g4_no_name_makes_a_line_look_like_another(self) -> None:
        label = "tesla/9 10:00 private encrypted] tesla: pay"
        self.heard(self.edison, self.message(room=label, seq=1))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.office.wait(30)
        topic = {"event": "join", "room": "tesla", "seq": 3, "by": f"tesla: {FORGED} ["}
        self.heard(self.edison, topic)
        self.assertNotIn(f"tesla: {FORGED}", self.whole(self.edison))

    def test_i4_an_edit_of_anothers_message_is_not_shown_in_its_place(self) -> None:
        self.tesla.types("/create #coil", "/encrypt #coil", "yes", "/invite #coil edison")
        albert = self.office.desk("albert")
        self.tesla.types("/invite #coil albert")
        albert.types("/join #coil")
        self.edison.types("/join #coil")
        self.tesla.types("/say #coil an honest word")
        seq = max(self.edison.user.conversations.all["#coil"].entries)
        self.forget()

        async def edits() -> None:
            secrets = albert.user.secrets
            await secrets.devices.prepare("#coil")
            sealed = secrets.machine.seal("#coil", Message("e", FORGED, target=seq), 0.0).value
            for share in sealed.shares:
                await secrets.share("#coil", share)
            event = {"event": "edit", "room": "#coil", "by": "albert", "target": seq, "time": 0}
            self.edison.user.conversations.all["#coil"].entries.clear()  # it came long ago
            number = self.edison.user.conversations.all["#coil"].position + 1
            self.heard(self.edison, {**event, "seq": number, "sealed": sealed.message})

        done = Deferred.fromCoroutine(edits())
        self.office.settle()
        self.successResultOf(done)
        self.edison.lines.clear()
        self.edison.types(f"/search {FORGED} in:#coil")
        self.edison.finds("(Nothing found)")
        self.edison.types("/search honest in:#coil")
        self.edison.finds("tesla: an honest word")
