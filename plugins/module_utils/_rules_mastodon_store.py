# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of role mastodon that do not go together with the store. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import _stores
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault


def _kind(variables: Mapping[str, Any]) -> str:
    value = variables.get("mastodon_s3_kind", _stores.OTHER)
    return value if isinstance(value, str) and value in _stores.KINDS else ""


def _endpoint(variables: Mapping[str, Any]) -> str:
    value = variables.get("mastodon_s3_endpoint")
    return value if isinstance(value, str) else ""


def kind_is_known(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """What Mastodon must be told differs from store to store."""
    if not _kind(variables):
        yield Fault(
            "mastodon_s3_kind",
            f"{variables['mastodon_s3_kind']!r} is no kind of store",
            f"Use one of {', '.join(_stores.KINDS)}",
        )


def kind_fits_endpoint(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A provider's endpoint says whose it is; with another's settings some requests fail, and only some."""
    kind, told = _kind(variables), _stores.of_endpoint(_endpoint(variables))
    if kind and told and kind != told:
        yield Fault(
            "mastodon_s3_kind",
            f"it is {kind}, but the endpoint is one of {_stores.KINDS[told].title}",
            f"Set it to {told}",
        )


def region_fits_endpoint(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The region is part of each signature: with another one every request is refused."""
    region, told = variables.get("mastodon_s3_region", "us-east-1"), _stores.region_of_endpoint(_endpoint(variables))
    if told and region != told:
        yield Fault("mastodon_s3_region", f"it is {region}, but the endpoint is in {told}", f"Set it to {told}")


def permission_fits_kind(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Without ACLs each suspension of an account fails, and with it the hiding of its media."""
    kind = _kind(variables)
    missing = _stores.lacks(kind, "acl") if kind else ""
    if missing and variables.get("mastodon_s3_permission"):
        yield Fault("mastodon_s3_permission", f"it sends ACLs, but {missing}", "Leave it empty")


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    kind_is_known,
    kind_fits_endpoint,
    region_fits_endpoint,
    permission_fits_kind,
)
