"""The other end of a connection."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address

from msgspec import Struct
from twisted.internet.interfaces import IAddress

from ..core.addresses import Network, network_of


class Peer(Struct, frozen=True):
    """The other end, as far as its address tells."""

    host: str  # empty for a Unix socket
    address: str  # as people are shown it
    network: Network  # what its limits are counted by
    local: bool  # on this machine

    @classmethod
    def of(cls, address: IAddress) -> Peer:
        """The end that has this address."""
        host = getattr(address, "host", None)
        if host is None:
            return cls("", "(local)", Network("local"), True)
        return cls.at(str(host), address.port)  # type: ignore[attr-defined]

    @classmethod
    def at(cls, host: str, port: int) -> Peer:
        """Somebody at a host and a port."""
        shown = host.removeprefix("::ffff:")
        local = shown.startswith("127.") or shown == "::1"
        return cls(shown, f"({shown}, {port})", network_of(host), local)

    def behind(self, proxy: Peer) -> Peer:
        """The same, whom a proxy speaks for: only a proxy on this machine knows who is local."""
        return Peer(self.host, self.address, self.network, self.local and proxy.local)

    def unlimited(self) -> Peer:
        """The same, for whom nothing is counted."""
        return Peer(self.host, self.address, self.network._replace(limited=False), self.local)

    def within(self, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
        """Whether it is in one of these networks."""
        if not networks or not self.host:
            return False
        address = ip_address(self.host.partition("%")[0])
        return any(address in one for one in networks)
