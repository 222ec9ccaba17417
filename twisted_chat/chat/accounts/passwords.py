"""Keeping and checking passwords, on threads of their own and only so many at once.

All work on a password is done there, from its preparation on: nothing of it holds up the reactor.
Passwords are kept as argon2id. Those taken over from elsewhere in an older form
are checked in that form once, and `Verdict.new_hash` is what to keep instead.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any, TypeVar

from msgspec import Struct
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from ...core import scram
from ...core.errors import ChatError
from ...core.limits import FairLine
from ...core.password_hashes import excess

log = Logger()
T = TypeVar("T")
Runner = Callable[[Callable[[], T]], Deferred[T]]

MAX_BYTES = 1_024
MEMORY = 19 * 1_024  # KiB, and
ROUNDS = 2  # what OWASP recommends for argon2id with one lane
ROUNDS_OF_SCRAM = 10_000  # some 4 ms; a client has to do them at every login
WAITING = 64
RETRY_AFTER = 5

# How a password that another program kept as it was is marked until its owner
# logs in. Without the mark anything unreadable in the store, such as a hash of
# an unknown kind, would itself be a password that opens the account.
PLAIN_MARK = "{plain}"


class Verdict(Struct, frozen=True):
    """Whether a password is right, and what is to be stored of it instead of what there is."""

    ok: bool
    new_hash: str | None = None
    verifier: str | None = None


class _Job(Struct, frozen=True, eq=False):
    """Work on a password, and whoever asked for it."""

    work: Callable[[], Any]
    answer: Deferred[Any]


def prepare(password: str) -> str:
    """A password as it is hashed: the same whatever keyboard it was typed on (PRECIS).

    Raises a ChatError where it cannot be one. A long one takes milliseconds.
    """
    if len(password) <= MAX_BYTES:
        prepared = password
        if not (password.isascii() and password.isprintable()):
            prepared = _opaque(password)
        size = len(prepared.encode())
        if 0 < size <= MAX_BYTES:
            return prepared
        if not size:
            raise ChatError("bad_password", "A password cannot be empty.")
    raise ChatError("bad_password", f"A password has at most {MAX_BYTES:,} bytes of UTF-8.")


def _opaque(password: str) -> str:
    from precis_i18n import get_profile  # here, because most passwords do without

    try:
        return get_profile("OpaqueString").enforce(password)
    except UnicodeEncodeError:
        # From None: the original error would take the password into the log.
        raise ChatError(
            "bad_password",
            "A password is made of letters, digits, spaces, punctuation and symbols;"
            " that one has other characters in it.",
        ) from None


def weakness(password: str, name: str, shortest: int) -> str | None:
    """Why this is not taken as a new password for that name; None if it is."""
    if 0 < len(password) < shortest:
        return f"A password has at least {shortest} characters: choose a longer one."
    if password.casefold() == name.casefold():
        return "A password cannot be the name that it is for: choose another one."
    return None


def check_new(password: str, name: str, shortest: int) -> None:
    """Refuse a new password that is too easy to guess."""
    if why := weakness(password, name, shortest):
        raise ChatError("bad_password", why)


class Passwords:
    """Hashes and checks passwords without holding up the reactor.

    At most `threads` at once (one core is left for messages) and `waiting` more in line. Networks
    take turns in it, and where it is full, the one with the most work makes room for one with
    less: who asks for much from one place keeps only that place waiting. Everybody else is told to
    come again, before anything is done. A place belongs to the work and not to who asked for it:
    one who leaves does not make room for another. `run` stands in for the threads in tests.
    """

    def __init__(
        self,
        reactor: IReactorFromThreads,
        *,
        memory: int = MEMORY,
        rounds: int = ROUNDS,
        scram_rounds: int = ROUNDS_OF_SCRAM,
        threads: int | None = None,
        waiting: int = WAITING,
        run: Runner[Any] | None = None,
    ) -> None:
        self._reactor = reactor
        self._threads = threads or max(1, (os.cpu_count() or 1) - 1)
        self.scram_rounds = scram_rounds
        self._pool = ThreadPool(minthreads=0, maxthreads=self._threads, name="passwords")
        self._schemes = _Schemes(memory, rounds)
        self._run = run or self._run_in_pool
        self._line: FairLine[_Job] = FairLine(waiting)
        self._running = 0
        self._closed = False

    def check(self, network: Hashable) -> None:
        """Refuse a network for which nothing can be done now."""
        if self._closed:
            raise _stopping()
        if self._running >= self._threads and not self._line.takes(network):
            raise _busy()

    def verify(
        self, password: str, stored: str | None, network: Hashable = "", with_verifier: bool = False
    ) -> Deferred[Verdict]:
        """Whether the password is the stored one; None, for an unknown user, takes as long.

        For the right password, the verdict has what SCRAM needs if that is wanted.
        """
        if stored is not None and (too_much := excess(stored)):
            log.warn("A stored password hash is refused: {excess}", excess=too_much)
            stored = None

        def work() -> Verdict:
            try:
                prepared = prepare(password)
            except ChatError:
                prepared = ""  # which no password is, and which takes as long
            verdict = self._schemes.verify(prepared, stored)
            if not verdict.ok or not prepared:
                return Verdict(False)
            verifier = self._derive(prepared) if with_verifier else None
            return Verdict(True, verdict.new_hash, verifier)

        return self._submit(network, work)

    def kept(
        self,
        password: str,
        with_verifier: bool,
        network: Hashable = "",
        check: Callable[[str], None] = lambda prepared: None,
    ) -> Deferred[tuple[str, str | None]]:
        """What to store for a new password: its hash, and what SCRAM needs if that is kept.

        `check` is called on the thread with the password as it is hashed, and may refuse it.
        """

        def work() -> tuple[str, str | None]:
            prepared = prepare(password)
            check(prepared)
            hashed = self._schemes.hash(prepared)
            return hashed, self._derive(prepared) if with_verifier else None

        return self._submit(network, work)

    def is_verifier(self, stored: str) -> bool:
        """Whether this is what would be stored today so that a password can be proved."""
        found = scram.read(stored)
        return found is not None and found.rounds == self.scram_rounds

    def _derive(self, prepared: str) -> str:
        return scram.derive(prepared, os.urandom(scram.SALT), self.scram_rounds).written()

    def close(self) -> None:
        """Stop the threads; what still waits in line is refused, what runs is waited for."""
        self._closed = True
        while self._line:
            self._line.take().answer.errback(_stopping())
        if self._pool.started and not self._pool.joined:
            self._pool.stop()

    def _submit(self, network: Hashable, work: Callable[[], T]) -> Deferred[T]:
        try:
            self.check(network)
        except ChatError as error:
            return fail(error)
        answer: Deferred[T] = Deferred()
        job = _Job(work, answer)
        if self._running < self._threads:
            self._begin(job)
        elif (removed := self._line.put(network, job)) is not None:
            removed.answer.errback(_busy())
        return answer

    def _begin(self, job: _Job) -> None:
        self._running += 1

        def unless_closed() -> Any:
            if self._closed:
                raise _stopping()
            return job.work()

        maybeDeferred(self._run, unless_closed).addBoth(self._done, job.answer)

    def _done(self, result: Any, answer: Deferred[Any]) -> None:
        self._running -= 1
        if self._line:
            self._begin(self._line.take())
        # An answer that was cancelled swallows this one call.
        if isinstance(result, Failure):
            answer.errback(result)
        else:
            answer.callback(result)

    def _run_in_pool(self, work: Callable[[], T]) -> Deferred[T]:
        if not self._pool.started:
            self._pool.start()
        return deferToThreadPool(self._reactor, self._pool, work)


class _Schemes:
    """The ways of keeping a password. Everything here may run on any thread."""

    def __init__(self, memory: int, rounds: int) -> None:
        self._memory = memory
        self._rounds = rounds

    def hash(self, prepared: str) -> str:
        hashed: str = self._context.hash(prepared)
        return hashed

    def verify(self, prepared: str, stored: str | None) -> Verdict:
        outdated = True
        if stored is not None and self._context.identify(stored):
            try:
                ok = self._context.verify(prepared, stored)
                outdated = self._context.needs_update(stored)
            except ValueError:
                # Without the error itself, which may quote the hash.
                log.warn("A stored password hash is damaged and opens nothing")
            else:
                if ok:
                    return Verdict(True, self.hash(prepared) if outdated else None)
        if outdated:
            # Every answer costs one hash of today's kind, so that the time does not
            # tell an unknown user, or one with an old and quick hash, from the others.
            self.hash(prepared)
        return Verdict(False)

    @cached_property
    def _context(self) -> Any:
        # Imported at the first password: passlib and its parts take a tenth of a second.
        ignore = warnings.filterwarnings
        ignore("ignore", ".*argon2.__version__", DeprecationWarning, r"passlib\.")
        ignore("ignore", "'crypt' is deprecated", DeprecationWarning, r"passlib\.")
        from passlib.context import CryptContext
        from passlib.hash import plaintext
        from passlib.utils.handlers import PrefixWrapper

        marked_plain = PrefixWrapper("marked_plain", plaintext, PLAIN_MARK, ident=PLAIN_MARK)
        return CryptContext(
            schemes=[
                "argon2",
                "pbkdf2_sha256",
                "sha256_crypt",
                "sha512_crypt",
                "ldap_salted_sha1",
                "hex_sha256",
                marked_plain,
            ],
            deprecated="auto",
            argon2__type="ID",
            argon2__memory_cost=self._memory,
            argon2__time_cost=self._rounds,
            argon2__parallelism=1,
        )


def _busy() -> ChatError:
    return ChatError(
        "busy",
        f"Too many people are logging in right now; please try again in {RETRY_AFTER} seconds.",
        retry_after=RETRY_AFTER,
    )


def _stopping() -> ChatError:
    return ChatError(
        "busy",
        "The server is about to stop; please log in again in a moment.",
        retry_after=RETRY_AFTER,
    )
