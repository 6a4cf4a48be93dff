# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a server's own certificate is made and renewed. PRIVATE to the collection: no other code may rely on it.

Clients trust exactly the certificate that they have been given. So a new one is announced long before it is shown: it
lies beside the one in use, clients get both, and a run much later puts it to use. Nobody is cut off in between.
"""

from __future__ import annotations

import calendar
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

# Parts of the whole time: below the first a successor is made, below the second it takes over.
ANNOUNCE, SWITCH = 1 / 4, 1 / 8
_DAY = 86400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_END = re.compile(r"^notAfter=(\w{3}) +(\d+) (\d+):(\d+):(\d+) (\d+) GMT$", re.M)
_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----")
_NAME = re.compile(r"(DNS|IP Address):([^,\s]+)")


@dataclass(frozen=True)
class Certificate:
    """What matters of a certificate: its names, the end of its time in seconds since 1970, and its public key."""

    names: frozenset[str]
    ends: float
    key: str

    def serves(self, names: Iterable[str], key: str, now: float) -> bool:
        """Tell whether a server with this key can show it today under these names."""
        return self.names == frozenset(map(plain, names)) and self.key == key and self.ends > now


def plain(name: str) -> str:
    """Return a name or an address in the one form in which it is compared."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower()


def subject(name: str) -> str:
    """Return a name or an address as OpenSSL wants it in a certificate."""
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def parse(text: str) -> Certificate | None:
    """Read what `openssl x509 -noout -enddate -ext subjectAltName -pubkey` says; None when it says less."""
    end, key = _END.search(text), _KEY.search(text)
    if end is None or key is None:
        return None
    month, *numbers = end.groups()
    day, hour, minute, second, year = map(int, numbers)
    ends = calendar.timegm((year, _MONTHS.index(month) + 1, day, hour, minute, second))
    return Certificate(frozenset(plain(name) for _kind, name in _NAME.findall(text)), ends, key[0])


def parse_key(text: str) -> str:
    """Read what `openssl pkey -pubout` says."""
    found = _KEY.search(text)
    return found[0] if found else ""


def decide(shown: float | None, successor: float | None, days: int, now: float) -> str:
    """Return what to do, from the ends of the certificate in use and of its successor; None is one that is no good.

    The answers: keep; make (a new one, to be shown at once); announce (make a successor); switch (show the successor).
    """
    if shown is None:
        return "make" if successor is None else "switch"
    left = shown - now
    if left > days * _DAY * ANNOUNCE:
        return "keep"
    if successor is None or successor <= shown:
        return "announce"
    return "switch" if left <= days * _DAY * SWITCH else "keep"
