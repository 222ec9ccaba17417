"""One's own device: its keys, and what it publishes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from vodozemac import Account

from .signed_keys import Bundle, DeviceKeys, Published, curve_key, device_text, one_time_text

if TYPE_CHECKING:
    from vodozemac import PreKeyMessage, Session

    from .rows import Rows

ENOUGH = 25  # one-time keys at the server; with fewer it gets more
MOST = 50
FALLBACK_AGE = 7 * 86_400  # seconds; then another fallback key takes its place
TABLE, KEY = "device", "own"
PICKLES = "olm pickles"


class _Kept(msgspec.Struct):
    account: str
    device: str
    pickle: str
    fallback: dict[str, Published]
    fallback_since: float


class OwnDevice:
    """The device this client is. Its private keys leave it only into its row."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        kept = rows.find(TABLE, KEY, _Kept)
        if kept is None:
            raise ValueError("there is no device in these rows")
        self.account, self.device = kept.account, kept.device
        account = self._account(kept)
        self.ed25519 = account.ed25519_key.to_base64()
        self.curve25519 = account.curve25519_key.to_base64()
        self._reader = account  # its own keys never change, and unpickling takes a while
        text = device_text(self.account, self.device, self.ed25519, self.curve25519)
        self.signature = account.sign(text).to_base64()

    @classmethod
    def make(cls, rows: Rows, account: str, device: str) -> OwnDevice:
        """A device with keys of its own, for a folded name."""
        pickle = Account().pickle(rows.vault.derived(PICKLES))
        rows.put(TABLE, KEY, _Kept(account, device, pickle, {}, 0.0))
        return cls(rows)

    @property
    def keys(self) -> DeviceKeys:
        """What others may know of it."""
        return DeviceKeys(self.device, self.ed25519, self.curve25519, self.signature)

    def bundle(self, at_server: int, now: float) -> Bundle | None:
        """What to publish if `at_server` one-time keys are left there; None if nothing is.

        One-time keys are given out here once: if the bundle is lost, they are never used. The
        fallback key is in every bundle.
        """
        kept = self._kept()
        account = self._account(kept)
        wanted = MOST - max(0, at_server) if at_server < ENOUGH else 0
        aged = not kept.fallback or not 0 <= now - kept.fallback_since < FALLBACK_AGE
        if not wanted and not aged:
            return None
        one_time = {}
        if wanted:
            account.generate_one_time_keys(wanted)
            keys = account.one_time_keys
            one_time = {key: self._signed(account, keys[key], False) for key in sorted(keys)}
        if aged:
            ready: Any = account  # the stubs of the library do not know fallback keys
            ready.generate_fallback_key()
            new = {key: self._signed(account, one, True) for key, one in ready.fallback_key.items()}
            kept.fallback, kept.fallback_since = new, now
        account.mark_keys_as_published()
        self._keep(kept, account)
        device_keys = {"ed25519": self.ed25519, "curve25519": self.curve25519}
        return Bundle({**device_keys, "signature": self.signature}, one_time, kept.fallback)

    def begin_inbound(self, curve25519: str, message: PreKeyMessage) -> tuple[Session, bytes]:
        """The session that somebody's first message to this device begins, and its text."""
        kept = self._kept()
        account = self._account(kept)
        session, plain = account.create_inbound_session(curve_key(curve25519), message)
        self._keep(kept, account)
        return session, plain

    def begin_outbound(self, curve25519: str, one_time: str) -> Session:
        """A session with another device, from a one-time key of its."""
        return self._reader.create_outbound_session(curve_key(curve25519), curve_key(one_time))

    def _signed(self, account: Account, key: Any, fallback: bool) -> Published:
        text = one_time_text(self.account, self.curve25519, key.to_base64(), fallback=fallback)
        return Published(key.to_base64(), account.sign(text).to_base64())

    def _kept(self) -> _Kept:
        kept = self._rows.find(TABLE, KEY, _Kept)
        assert kept is not None
        return kept

    def _account(self, kept: _Kept) -> Account:
        return Account.from_pickle(kept.pickle, self._rows.vault.derived(PICKLES))

    def _keep(self, kept: _Kept, account: Account) -> None:
        kept.pickle = account.pickle(self._rows.vault.derived(PICKLES))
        self._rows.put(TABLE, KEY, kept)
