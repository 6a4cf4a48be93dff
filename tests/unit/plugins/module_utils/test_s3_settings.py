# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a bucket, in the shapes that S3 has for them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.fediops.mastodon.plugins.module_utils import _s3, _s3_settings
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel

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
SETTINGS = pytest.mark.parametrize("name", _s3_settings.SETTINGS)


class Client:
    """Remembers what it was asked, and answers with one result or error."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer if answer is not None else {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**options: Any) -> Any:
            self.asked.append((name, options))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return call


def store(client: Client) -> _s3.Store:
    made = _s3.Store(OPTIONS)
    made._client = client
    return made


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "Get")


@SETTINGS
def test_what_is_written_can_be_read(name: str) -> None:
    setting = _s3_settings.SETTINGS[name]
    value: Any = {"BlockPublicPolicy": True} if name == "public_access_block" else [{"ID": "x"}]
    client = Client()
    _s3_settings.write(store(client), "media", name, value)
    (method, sent) = client.asked[0]
    assert method == setting.put and sent["Bucket"] == "media"
    answer = sent[setting.request[0]]
    if setting.answer[0] != setting.request[0]:
        assert _s3_settings.read(store(Client(answer)), "media", name) == value
    else:
        assert _s3_settings.read(store(Client({setting.answer[0]: answer})), "media", name) == value


@SETTINGS
@pytest.mark.parametrize("nothing", [None, [], {}])
def test_nothing_is_written_by_removing(name: str, nothing: Any) -> None:
    client = Client()
    _s3_settings.write(store(client), "media", name, nothing)
    assert client.asked == [(_s3_settings.SETTINGS[name].delete, {"Bucket": "media"})]


@SETTINGS
def test_none_is_not_a_missing_bucket_or_a_missing_feature(name: str) -> None:
    missing = _s3_settings.SETTINGS[name].missing
    assert _s3.kind_of(missing) is _s3.NotFoundError
    assert _s3_settings.read(store(Client(refusal(missing))), "media", name) is None
    for code, error in (("NoSuchBucket", _s3.NotFoundError), ("NotImplemented", _s3.UnsupportedError)):
        with pytest.raises(error, match=_s3_settings.SETTINGS[name].title):
            _s3_settings.read(store(Client(refusal(code))), "media", name)


@SETTINGS
def test_boto3_has_these_names(name: str) -> None:
    """Its own description of S3 is asked, not its client, which no unit test talks to."""
    setting = _s3_settings.SETTINGS[name]
    model = ServiceModel(Loader().load_service_model("s3", "service-2"))

    def operation(method: str) -> Any:
        names = {each.lower(): each for each in model.operation_names}
        return model.operation_model(names[method.replace("_", "")])

    shape = operation(setting.put).input_shape
    for key in setting.request:
        shape = shape.members[key]
    answer = operation(setting.get).output_shape
    for key in setting.answer:
        answer = answer.members[key]
    assert answer.type_name == shape.type_name
    assert operation(setting.delete)
