"""Internet addresses: whose they are, and how they are written."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv6Address, ip_address
from typing import NamedTuple


class Network(NamedTuple):
    """Whom an address belongs to: what limits are counted by, and whether there are any."""

    name: str
    limited: bool = True


def network_of(host: str) -> Network:
    """Return whom an address belongs to: an IPv4 address itself, of IPv6 the /64.

    One household or one rented machine has a whole IPv6 /64 to itself. Whatever
    is no address, such as the path of a Unix socket, stands for itself.
    """
    try:
        address = IPv6Address(host)
    except AddressValueError:
        return Network(host)
    if address.ipv4_mapped is not None:
        return Network(str(address.ipv4_mapped))
    prefix = int(address) >> 64 << 64
    return Network(f"{IPv6Address(prefix)}/64")


def is_public(host: str) -> bool:
    """Whether an address is one of the internet's: not loopback, nor of a private network."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False  # a Unix socket
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_global


def bracketed(host: str) -> str:
    """A host as it stands before a colon and a port: an IPv6 address is put in brackets."""
    return f"[{host}]" if ":" in host else host
