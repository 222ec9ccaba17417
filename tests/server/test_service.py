"""The parts of the start-up that need no process of their own."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import socket
import threading
from pathlib import Path
from typing import NoReturn
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import (
    ILogObserver,
    LogEvent,
    Logger,
    LogPublisher,
    capturedLogs,
    formatEvent,
)
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from twisted_chat.core.errors import ChatError, StartError
from twisted_chat.server import ports
from twisted_chat.server.assembly import assemble
from twisted_chat.server.log import MOST_WAITING, Log, Outlet, escaped, take_in_standard_logging
from twisted_chat.server.service import ChatService
from twisted_chat.server.startup import raised_file_limit
from twisted_chat.server.watchdog import EXIT_CODE, HUNG, PERIOD, REPORT_EVERY, Watchdog, stack_of
from twisted_chat.settings import Settings
from twisted_chat.tap import remove_if_dead


class LogTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.json = Path(self.mktemp())
        self.read_end, write_end = os.pipe()
        self.addCleanup(os.close, self.read_end)
        self.addCleanup(os.close, write_end)
        self.observer = Log(write_end, self.json)
        self.addCleanup(lambda: os.close(self.observer.outlets[1].fd))
        publisher = LogPublisher(self.observer)
        self.log = Logger("twisted_chat.test", observer=publisher)
        self.other = Logger("twisted.internet", observer=publisher)

    def shown(self) -> str:
        os.set_blocking(self.read_end, False)
        try:
            return os.read(self.read_end, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def test_one_line_an_event(self) -> None:
        self.log.info("Client {where} connected  [ {name} ]", where="(127.0.0.1, 5)", name="tesla")
        self.assertRegex(
            self.shown(),
            r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d Client \(127.0.0.1, 5\) connected  \[ tesla \]\n$",
        )

    def test_k7_logs_that_were_renamed_go_on_in_new_files(self) -> None:
        people = Path(self.mktemp())
        observer = Log(people, self.json)
        for outlet in observer.outlets:
            self.addCleanup(os.close, outlet.fd)
        log = Logger("twisted_chat.test", observer=LogPublisher(observer))
        log.info("one")
        for file in (people, self.json):
            file.rename(f"{file}.1")
        log.info("two")  # into the old ones, since nobody has said anything yet
        observer.reopen()
        log.info("three")
        for file in (people, self.json):
            self.assertEqual(re.findall("one|two|three", file.read_text()), ["three"])
            old = Path(f"{file}.1")
            self.assertEqual(re.findall(r"\bone|two|three", old.read_text())[:2], ["one", "two"])

    def test_k7_logs_that_cannot_be_opened_anew_go_on(self) -> None:
        people = Path(self.mktemp())
        people.mkdir()
        observer = Log(people / "log", None)
        self.addCleanup(os.close, observer.outlets[0].fd)
        log = Logger("twisted_chat.test", observer=LogPublisher(observer))
        log.info("one")
        people.rename(f"{people}.gone")
        observer.reopen()
        log.info("two")
        self.assertRegex((Path(f"{people}.gone") / "log").read_text(), "one\n.* two\n")

    def test_only_what_concerns_people(self) -> None:
        self.other.info("Starting factory")
        self.log.debug("a detail")
        self.assertEqual(self.shown(), "")
        self.other.warn("disk on fire")
        self.assertIn("[WARN] disk on fire", self.shown())

    def test_g5_nothing_forges_a_line(self) -> None:
        self.log.info("{name}", name="a\nb\r\x1b[2J\u202e\u2028\x9b\ud800")
        shown = self.shown()
        self.assertEqual(len(shown.splitlines()), 1)
        self.assertIn(r"a\x0ab\x0d\x1b[2J\u202e\u2028\x9b\ud800", shown)
        line = self.json.read_text()
        self.assertIn(r"\u001b[2J", line)
        self.assertEqual(json.loads(line)["text"], "a\nb\r\x1b[2J\u202e\u2028\x9b\ud800")

    @given(st.text())
    def test_g5_any_text(self, text: str) -> None:
        self.assertLessEqual(len(escaped(text).splitlines()), 1)
        self.assertNotRegex(escaped(text), "[\0-\x1f\x7f-\x9f]")

    def test_failures_are_indented(self) -> None:
        try:
            raise ValueError("bad\x1b")
        except ValueError:
            self.log.failure("It broke")
        first, *rest = self.shown().splitlines()
        self.assertIn("[CRITICAL] It broke", first)
        self.assertTrue(rest and all(line.startswith("\t") for line in rest))
        self.assertNotIn("\x1b", "".join(rest))
        self.assertIn("ValueError", json.loads(self.json.read_text())["traceback"])

    def test_events_of_standard_logging_are_taken_in(self) -> None:
        take_in_standard_logging()
        take_in_standard_logging()
        root = logging.getLogger()
        bridges = [
            one for one in root.handlers if one.__class__.__module__ == "twisted_chat.server.log"
        ]
        self.addCleanup(root.removeHandler, bridges[0])
        self.assertEqual(len(bridges), 1)
        try:
            raise OSError("gone")
        except OSError:
            logging.getLogger("twisted_chat.store").exception("Cannot {read} %d", 7)
        (failure,) = self.flushLoggedErrors(OSError)
        self.assertEqual(failure.getErrorMessage(), "gone")


class OutletTest(SynchronousTestCase):
    def outlet(self, fd: int) -> Outlet:
        return Outlet(fd, lambda lines: b"%d lost\n" % lines)

    def test_k7_full_disk(self) -> None:
        full = os.open("/dev/full", os.O_WRONLY)
        outlet = self.outlet(full)
        line = b"x" * 1023 + b"\n"
        for _ in range(MOST_WAITING // 1024 + 7):
            outlet.write(line)
        self.assertEqual(outlet.dropped, 7)
        room = os.open(self.mktemp(), os.O_RDWR | os.O_CREAT)
        os.dup2(room, full)
        self.addCleanup(os.close, full)
        self.addCleanup(os.close, room)
        outlet.write(b"after\n")
        written = os.pread(room, MOST_WAITING * 2, 0)
        self.assertTrue(written.endswith(line + b"7 lost\nafter\n"))

    def test_terminal_that_stands_still(self) -> None:
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, write_end)
        outlet = self.outlet(write_end)
        for number in range(100_000):
            outlet.write(b"line %d\n" % number)  # blocks for ever if it may
        self.assertTrue(outlet.dropped)
        heard = b""
        os.set_blocking(read_end, False)
        while piece := self.read(read_end):
            heard += piece
            outlet.drain()
        self.assertTrue(heard.startswith(b"line 0\nline 1\n"))
        os.close(read_end)
        outlet.write(b"nobody reads\n")

    def test_a_signal_in_the_middle_of_a_line(self) -> None:
        """Its handler logs too, on the thread that is writing already."""
        fd = os.open(self.mktemp(), os.O_RDWR | os.O_CREAT)
        self.addCleanup(os.close, fd)
        outlet = self.outlet(fd)
        signals = iter((b"Received SIGTERM\n",))

        def interrupted(fd: int, data: bytes) -> int:
            written = os.pwrite(fd, data, os.fstat(fd).st_size)
            for line in signals:
                outlet.write(line)
            return written

        with mock.patch("twisted_chat.server.log.os.write", interrupted):
            outlet.write(b"first\n")
            outlet.write(b"last\n")
        self.assertEqual(os.pread(fd, 99, 0), b"first\nReceived SIGTERM\nlast\n")

    def read(self, fd: int) -> bytes:
        try:
            return os.read(fd, 65536)
        except BlockingIOError:
            return b""


class ListeningTest(SynchronousTestCase):
    def test_k3_no_permission(self) -> None:
        with mock.patch.object(
            socket.socket, "bind", side_effect=OSError(errno.EACCES, "Permission denied")
        ):
            error = self.assertRaises(StartError, ports.bind, "80")
        self.assertEqual(
            str(error),
            "There is no permission to listen at port 80"
            " (numbers below 1024 are for the administrator); choose another with --port.",
        )

    def test_without_ipv6(self) -> None:
        real = socket.socket

        def only_ipv4(family: int, kind: int) -> socket.socket:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported")
            return real(family, kind)

        with mock.patch("twisted_chat.server.ports.socket.socket", only_ipv4):
            bound = ports.bind("0")
        assert bound is not None
        self.addCleanup(bound.close)
        self.assertEqual(bound.family, socket.AF_INET)

    def test_k4_file_limit_is_raised(self) -> None:
        import resource

        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        if before[1] != resource.RLIM_INFINITY:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 256), before[1]))
            self.assertEqual(raised_file_limit(), before[1])
            self.assertEqual(resource.getrlimit(resource.RLIMIT_NOFILE)[0], before[1])


class PidFileTest(SynchronousTestCase):
    def test_only_that_of_a_running_twistd_stays(self) -> None:
        file = Path(self.mktemp())
        for content in ("", "no number", "0", str(os.getpid()), "1", str(2**22 + 1)):
            file.write_text(content)
            remove_if_dead(file)
            self.assertFalse(file.exists(), content)
        file.write_text("1")
        with mock.patch("twisted_chat.tap._command_line", return_value="python twistd chat"):
            remove_if_dead(file)
        self.assertTrue(file.exists())
        remove_if_dead(Path("nowhere"))


class TellingTest(SynchronousTestCase):
    """What the service says of what it sees."""

    def service(self) -> ChatService:
        def refuse(sentence: str) -> NoReturn:
            raise AssertionError(sentence)

        return ChatService(Settings(), assemble, Log(None, None), refuse, Clock())

    def test_d9_a_log_that_grows_is_told_of_and_again_when_it_is_over(self) -> None:
        service = self.service()
        with capturedLogs() as logs:
            for size in (1, 200, 300, 400, 250, 1, 1, 300):
                service._log_seen(size * 1024 * 1024)
        told = [str(formatEvent(event)) for event in logs]
        self.assertEqual(len(told), 3)
        self.assertIn("write-ahead log has 314.6 MB: another program", told[0])
        self.assertEqual(told[1], "The database's write-ahead log is short again")

    def test_k4_what_cannot_be_read_ahead_is_a_sentence(self) -> None:
        service = self.service()
        with capturedLogs() as logs:
            service._not_ready(Failure(OSError(24, "Too many open files")))
            service._not_ready(Failure(ChatError("restart", "The server is stopping.")))
        said = "so the first who needs it waits for it: too many open files."
        self.assertEqual(len(logs), 1)
        self.assertIn(said, str(formatEvent(logs[0])))


class WatchdogTest(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.batch: object = None
        self.exits: list[int] = []
        self.looks = 0
        self.said: list[str] = []
        self.now = 1_000_000.0
        self.watchdog = Watchdog(
            self.clock,
            lambda: self.batch,
            self.look_at_files,
            self.exits.append,
            lambda: self.now,
        )
        self.watchdog.log = Logger("test", observer=self.observe)
        with mock.patch.object(threading, "Thread"):
            self.watchdog.start()
        self.addCleanup(self.watchdog.stop)

    @implementer(ILogObserver)
    def observe(self, event: LogEvent) -> None:
        self.said.append(event["log_format"])

    def look_at_files(self) -> None:
        self.looks += 1

    def pass_time(self, seconds: float, *, turning: bool = True) -> None:
        for _ in range(round(seconds / PERIOD)):
            if turning:
                self.clock.advance(PERIOD)
            self.looks_after(PERIOD)

    def looks_after(self, seconds: float) -> None:
        self.now += seconds
        self.watchdog.look(seconds)

    def test_quiet_when_all_is_well(self) -> None:
        self.pass_time(30)
        self.assertEqual((self.exits, self.said, self.looks), ([], [], 6))

    def test_k8_standstill_is_reported_but_not_too_often(self) -> None:
        self.pass_time(1)
        self.pass_time(0.1, turning=False)
        self.assertEqual(self.said, [])
        self.pass_time(1, turning=False)
        self.assertEqual(len(self.said), 1)
        self.pass_time(REPORT_EVERY - 2)
        self.pass_time(0.5, turning=False)
        self.assertEqual(len(self.said), 1)
        self.pass_time(2)
        self.pass_time(0.5, turning=False)
        self.assertEqual(len(self.said), 2)

    def test_k8_what_it_was_busy_with(self) -> None:
        stack = stack_of(threading.get_ident())
        self.assertIn("test_k8_what_it_was_busy_with", stack)
        self.assertEqual(len(stack.splitlines()), 1)
        self.assertIn("ended", stack_of(0))

    def test_d11_hung_writer_ends_the_process(self) -> None:
        for self.batch in range(100):
            self.pass_time(HUNG / 10)
        self.assertEqual(self.exits, [])
        self.pass_time(HUNG)
        self.assertEqual(self.exits[:1], [EXIT_CODE])

    def test_j5_time_of_a_stopped_process_does_not_count(self) -> None:
        self.pass_time(1)
        self.batch = 1
        self.looks_after(3600.0)
        self.looks_after(3600.0)
        self.assertEqual((self.exits, self.said), ([], []))

    def test_k6_a_clock_that_jumps_is_told_of_once_each_way(self) -> None:
        self.pass_time(1)
        self.now += 365 * 24 * 3600
        self.pass_time(10)
        self.assertEqual(len(self.said), 1)
        self.assertIn("has gone forward by {by}", self.said[0])
        self.now -= 365 * 24 * 3600
        self.pass_time(10)
        self.assertEqual(len(self.said), 2)
        self.assertIn("was set back by {by}", self.said[1])
        self.now += 2  # as clocks are corrected every day
        self.pass_time(10)
        self.assertEqual(len(self.said), 2)

    def test_nothing_after_the_stop(self) -> None:
        self.batch = 1
        self.pass_time(1)
        self.watchdog.stop()
        self.pass_time(HUNG * 2, turning=False)
        self.assertEqual(self.exits, [])
