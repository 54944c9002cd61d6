"""Who counts as one client, where guesses and connections are counted."""

from __future__ import annotations

import ipaddress

_HOME_BITS = 64


def client_name(address: str) -> str:
    """Return the name that a client is counted under.

    A home has 2**64 addresses of the sixth version, so these count together; an address of the
    fourth version counts as itself, also where it is written as one of the sixth.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address) or found.is_loopback:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _HOME_BITS), strict=False))
