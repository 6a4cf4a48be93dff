# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to the client program; its answers were recorded from mc of 2025-03."""

from __future__ import annotations

import json

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _minio_admin, _s3
from ansible_collections.fediops.mastodon.plugins.module_utils._minio_admin import Admin


def error(code: str, message: str) -> str:
    """Return an error as the client prints it."""
    return json.dumps(
        {
            "status": "error",
            "error": {
                "message": "Unable to do it",
                "cause": {"message": message, "error": {"Code": code, "Message": message}},
                "type": "fatal",
            },
        }
    )


class Client:
    """A client program that gives one answer and remembers what it was asked."""

    def __init__(self, out: str, code: int = 0, err: str = "") -> None:
        self.answer = (code, out, err)
        self.asked: list[tuple[list[str], str]] = []

    def __call__(self, words: list[str], stdin: str) -> tuple[int, str, str]:
        self.asked.append((words, stdin))
        return self.answer


def test_user() -> None:
    client = Client('{"status":"success","accessKey":"foo","policyName":"p2,p1","userStatus":"enabled"}')
    assert Admin(client).user("foo") == {"status": "enabled", "policies": ["p1", "p2"]}


def test_user_without_policy() -> None:
    assert Admin(Client('{"status":"success","accessKey":"foo","userStatus":"disabled"}')).user("foo") == {
        "status": "disabled",
        "policies": [],
    }


def test_missing_user_and_policy() -> None:
    assert Admin(Client(error("XMinioAdminNoSuchUser", "gone"), 1)).user("foo") is None
    assert Admin(Client(error("XMinioAdminNoSuchPolicy", "gone"), 1)).policy("p") is None


def test_policy_after_other_lines() -> None:
    out = 'a word before\n{"status":"success","policy":"p","policyInfo":{"PolicyName":"p","Policy":{"Statement":[]}}}\n'
    assert Admin(Client(out)).policy("p") == {"Statement": []}


def test_secrets_go_through_standard_input() -> None:
    client = Client('{"status":"success","accessKey":"foo","secretKey":"hidden-secret"}')
    Admin(client).set_user("foo", "hidden-secret")
    words, stdin = client.asked[0]
    assert "hidden-secret" not in " ".join(words)
    assert stdin == "foo\nhidden-secret\n"


@pytest.mark.parametrize(
    ("out", "kind", "text"),
    [
        (error("SignatureDoesNotMatch", "signature"), _s3.KeyRefusedError, "signature"),
        (error("AccessDenied", "Access Denied."), _s3.AccessDeniedError, "Access Denied"),
        (error("XMinioIAMPolicyInUse", "in use"), _s3.StoreError, "in use"),
        (
            '{"status":"error","error":{"message":"m","cause":{"message":"refused","error":{"Op":"Get"}}}}',
            _s3.StoreError,
            "'admin user remove' failed: refused",
        ),
        ("", _s3.StoreError, "no such program"),
    ],
)
def test_errors_are_typed(out: str, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        Admin(Client(out, 1, "no such program")).remove_user("foo")


def test_an_error_with_exit_code_0_is_an_error() -> None:
    with pytest.raises(_s3.StoreError):
        Admin(Client(error("Whatever", "no"), 0)).attach("p", "foo")


def test_environment() -> None:
    assert _minio_admin.environment("https://s3.example.org:9000/", "root", "p@ss/w%rd") == {
        "MC_HOST_store": "https://root:p@ss/w%rd@s3.example.org:9000"
    }
    with pytest.raises(_s3.KeyRefusedError, match="colon") as caught:
        _minio_admin.environment("http://localhost", "root", "se:cret")
    assert "se:cret" not in str(caught.value)
