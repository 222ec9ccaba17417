"""Lines, ids, refusals: what a program may send, and what it is told when it may not."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import TestCase

from twisted_chat.core.command_table import WhoElse
from twisted_chat.core.errors import ChatError
from twisted_chat.doors.json.requests import MOST_DEPTH, MOST_KEYS, decode, read
from twisted_chat.testing import PASSWORD, Hall, Program

LONGEST_LINE = 6 * 8192


class InHall(TestCase):
    """Tests that share a fresh server."""

    def setUp(self) -> None:
        self.hall = Hall()
        self.hall.__enter__()
        self.addCleanup(self.hall.__exit__, None, None, None)

    def refusal(self, program: Program, line: bytes) -> dict[str, Any]:
        """What a raw line is refused with."""
        program.sends(line + b"\n")
        *_, last = program.sort_out()
        program.events.clear()
        self.assertIn("error", last)
        return last


class GreetingTests(InHall):
    def test_a3_the_first_brace_selects_json(self) -> None:
        program = self.hall.program()
        program.sends(b"{")
        hello = json.loads(program.takes())
        self.assertEqual((hello["event"], hello["version"]), ("hello", 1))
        self.assertEqual(hello["epoch"], self.hall.store.epoch)
        program.sends(b'"id":1,"do":"ping"}\n')
        self.assertEqual(json.loads(program.takes()), {"re": 1, "ok": {}})

    def test_after_the_prompt_the_greeting_begins_on_a_new_line(self) -> None:
        program = self.hall.program()
        self.hall.wait(0.3)
        self.assertEqual(program.takes(), "Username: ")
        program.sends(b'{"id":1,"do":"ping"}\n')
        first, hello, pong = program.takes().splitlines()
        self.assertEqual(first, "")
        self.assertEqual(json.loads(hello)["event"], "hello")
        self.assertEqual(json.loads(pong), {"re": 1, "ok": {}})

    def test_what_the_server_is_like_is_in_the_greeting(self) -> None:
        with Hall(guests=True, name="tower", motd="hi\nthere", max_message=99) as hall:
            program = hall.program()
            program.sends(b"{")
            hello = json.loads(program.takes())
            self.assertEqual(hello["server"], "tower")
            self.assertEqual(hello["motd"], "hi\nthere")
            self.assertEqual((hello["guests"], hello["max_message"]), (True, 99))

    def test_a3_crlf_and_empty_lines(self) -> None:
        program = self.hall.program()
        program.sends(b'{"id":1,"do":"ping"}\r\n\r\n \n{"id":2,"do":"ping"}\n')
        answers = [line for line in program.sort_out() if "re" in line]
        self.assertEqual([line["re"] for line in answers], [1, 2])

    @given(st.lists(st.integers(1, 40)))
    def test_a3_any_chunking_gives_the_same_answers(self, sizes: list[int]) -> None:
        script = (
            b'{"id":1,"do":"guest","name":"ann"}\n{"id":2,"do":"whoelse"}\r\n{"id":"\xc3\xa9",'
            b'"do":"say","room":"#lobby","text":"h\xc3\xa9"}\nnot json\n{"id":4,"do":"logout"}\n'
        )
        with Hall(guests=True) as hall:
            program = hall.program()
            rest = script
            for size in sizes:
                program.sends(rest[:size])
                rest = rest[size:]
            program.sends(rest)
            answers = [line for line in program.sort_out() if "re" in line]
            self.assertEqual([line["re"] for line in answers], [1, 2, "é", None, 4])
            self.assertTrue(program.closed)


class IdTests(InHall):
    def test_ids_are_numbers_or_strings(self) -> None:
        program = self.hall.program()
        for number in (1, 0, -5, "a", "é" * 64, 2**60):
            program.sends(json.dumps({"id": number, "do": "ping"}).encode() + b"\n")
            self.assertEqual(program.sort_out().pop(), {"re": number, "ok": {}})

    def test_a5_g1_an_id_is_repeated_without_a_control_character(self) -> None:
        program = self.hall.program()
        number = "x\x7f\x9b\u202ey"
        for ask in ("ping", "nonsense"):
            request = {"id": number, "do": ask}
            program.sends(json.dumps(request, ensure_ascii=False).encode() + b"\n")
            answer = program.takes().splitlines()[-1]
            self.assertTrue(answer.isascii() and answer.isprintable(), answer)
            self.assertEqual(json.loads(answer)["re"], number)

    def test_a5_g1_so_is_the_name_of_a_room_that_there_is_not(self) -> None:
        self.hall.bot("tesla").vanishes()
        program, room = self.hall.program(), "#\x7f\x9b"
        login = {"do": "login", "name": "tesla", "password": PASSWORD, "positions": {room: 3}}
        program.sends(json.dumps(login, ensure_ascii=False).encode() + b"\n")
        answer = program.takes().splitlines()[-1]
        self.assertTrue(answer.isprintable(), answer)
        self.assertEqual(json.loads(answer)["ok"]["unknown"], [room])

    def test_other_ids_are_refused(self) -> None:
        program = self.hall.program()
        wrong: tuple[Any, ...] = (True, 1.5, [], {}, "x" * 65)
        for number in wrong:
            line = json.dumps({"id": number, "do": "ping"}).encode()
            refused = self.refusal(program, line)
            self.assertEqual((refused["re"], refused["error"]["code"]), (None, "args"))

    def test_without_an_id_the_answer_has_none(self) -> None:
        program = self.hall.program()
        program.sends(b'{"do":"ping"}\n')
        self.assertEqual(program.sort_out().pop(), {"re": None, "ok": {}})


class RefusalTests(InHall):
    def test_a4_bad_utf8(self) -> None:
        bot = self.hall.bot("bot")
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3"):
            line = b'{"id":1,"do":"broadcast message","text":"' + bad + b'"}'
            self.assertIn(self.refusal(bot, line)["error"]["code"], ("bad_utf8", "syntax"))
        for escaped in (rb"\ud800", rb"\udfff"):
            line = b'{"id":1,"do":"broadcast message","text":"a' + escaped + b'"}'
            self.refusal(bot, line)
        self.assertEqual(self.hall.chat.rooms.lobby.last_seq, 0)
        self.assertEqual(bot.asks("ping"), {})

    def test_a5_control_characters(self) -> None:
        bot = self.hall.bot("bot")
        for character in "\r\0\x0b\x1b\x85\u2028\u2029\u202e\u2066\x9b\x7f":
            refused = bot.asks("send", room="#lobby", text=f"a{character}b", cid="1")
            self.assertEqual(refused["error"]["code"], "bad_character")

    def test_a6_message_at_the_limit_and_above(self) -> None:
        with Hall(max_message=20) as hall:
            bot = hall.bot("bot")
            self.assertEqual(bot.asks("send", room="#lobby", text="é" * 10, cid="1")["seq"], 1)
            refused = bot.asks("send", room="#lobby", text="é" * 10 + "a", cid="2")["error"]
            self.assertEqual((refused["code"], refused["max"]), ("too_long", 20))

    def test_a6_the_longest_message_fits_however_it_is_escaped(self) -> None:
        bot = self.hall.bot("bot")
        text = "".join(f"\\u{ord('a'):04x}" for _ in range(4096))
        bot.sends(b'{"id":9,"do":"send","room":"#lobby","cid":"1","text":"%s"}\n' % text.encode())
        self.assertEqual(bot.answer_to(9)["seq"], 1)

    def test_a1_too_long_a_line_is_refused_and_skipped(self) -> None:
        bot = self.hall.bot("bot")
        bot.sends(b'{"id":1,"do":"send","text":"' + b"a" * LONGEST_LINE)
        bot.sends(b'"}\n{"id":77,"do":"ping"}\n')
        refused, answer = bot.sort_out()
        self.assertEqual(refused["error"]["code"], "too_long")
        self.assertEqual(refused["error"]["max"], LONGEST_LINE)
        self.assertEqual(answer, {"re": 77, "ok": {}})

    def test_a1_a_line_without_an_end_is_closed(self) -> None:
        bot = self.hall.bot("bot")
        for _ in range(8):
            bot.sends(b"a" * 30_000)
        self.assertTrue(bot.closed)
        self.assertEqual(bot.takes_events("closed")[0]["code"], "too_long")

    def test_a7_before_login_the_fifth_mistake_closes(self) -> None:
        program = self.hall.program()
        program.sends(b"{\n")
        for line in (b"\xff", b"[]", b"1"):
            self.refusal(program, line)
        program.sends(b"nonsense\n")
        self.assertTrue(program.closed)
        self.assertEqual(program.takes_events("closed")[0]["code"], "syntax")

    def test_a7_after_login_mistakes_do_not_close(self) -> None:
        bot = self.hall.bot("bot")
        for _ in range(20):
            self.assertEqual(self.refusal(bot, b"nonsense")["error"]["code"], "syntax")
        self.assertEqual(bot.asks("ping"), {})

    def test_a7_only_the_first_mistakes_are_read(self) -> None:
        program = self.hall.program()
        program.sends(b"{\n" + b"x\n" * 50)
        answers = [line for line in program.sort_out() if "re" in line]
        self.assertEqual(len(answers), 5)

    def test_a9_depth(self) -> None:
        bot = self.hall.bot("bot")
        deepest = b'{"id":1,"do":"ping","x":' + b"[" * (MOST_DEPTH - 1) + b"]" * (MOST_DEPTH - 1)
        self.assertEqual(self.refusal(bot, deepest + b"}")["error"]["code"], "args")
        deeper = b'{"id":1,"do":"ping","x":' + b"[" * MOST_DEPTH + b"]" * MOST_DEPTH + b"}"
        self.assertEqual(self.refusal(bot, deeper)["error"]["code"], "syntax")
        self.assertEqual(self.refusal(bot, b"{" * 40_000)["error"]["code"], "syntax")
        brackets = {"id": 5, "do": "send", "room": "#lobby", "text": '{["\\' * 50, "cid": "1"}
        bot.sends(json.dumps(brackets).encode() + b"\n")
        self.assertEqual(bot.answer_to(5)["seq"], 1)

    def test_a9_keys(self) -> None:
        bot = self.hall.bot("bot")
        request = {"id": 1, "do": "ping", **{f"k{n}": n for n in range(MOST_KEYS)}}
        refused = self.refusal(bot, json.dumps(request).encode())
        self.assertEqual(refused["error"]["code"], "syntax")

    def test_a9_a_hundred_thousand_arguments(self) -> None:
        bot = self.hall.bot("bot")
        for count, code in ((4_000, "args"), (100_000, "too_long")):
            bot.begins("broadcast user", users=["bot"] * count, text="x")
            codes = {line["error"]["code"] for line in bot.sort_out() if "error" in line}
            self.assertEqual(codes, {code})
            bot.events.clear()

    def test_a9_unknown_and_misplaced_requests(self) -> None:
        bot = self.hall.bot("bot")
        for do, code in (
            ("dance", "unknown_command"),
            ("Whoelse", "unknown_command"),
            ("BM", "unknown_command"),
            ("login", "args"),
            ("", "unknown_command"),
        ):
            self.assertEqual(bot.asks(do)["error"]["code"], code, do)
        self.assertEqual(bot.asks("guest", name="x")["error"]["code"], "not_now")
        self.assertEqual(bot.asks("whoelse", extra=1)["error"]["code"], "args")
        self.assertEqual(bot.asks("ping", extra=1)["error"]["code"], "args")
        self.assertEqual(self.refusal(bot, b'{"id":3}')["error"]["code"], "syntax")
        self.assertEqual(self.refusal(bot, b'{"id":3,"do":5}')["error"]["code"], "syntax")

    def test_a9_before_login_everything_else_is_refused(self) -> None:
        program = self.hall.program()
        for do in ("whoelse", "help", "stats", "logout"):
            self.assertEqual(program.asks(do)["error"]["code"], "not_now", do)
        refused = program.asks("send", room="#lobby", text="x", cid="1")
        self.assertEqual(refused["error"]["code"], "not_now")

    def test_a9_what_is_wrong_is_said_in_plain_words(self) -> None:
        for line, sentence in (
            (b"{", "That line ends before its JSON does."),
            (b'{"a" 1}', "That line is not JSON: look at byte 5."),
            (b"[1]", 'That line is not a JSON object, such as {"id": 1, "do": "ping"}.'),
            (b'{"a": 1e400}', "A number on that line is too large."),
            (b'{"do": "send"}', "send needs room."),
            (b'{"do": "mute", "room": "#a"}', "mute needs user."),
            (b'{"do": "ping", "x": 1}', "ping has no argument x."),
            (b'{"do": "ping", "x\xc2\x9b": 1}', "ping has no argument x\ufffd."),
            (
                b'{"do": "entries", "room": "#a", "after": "x"}',
                "after must be a whole number, not text.",
            ),
            (
                b'{"do": "delivered", "positions": {"#a": null}}',
                "Each value of positions must be a whole number, not null.",
            ),
            (b'{"do": "publish", "device_keys": {}}', "device_keys needs ed25519."),
            (b'{"do": "broadcast user", "users": "ann"}', "users must be a list, not text."),
        ):
            with self.assertRaises(ChatError, msg=line) as raised:
                read(decode(line))
            self.assertEqual(raised.exception.sentence, sentence)

    def test_a10_numbers(self) -> None:
        bot = self.hall.bot("bot")
        bot.asks("send", room="#lobby", text="x", cid="1")
        numbers = ("-1", str(2**63), str(-(2**63)), "1e308", "NaN", '"٣"', "1.5", "true", "null")
        for number in (*numbers, "9" * 400):
            for request in (
                '"do":"history","place":"#lobby","before":%s',
                '"do":"history","count":%s',
                '"do":"search","words":"x","page":%s',
                '"do":"entries","room":"#lobby","after":%s',
                '"do":"entries","room":"#lobby","after":0,"upto":%s',
                '"do":"entries","room":"#lobby","after":0,"limit":%s',
                '"do":"wholast","minutes":%s',
                '"do":"devices","end":%s',
                '"do":"delivered","positions":{"#lobby":%s}',
                '"do":"read","positions":{"#lobby":%s}',
            ):
                bot.sends(f'{{"id":1,{request % number}}}\n'.encode())
                answer = bot.sort_out().pop()
                code = answer.get("error", {}).get("code", "args")
                self.assertIn(code, ("args", "syntax"), (request, number))
        self.assertEqual(bot.asks("ping"), {})

    @example(do="search", values={"words": "a\0b"})
    @example(do="whois", values={"user": "\ud7ff\uffff"})
    @given(
        do=st.sampled_from(["send", "entries", "delivered", "search", "history", "whois", "join"]),
        values=st.dictionaries(
            st.sampled_from(["room", "text", "cid", "words", "user", "count", "positions"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=4,
            ),
        ),
    )
    def test_a10_whatever_the_arguments_there_is_no_fault(
        self, do: str, values: dict[str, Any]
    ) -> None:
        bot = self._bot()
        bot.begins(do, **values)
        answers = [line for line in bot.sort_out() if "re" in line]
        self.assertEqual(len(answers), 1)
        self.assertNotEqual(answers[0].get("error", {}).get("code"), "internal")

    @given(st.binary(max_size=60))
    def test_a7_random_bytes_are_answered(self, line: bytes) -> None:
        bot = self._bot()
        bot.sends(line + b"\n")
        bot.sort_out()
        self.assertEqual(bot.asks("ping"), {})

    def _bot(self) -> Program:
        if not self.hall.clients:
            self.hall.bot("bot")
        bot = self.hall.clients[0]
        assert isinstance(bot, Program)
        bot.events.clear()
        return bot


class FaultTests(InHall):
    def test_a18_a_fault_is_internal_with_a_number(self) -> None:
        from twisted_chat.chat import commands

        def breaks(*_: object) -> None:
            raise RuntimeError("a fault for the test")

        async def breaks_later(*_: object) -> None:
            raise RuntimeError("a fault for the test")

        bot = self.hall.bot("bot")
        for fault in (breaks, breaks_later):
            self.patch(commands, "ACTIONS", {**commands.ACTIONS, WhoElse: fault})
            refused = bot.asks("whoelse")["error"]
            self.assertEqual(refused["code"], "internal")
            self.assertEqual(len(refused["number"]), 8)
            (logged,) = self.flushLoggedErrors(RuntimeError)
            self.assertIn("a fault", str(logged.value))
            self.assertNotIn("a fault", refused["message"])
        self.assertEqual(bot.asks("ping"), {})

    def test_a18_a_fault_in_the_writer(self) -> None:
        bot = self.hall.bot("bot")
        self.patch(self.hall.chat.membership, "seat", None)
        self.assertEqual(bot.asks("create", room="#a")["error"]["code"], "internal")
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        self.assertEqual(bot.asks("send", room="#lobby", text="x", cid="1")["seq"], 1)
