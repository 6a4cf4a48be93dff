# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a policy's conditions, each in one form. PRIVATE to the collection: no other code may rely on it.

A store may give back another text than it was given: MinIO turns 10.0.0.1 into 10.0.0.1/32 and a number in quotes into
one without, AWS turns true into "true". What a text means depends on the operator that compares it.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any


def canonical(operator: str, value: Any) -> str:
    """Return a value as the text that stands for all ways to write it; TypeError when it is no scalar."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, (str, int, float)):
        text = str(value)
    else:
        raise TypeError("the values of a Condition are texts, numbers and booleans")
    kind = operator.rpartition(":")[2]  # without ForAllValues: and ForAnyValue:
    kind = kind[: -len("IfExists")] if kind.endswith("IfExists") else kind
    if kind in ("Bool", "Null"):
        return text.lower()
    if kind.startswith("Numeric") or isinstance(value, float):
        return _number(text)
    if kind.startswith("Date"):
        return _moment(text)
    if kind in ("IpAddress", "NotIpAddress"):
        return _network(text)
    return text


def _number(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    # What is not finite, or longer than any number that a store compares, would not fit into memory as digits.
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return text
    return format((number + 0).normalize(), "f")  # zero may have a sign


def _moment(text: str) -> str:
    """Return a date in UTC. Four digits are a year to some and seconds to others: they stay what they are."""
    try:
        if text.isdigit() and len(text) > 4:
            moment = datetime.fromtimestamp(int(text), timezone.utc)
        elif text.isdigit():
            return text
        else:
            moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except (ValueError, OverflowError, OSError):
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc).isoformat()


def _network(text: str) -> str:
    """Return a network with its length and without the bits behind it. An address alone is a network of one."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text
