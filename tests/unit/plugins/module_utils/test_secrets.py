# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every secret is made in the form that Mastodon's own generators print, and bad ones are told apart."""

from __future__ import annotations

import base64
import re

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _secrets
from cryptography.hazmat.primitives.asymmetric import ec

COMPLETE = _secrets.generate(_secrets.KINDS)
# The key pair of RFC 6979 A.2.5.
RFC_SCALAR = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
RFC_POINT = (
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
)


def test_the_set_is_complete_and_sound() -> None:
    assert _secrets.problems(COMPLETE) == []
    assert list(COMPLETE) == list(_secrets.KINDS)
    assert len(set(COMPLETE.values())) == len(_secrets.KINDS) == 15


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("secret_key_base", r"[0-9a-f]{128}"),
        ("active_record_encryption_primary_key", r"[A-Za-z0-9]{32}"),
        ("active_record_encryption_deterministic_key", r"[A-Za-z0-9]{32}"),
        ("active_record_encryption_key_derivation_salt", r"[A-Za-z0-9]{32}"),
        ("vapid_private_key", r"[A-Za-z0-9_-]{43}="),
        ("vapid_public_key", r"[A-Za-z0-9_-]{87}="),
    ],
)
def test_generated_values_look_like_upstreams(name: str, form: str) -> None:
    assert re.fullmatch(form, COMPLETE[name])
    assert re.fullmatch(form, _secrets.placeholder(name))


def test_generated_values_need_no_quotes_anywhere() -> None:
    for _ in range(20):
        assert all(re.fullmatch(r"[A-Za-z0-9_=-]+", value) for value in _secrets.generate(_secrets.KINDS).values())


def test_two_sets_share_nothing() -> None:
    assert not set(COMPLETE.values()) & set(_secrets.generate(_secrets.KINDS).values())


def test_vapid_pair_is_the_uncompressed_point_of_its_scalar() -> None:
    pair = _secrets.vapid_pair(RFC_SCALAR)
    assert base64.urlsafe_b64decode(pair["vapid_private_key"]) == RFC_SCALAR.to_bytes(32, "big")
    assert base64.urlsafe_b64decode(pair["vapid_public_key"]) == b"\x04" + bytes.fromhex(RFC_POINT)


def test_generated_public_key_is_on_the_curve() -> None:
    point = base64.urlsafe_b64decode(COMPLETE["vapid_public_key"])
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def test_unpadded_and_short_vapid_keys_of_older_instances_are_good() -> None:
    scalar = RFC_SCALAR >> 16  # 30 bytes
    pair = _secrets.vapid_pair(scalar)
    short = base64.urlsafe_b64encode(scalar.to_bytes(30, "big")).decode().rstrip("=")
    values = {"vapid_private_key": short, "vapid_public_key": pair["vapid_public_key"].rstrip("=")}
    assert _secrets.problems(values) == []


def test_placeholders_are_well_formed_consistent_and_refused_in_a_store() -> None:
    values = {name: _secrets.placeholder(name) for name in _secrets.KINDS}
    assert values == {name: _secrets.placeholder(name) for name in _secrets.KINDS}
    assert len(set(values.values())) == len(values)
    assert _secrets.pair_problem(values["vapid_private_key"], values["vapid_public_key"]) == ""
    found = _secrets.problems(values)
    assert len(found) == len(values)
    assert all("public placeholder" in problem for problem in found)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("redis_password", "", "blank"),
        ("redis_password", "   ", "blank"),
        ("redis_password", None, "blank"),
        ("redis_password", 1234567890123456, "not text"),
        ("redis_password", "changeme-changeme", "placeholder"),
        ("redis_password", "Change_Me_Please_1", "placeholder"),
        ("active_record_encryption_primary_key", "abcdefghijklmnopqrstuvwDO_NOT_USE_IN_PRODUCTION", "placeholder"),
        ("secret_key_base", "a" * 128, "placeholder"),
        ("secret_key_base", "0123456789abcdef", "malformed"),
        ("redis_password", "short-one", "malformed"),
        ("redis_password", "with a blank in it", "malformed"),
        ("redis_password", "quotes'in'the-password", "malformed"),
        ("redis_password", "ends-in-a-newline\n", "malformed"),
        ("owner_password", "aB3x-" * 15, "malformed"),
        ("vapid_public_key", "AbCdEfGh", "malformed"),
    ],
)
def test_bad_values_are_named_and_not_shown(name: str, value: object, problem: str) -> None:
    (found,) = _secrets.problems({**COMPLETE, name: value})
    assert found.startswith(name)
    assert problem in found
    assert not str(value).strip() or str(value) not in found


def test_a_duplicate_names_both() -> None:
    values = {**COMPLETE, "redis_password": COMPLETE["database_password"]}
    assert _secrets.problems(values) == ["redis_password has the same value as database_password"]


def test_an_unknown_name_is_refused() -> None:
    assert _secrets.problems({**COMPLETE, "otp_secret": "x"}) == ["otp_secret is not a secret of this collection"]


def test_halves_of_different_pairs_are_refused() -> None:
    other = _secrets.generate(["vapid_private_key"])
    values = {**COMPLETE, "vapid_private_key": other["vapid_private_key"]}
    assert _secrets.problems(values) == ["vapid_public_key does not belong to vapid_private_key"]


def test_half_a_pair_is_refused() -> None:
    values = {name: value for name, value in COMPLETE.items() if name != "vapid_public_key"}
    assert _secrets.problems(values) == ["vapid_private_key stands alone: vapid_public_key is missing"]


@pytest.mark.parametrize("scalar", [0, _secrets.P256_ORDER, 2**256 - 1])
def test_a_scalar_outside_the_curve_is_refused(scalar: int) -> None:
    private = base64.urlsafe_b64encode(scalar.to_bytes(32, "big")).decode()
    assert _secrets.pair_problem(private, COMPLETE["vapid_public_key"]) == "vapid_private_key is not a P-256 key"


def test_one_half_is_rotated_with_the_other() -> None:
    assert _secrets.names_to_rotate(["redis_password", "vapid_public_key"]) == [
        "vapid_private_key",
        "vapid_public_key",
        "redis_password",
    ]


def test_fingerprints_tell_sets_apart_and_leave_passwords_out() -> None:
    one, two = _secrets.fingerprints(COMPLETE), _secrets.fingerprints(_secrets.generate(_secrets.KINDS))
    assert set(one) == {
        "secret_key_base",
        "vapid_private_key",
        "vapid_public_key",
        "active_record_encryption_primary_key",
        "active_record_encryption_deterministic_key",
        "active_record_encryption_key_derivation_salt",
    }
    assert not set(one.values()) & set(two.values())
    assert all(len(value) == 12 for value in one.values())
