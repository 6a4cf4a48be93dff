# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public halves are what openssl says they are, and nothing else passes for one."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _rsa
from hypothesis import given
from hypothesis import strategies as st


def openssl(*arguments: str, text: str = "") -> str:
    return subprocess.run(
        ["openssl", *arguments], input=text, capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.fixture(scope="module")
def private() -> str:
    return openssl("genrsa", "2048")


@pytest.mark.parametrize("form", [[], ["-traditional"]])
def test_public_half_of_both_forms(private: str, form: list[str]) -> None:
    text = openssl("rsa", *form, text=private)
    expected = openssl("rsa", "-RSAPublicKey_out", text=private)
    assert _rsa.public_half(text) == expected
    assert _rsa.public_half(f"# key 7\n{text}") == expected


def test_every_form_of_a_public_half_is_brought_to_one(private: str) -> None:
    expected = openssl("rsa", "-RSAPublicKey_out", text=private)
    wrapped = openssl("rsa", "-pubout", text=private)
    assert _rsa.canonical(wrapped) == _rsa.canonical(f"Address = a\n\n{expected}trailing") == expected
    assert _rsa.bits(wrapped) == 2048
    assert _rsa.fault(wrapped) == _rsa.fault(expected) == ""


def test_what_is_no_public_half(private: str) -> None:
    public = openssl("rsa", "-RSAPublicKey_out", text=private)
    assert "private" in _rsa.fault(private)
    assert "1024 bits" in _rsa.fault(openssl("rsa", "-pubout", text=openssl("genrsa", "1024")))
    elliptic = openssl("ecparam", "-name", "prime256v1", "-genkey")
    assert _rsa.fault(openssl("ec", "-pubout", text=elliptic))
    lines = public.splitlines()
    for damaged in ("", None, 7, "text", "\n".join([*lines[:3], *lines[4:]]), public.replace("A", "!")):
        assert _rsa.fault(damaged), damaged


@given(st.binary(max_size=60))
def test_no_bytes_make_it_stumble(data: bytes) -> None:
    import base64

    text = f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(data).decode() or '='}\n-----END PUBLIC KEY-----"
    assert _rsa.fault(text)


@given(st.integers(min_value=1 << 2047, max_value=(1 << 4096) - 1), st.sampled_from([3, 17, 65537, (1 << 40) + 15]))
def test_numbers_come_back(modulus: int, exponent: int) -> None:
    text = _rsa._encode(modulus, exponent)
    assert _rsa._numbers(text) == (modulus, exponent)
    assert _rsa.canonical(text) == text
