# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of stores, told apart."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.fediops.mastodon.plugins.doc_fragments.s3 import ModuleDocFragment
from ansible_collections.fediops.mastodon.plugins.module_utils import _s3
from botocore.exceptions import ClientError, EndpointConnectionError

OPTIONS: dict[str, Any] = {
    "endpoint_url": "http://127.0.0.1:1",
    "access_key": "key",
    "secret_key": "secret",
    "region": "us-east-1",
    "path_style": True,
    "validate_certs": True,
    "ca_bundle": None,
    "connect_timeout": 1,
    "read_timeout": 1,
}


def refusal(code: str) -> ClientError:
    """Return an error as boto3 raises it."""
    return ClientError({"Error": {"Code": code, "Message": f"about {code}"}}, "GetBucketPolicy")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDenied", _s3.AccessDeniedError),
        ("403", _s3.AccessDeniedError),
        ("InvalidAccessKeyId", _s3.KeyRefusedError),
        ("SignatureDoesNotMatch", _s3.KeyRefusedError),
        ("RequestTimeTooSkewed", _s3.KeyRefusedError),
        ("NotImplemented", _s3.UnsupportedError),
        ("XNotImplemented", _s3.UnsupportedError),
        ("MethodNotAllowed", _s3.UnsupportedError),
        ("NoSuchBucket", _s3.NotFoundError),
        ("404", _s3.NotFoundError),
        ("InternalError", _s3.StoreError),
    ],
)
def test_codes(code: str, kind: type[Exception]) -> None:
    with (
        pytest.raises(_s3.StoreError, match=rf"cannot do it: about {code} \({code}\)") as caught,
        _s3.typed_errors("do it"),
    ):
        raise refusal(code)
    assert type(caught.value) is kind


def test_a_wrong_secret_comes_with_its_cure() -> None:
    with pytest.raises(_s3.KeyRefusedError, match="check the secret key"), _s3.typed_errors("do it"):
        raise refusal("SignatureDoesNotMatch")


def test_nobody_there() -> None:
    with pytest.raises(_s3.UnreachableError, match="http://x"), _s3.typed_errors("do it"):
        raise EndpointConnectionError(endpoint_url="http://x")


@pytest.mark.parametrize("endpoint", ["not a url", ""])
def test_no_endpoint(endpoint: str) -> None:
    with pytest.raises(_s3.UnreachableError, match="use the endpoint"):
        _s3.Store({**OPTIONS, "endpoint_url": endpoint})


class Calls:
    """A client that answers every call with one result or error."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __getattr__(self, _name: str) -> Any:
        def call(**_options: Any) -> Any:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return call


def store(answer: Any) -> _s3.Store:
    """Return a store with such a client."""
    made = _s3.Store(OPTIONS)
    made._client = Calls(answer)
    return made


def test_no_policy_is_not_no_bucket() -> None:
    assert store(refusal("NoSuchBucketPolicy")).policy("media") is None
    with pytest.raises(_s3.NotFoundError):
        store(refusal("NoSuchBucket")).policy("media")


def test_an_empty_policy_is_none() -> None:
    assert store({"Policy": ""}).policy("media") is None


def test_a_wrong_key_is_not_a_missing_bucket() -> None:
    assert store(refusal("NoSuchBucket")).bucket_exists("media") is False
    with pytest.raises(_s3.KeyRefusedError):
        store(refusal("InvalidAccessKeyId")).bucket_exists("media")


def test_a_deleted_version_counts() -> None:
    assert store({"DeleteMarkers": [{"Key": "once"}]}).first_version("media") == "once"
    assert store({}).first_version("media") is None


def test_the_fragment_documents_the_connection() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    keys = ("type", "default", "required")
    assert {name: {key: option[key] for key in keys if key in option} for name, option in documented.items()} == {
        name: {key: option[key] for key in keys if key in option} for name, option in _s3.CONNECTION.items()
    }
