# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 store with errors that a person can act on. PRIVATE to the collection: no other code may rely on it."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible_collections.fediops.mastodon.plugins.module_utils import _stores

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    BOTO3_ERROR = ""
except ImportError:
    BOTO3_ERROR = traceback.format_exc()

# Documented in plugins/doc_fragments/s3.py.
CONNECTION: dict[str, dict[str, Any]] = {
    "store_kind": {"type": "str", "choices": list(_stores.KINDS), "default": _stores.OTHER},
    "endpoint_url": {"type": "str", "required": True},
    "access_key": {"type": "str", "required": True, "no_log": False},
    "secret_key": {"type": "str", "required": True, "no_log": True},
    "region": {"type": "str", "default": "us-east-1"},
    "path_style": {"type": "bool", "default": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_bundle": {"type": "path"},
    "connect_timeout": {"type": "int", "default": 5},
    "read_timeout": {"type": "int", "default": 30},
}


class StoreError(Exception):
    """The store did not do what it was asked; the text says what that was and what may be wrong."""

    def __init__(self, text: str, code: str = "") -> None:
        """Keep the store's own code beside the text."""
        super().__init__(text)
        self.code = code


class UnreachableError(StoreError):
    """Nothing answered, or not in S3."""


class KeyRefusedError(StoreError):
    """Unknown access key, another secret, or a request that was signed for another region or time."""


class AccessDeniedError(StoreError):
    """The key is right, but it may not do this."""


class UnsupportedError(StoreError):
    """The store does not have this feature."""


class NotFoundError(StoreError):
    """There is no such bucket, object, policy or other setting."""


_KINDS: dict[type[StoreError], frozenset[str]] = {
    KeyRefusedError: frozenset(
        {
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "AuthorizationHeaderMalformed",
            "RequestTimeTooSkewed",
            "InvalidToken",
            "InvalidSecurity",
            "NotSignedUp",
        }
    ),
    AccessDeniedError: frozenset({"AccessDenied", "AllAccessDisabled", "AccountProblem", "Forbidden", "403"}),
    UnsupportedError: frozenset(
        {
            "NotImplemented",
            "XNotImplemented",
            "MethodNotAllowed",
            "NotSupported",
            "UnsupportedOperation",
            "AccessControlListNotSupported",
            "501",
            "405",
        }
    ),
    NotFoundError: frozenset(
        {
            "NoSuchBucket",
            "NoSuchKey",
            "NoSuchBucketPolicy",
            "NoSuchCORSConfiguration",
            "NoSuchLifecycleConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
            "OwnershipControlsNotFoundError",
            "NotFound",
            "404",
        }
    ),
}
_CURES: dict[str, str] = {
    "InvalidAccessKeyId": "check the access key",
    "SignatureDoesNotMatch": "check the secret key",
    "AuthorizationHeaderMalformed": "check the region",
    "RequestTimeTooSkewed": "check the clock of this host",
}


def kind_of(code: str) -> type[StoreError]:
    """Return the error type for a code of the S3 protocol."""
    return next((kind for kind, codes in _KINDS.items() if code in codes), StoreError)


@contextmanager
def typed_errors(doing: str) -> Iterator[None]:
    """Turn what boto3 raises into the types above; `doing` completes the sentence "cannot ..."."""
    try:
        yield
    except ClientError as error:
        detail = error.response.get("Error", {})
        code = str(detail.get("Code", ""))
        cure = f"; {_CURES[code]}" if code in _CURES else ""
        raise kind_of(code)(f"cannot {doing}: {detail.get('Message') or code} ({code}){cure}", code) from error
    except (BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is not a URL
        raise UnreachableError(f"cannot {doing}: {error}") from error


@dataclass(frozen=True)
class StoredObject:
    """An object with the headers that matter to browsers and proxies."""

    body: bytes
    cache_control: str
    content_type: str


class Store:
    """The few calls that the modules need, each one request."""

    def __init__(self, options: Mapping[str, Any], **other_key: str) -> None:
        """Prepare a client from the connection options; nothing is sent yet."""
        settings: dict[str, Any] = {
            "signature_version": "s3v4",
            "s3": {"addressing_style": "path" if options["path_style"] else "virtual"},
            "connect_timeout": options["connect_timeout"],
            "read_timeout": options["read_timeout"],
            # A store that has just been started answers 503 until its users are loaded.
            "retries": {"mode": "standard", "total_max_attempts": 6},
        }
        if "request_checksum_calculation" in Config.OPTION_DEFAULTS:
            # Newer boto3 adds trailing checksums to every upload, which several stores refuse.
            settings.update(request_checksum_calculation="when_required", response_checksum_validation="when_required")
        self.region: str = options["region"]
        with typed_errors("use the endpoint"):
            self._client: Any = boto3.session.Session().client(
                "s3",
                endpoint_url=options["endpoint_url"],
                aws_access_key_id=other_key.get("access_key", options["access_key"]),
                aws_secret_access_key=other_key.get("secret_key", options["secret_key"]),
                region_name=self.region,
                verify=(options["ca_bundle"] or True) if options["validate_certs"] else False,
                config=Config(**settings),
            )

    def call(self, doing: str, method: str, **options: Any) -> dict[str, Any]:
        """Send one request by the name that boto3 gives it."""
        with typed_errors(doing):
            answer: dict[str, Any] = getattr(self._client, method)(**options)
        return answer

    def list_buckets(self) -> list[str]:
        """Return the names of the buckets that the key may see."""
        with typed_errors("list the buckets"):
            return [str(bucket["Name"]) for bucket in self._client.list_buckets().get("Buckets", [])]

    def bucket_exists(self, bucket: str) -> bool:
        """Ask with a listing, not with HEAD: only a body tells a wrong key from a missing right."""
        try:
            self.first_key(bucket)
        except NotFoundError:
            return False
        return True

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket in the region of the connection; AWS does not accept its oldest region by name."""
        where = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        with typed_errors(f"create the bucket {bucket}"):
            self._client.create_bucket(Bucket=bucket, **where)

    def delete_bucket(self, bucket: str) -> None:
        """Delete a bucket; every store refuses when there is something in it."""
        with typed_errors(f"delete the bucket {bucket}"):
            self._client.delete_bucket(Bucket=bucket)

    def first_key(self, bucket: str, prefix: str = "") -> str | None:
        """Return the first key below a prefix."""
        with typed_errors(f"list the bucket {bucket}"):
            answer = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        return next((str(entry["Key"]) for entry in answer.get("Contents", [])), None)

    def first_version(self, bucket: str) -> str | None:
        """Return the first key that exists in any version, deleted ones included."""
        with typed_errors(f"list the versions in the bucket {bucket}"):
            answer = self._client.list_object_versions(Bucket=bucket, MaxKeys=1)
        entries = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
        return next((str(entry["Key"]) for entry in entries), None)

    def versioning(self, bucket: str) -> str:
        """Return Enabled, Suspended, or an empty text for a bucket that never had versions."""
        with typed_errors(f"read the versioning of the bucket {bucket}"):
            return str(self._client.get_bucket_versioning(Bucket=bucket).get("Status", ""))

    def set_versioning(self, bucket: str, status: str) -> None:
        """Switch versioning."""
        with typed_errors(f"set the versioning of the bucket {bucket}"):
            self._client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    def policy(self, bucket: str) -> dict[str, Any] | None:
        """Return the bucket's policy, None when it has none."""
        try:
            with typed_errors(f"read the policy of the bucket {bucket}"):
                text = self._client.get_bucket_policy(Bucket=bucket)["Policy"]
        except NotFoundError as error:
            if error.code == "NoSuchBucketPolicy":
                return None
            raise
        document: dict[str, Any] | None = json.loads(text) if text else None
        return document

    def set_policy(self, bucket: str, document: Mapping[str, Any] | None) -> None:
        """Write a policy, or delete it."""
        with typed_errors(f"write the policy of the bucket {bucket}"):
            if document is None:
                self._client.delete_bucket_policy(Bucket=bucket)
            else:
                self._client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))

    def read_object(self, bucket: str, key: str) -> StoredObject | None:
        """Return a small object, None when there is none."""
        try:
            with typed_errors(f"read {bucket}/{key}"):
                answer = self._client.get_object(Bucket=bucket, Key=key)
                body = answer["Body"].read()
        except NotFoundError:
            return None
        return StoredObject(body, answer.get("CacheControl", ""), answer.get("ContentType", ""))

    def write_object(self, bucket: str, key: str, wanted: StoredObject) -> str:
        """Write a small object with its headers; return its version, if the bucket has versions."""
        answer = self.call(
            f"write {bucket}/{key}",
            "put_object",
            Bucket=bucket,
            Key=key,
            Body=wanted.body,
            CacheControl=wanted.cache_control,
            ContentType=wanted.content_type,
        )
        return str(answer.get("VersionId") or "")

    def delete_object(self, bucket: str, key: str, version: str = "") -> None:
        """Delete an object, or one version of it without a trace; that it does not exist is no error."""
        which = {"VersionId": version} if version else {}
        self.call(f"delete {bucket}/{key}", "delete_object", Bucket=bucket, Key=key, **which)
