# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""RSA keys as PEM text, read without a library. PRIVATE to the collection: no other code may rely on it.

Hosts need not have Python's cryptography. What is read here is little: a private key holds its public half, and a
public half is two numbers in one of two wrappings.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Any

PRIVATE = ("RSA PRIVATE KEY", "PRIVATE KEY")
PUBLIC = ("RSA PUBLIC KEY", "PUBLIC KEY")
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----")
# What these bytes begin with: a sequence, a whole number, and the strings that wrap another structure.
_SEQUENCE, _INTEGER, _BITS, _OCTETS = 0x30, 0x02, 0x03, 0x04


class BadKeyError(ValueError):
    """The text is not the RSA key that it should be."""


def public_half(private: str) -> str:
    """Return the public half of a private key, in the form that tinc writes."""
    name, content = _block(private, PRIVATE)
    members = _members(content)
    if name == "PRIVATE KEY":  # version, algorithm, and the key proper
        members = _members(_part(members, 2, _OCTETS))
    return _encode(_number(members, 1), _number(members, 2))


def canonical(public: str) -> str:
    """Return a public half in the form that tinc writes, whatever form it came in."""
    return _encode(*_numbers(public))


def bits(public: str) -> int:
    """Return the length of a key."""
    return _numbers(public)[0].bit_length()


def fault(public: Any) -> str:
    """Return what is wrong with something that should be a public half of 2048 bits or more; empty when nothing is."""
    if isinstance(public, str) and re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----", public):
        return "it is a private key, which must never leave its machine"
    try:
        length = bits(public if isinstance(public, str) else "")
    except BadKeyError as error:
        return f"it is not a public RSA key ({error})"
    return "" if length >= 2048 else f"it has {length} bits, which can be broken"


def _numbers(public: str) -> tuple[int, int]:
    name, content = _block(public, PUBLIC)
    if name == "PUBLIC KEY":  # algorithm, and the key proper behind a byte that counts unused bits
        content = _part(_members(content), 1, _BITS)[1:]
    members = _members(content)
    return _number(members, 0), _number(members, 1)


def _block(text: str, names: Sequence[str]) -> tuple[str, bytes]:
    for match in _BLOCK.finditer(text):
        if match[1] in names:
            try:
                return match[1], base64.b64decode("".join(match[2].split()), validate=True)
            except binascii.Error as error:
                raise BadKeyError("damaged") from error
    raise BadKeyError(f"no block {' or '.join(names)}")


def _values(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        if len(data) < 2:
            raise BadKeyError("damaged")
        kind, length, start = data[0], data[1], 2
        if length >= 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[2:start], "big")
        if len(data) < start + length:
            raise BadKeyError("damaged")
        yield kind, data[start : start + length]
        data = data[start + length :]


def _members(data: bytes) -> list[tuple[int, bytes]]:
    """Return the members of the sequence that the data is."""
    outer = list(_values(data))
    if len(outer) != 1 or outer[0][0] != _SEQUENCE:
        raise BadKeyError("damaged")
    return list(_values(outer[0][1]))


def _part(members: Sequence[tuple[int, bytes]], index: int, kind: int) -> bytes:
    if len(members) <= index or members[index][0] != kind:
        raise BadKeyError("damaged")
    return members[index][1]


def _number(members: Sequence[tuple[int, bytes]], index: int) -> int:
    number = int.from_bytes(_part(members, index, _INTEGER), "big", signed=True)
    if number <= 0:
        raise BadKeyError("damaged")
    return number


def _wrapped(kind: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([kind, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([kind, 0x80 | size]) + length.to_bytes(size, "big") + content


def _encode(modulus: int, exponent: int) -> str:
    sizes = [(number, number.bit_length() // 8 + 1) for number in (modulus, exponent)]
    numbers = [_wrapped(_INTEGER, number.to_bytes(size, "big")) for number, size in sizes]
    text = base64.b64encode(_wrapped(_SEQUENCE, b"".join(numbers))).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN RSA PUBLIC KEY-----", *lines, "-----END RSA PUBLIC KEY-----", ""])
