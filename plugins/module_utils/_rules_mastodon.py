# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of role mastodon that cannot work. PRIVATE to the collection: no other code may rely on it.

Here stands what concerns the application itself; its connections to others are in _mastodon_connections.py.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _env,
    _inventory,
    _mastodon_connections,
    _mastodon_layout,
    _rule_parts,
    _rules_mastodon_store,
    _syntax,
)
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault

# Any patch release of these is accepted. A later series may have new secrets, queues or migrations.
SERIES = ("4.5", "4.6", "4.7")
ENCRYPTION_KEYS = (
    "mastodon_active_record_encryption_primary_key",
    "mastodon_active_record_encryption_deterministic_key",
    "mastodon_active_record_encryption_key_derivation_salt",
)
SECRETS = (
    "mastodon_secret_key_base",
    *ENCRYPTION_KEYS,
    "mastodon_vapid_private_key",
    "mastodon_db_password",
    "mastodon_redis_password",
    "mastodon_s3_secret_key",
    "mastodon_owner_password",
)
STORE = "Take it from the instance's secret store"

_PLACEHOLDER = re.compile(r"(?i)change.?me|placeholder|example|do_not_use|^(password|secret|mastodon)$|^(.)\2*$")

# The role sets them, or each service has its own value of them.
MANAGED = re.compile(
    r"LOCAL_DOMAIN|WEB_DOMAIN|ALTERNATE_DOMAINS|DB_\w+|REDIS_\w+|AWS_(?!RE(QUEST|SPONSE)_CHECKSUM)\w+|SMTP_\w+"
    r"|VAPID_\w+|SECRET_KEY_BASE"
    r"|S3_(ENABLED|BUCKET|REGION|ENDPOINT|PROTOCOL|HOSTNAME|ALIAS_HOST|CLOUDFRONT_HOST|PERMISSION)"
    r"|ACTIVE_RECORD_ENCRYPTION_\w+|BIND|PORT|WEB_CONCURRENCY|M(AX|IN)_THREADS"
    r"|SIDEKIQ_CONCURRENCY|TRUSTED_PROXY_IP|ALLOWED_PRIVATE_ADDRESSES|RAILS_LOG_LEVEL|STREAMING_API_BASE_URL"
    r"|BOOTSNAP_\w+|SSL_CERT_FILE|CACHE_BUSTER_\w+"
)
HARMFUL = {
    "SECRET_KEY_BASE_DUMMY": "it replaces the encryption keys with random ones at every start",
    "SKIP_POST_DEPLOYMENT_MIGRATIONS": "any value of it, even false, leaves migrations undone for ever",
    "SELF_DESTRUCT": "it deletes the instance from the whole fediverse",
    "DISABLE_DATABASE_ENVIRONMENT_CHECK": "it lets a task drop the tables of a live database",
    "REDIS_NAMESPACE": "Mastodon refuses to start with it since 4.4",
    "CACHE_REDIS_NAMESPACE": "Mastodon refuses to start with it since 4.4",
    "SIDEKIQ_REDIS_NAMESPACE": "Mastodon refuses to start with it since 4.4",
    "DATABASE_URL": "it silently wins over mastodon_db_*",
    "SOCKET": "web and streaming would share one socket",
    "RAILS_ENV": "the image sets it",
    "NODE_ENV": "the image sets it",
    "PATH": "the image sets it",
}


def platform(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Engine packages and paths are Debian's."""
    return _rule_parts.platform(variables, "mastodon_engine", ("12", "13"))


def engine(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Debian 12 has no Compose v2, which the role needs."""
    if (
        variables.get("mastodon_engine", "distribution") == "distribution"
        and _rule_parts.fact(variables, "distribution") == "Debian"
        and _rule_parts.fact(variables, "distribution_major_version") == "12"
    ):
        yield Fault("mastodon_engine", "Debian 12 has no Docker Compose v2", "Set it to docker_ce, or use Debian 13")


def version(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A series that the role does not know may need more than the role does."""
    value = variables.get("mastodon_version", "")
    if value == "":
        return
    match = re.fullmatch(r"(\d+\.\d+)\.\d+", value) if isinstance(value, str) else None
    if match is None:
        yield Fault("mastodon_version", f"{value!r} is not a full version", "Write it like 4.7.6, in quotes, without v")
    elif match[1] not in SERIES:
        yield Fault(
            "mastodon_version",
            f"series {match[1]} is not known to this role",
            f"Use a release of {', '.join(SERIES)}, or a newer collection",
        )


def image(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The tag comes from mastodon_version, so that both images always are of one release."""
    for name in ("mastodon_image", "mastodon_streaming_image"):
        value = variables.get(name)
        if isinstance(value, str) and ("@" in value or ":" in value.rsplit("/", 1)[-1] or not value.strip()):
            yield Fault(
                name,
                f"{value!r} is not an image name without a tag",
                "Leave out the tag; it comes from mastodon_version",
            )


def registry(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A registry is a host, and perhaps a path on it; Docker knows no scheme."""
    value = variables.get("mastodon_image_registry")
    if value is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.-]*(:\d+)?(/[a-z0-9._-]+)*", str(value)):
        yield Fault(
            "mastodon_image_registry",
            f"{value!r} is not the name of a registry",
            "Write it like ghcr.io or registry.example.org:5000, without https://",
        )


def secret_key_base(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Rails makes 128 hexadecimal digits; something shorter was typed by hand."""
    value = variables.get("mastodon_secret_key_base")
    if value is not None and not re.fullmatch(r"[0-9a-f]{128}", str(value)):
        yield Fault("mastodon_secret_key_base", "it is not 128 small hexadecimal digits", STORE)


def encryption_keys(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """They guard two-factor secrets and signing keys, and can never be changed."""
    values = [(name, variables[name]) for name in ENCRYPTION_KEYS if name in variables]
    for name, value in values:
        if not re.fullmatch(r"[A-Za-z0-9]{32,}", str(value)):
            yield Fault(name, "it is not at least 32 letters and digits", STORE)
    if len({str(value) for _name, value in values}) < len(values):
        yield Fault(ENCRYPTION_KEYS[0], "two of the three encryption keys are equal", "Let each be a key of its own")


def vapid(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Browsers refuse push subscriptions with a key that is no point of the curve."""
    for name, length in (("mastodon_vapid_private_key", 32), ("mastodon_vapid_public_key", 65)):
        value = variables.get(name)
        if value is None:
            continue
        try:
            if not re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", str(value)):
                raise ValueError
            key = base64.urlsafe_b64decode(str(value).rstrip("=") + "=" * (-len(str(value).rstrip("=")) % 4))
        except (ValueError, binascii.Error):
            key = b""
        if len(key) != length or (length == 65 and key[0] != 4):
            yield Fault(name, f"it is not a key of {length} bytes in URL-safe base64", STORE)


def placeholders(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A value from an example is known to everybody."""
    for name in SECRETS:
        if name not in variables:
            continue
        value = variables[name]
        if not (isinstance(value, str) and value.strip()):
            yield Fault(name, "it is empty", STORE)
        elif _PLACEHOLDER.search(value):
            yield Fault(name, "it looks like the placeholder of an example", STORE)


def owner(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Mastodon would refuse the account after everything else has been set up."""
    name = variables.get("mastodon_owner_username")
    if name is not None and not re.fullmatch(r"[A-Za-z0-9_]{1,30}", str(name)):
        yield Fault(
            "mastodon_owner_username",
            f"{name!r} is not a name that an account can have",
            "Use at most 30 letters, digits and underscores",
        )
    email = variables.get("mastodon_owner_email")
    if email is not None and not _mastodon_connections.is_email(email):
        yield Fault("mastodon_owner_email", f"{email!r} is not an e-mail address", "Write it like you@example.org")
    password = variables.get("mastodon_owner_password")
    if isinstance(password, str) and password and not 12 <= len(password.encode()) <= 72:
        yield Fault("mastodon_owner_password", "it is not 12 to 72 bytes long", STORE)


def uid(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Root is what the containers must never be; above lie ids that systemd gives away."""
    value = variables.get("mastodon_uid", 991)
    number = _rule_parts.whole_number(value)
    if number is None or not 100 <= number < 60000:
        yield Fault("mastodon_uid", f"{value!r} is not a number from 100 to 59999", "Use 991, or another free one")


def services(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A host without any would be healthy, and do nothing."""
    if not variables.get("mastodon_services", _mastodon_layout.SERVICES):
        yield Fault(
            "mastodon_services",
            "the host runs none of Mastodon's services",
            f"Name some of {', '.join(_mastodon_layout.SERVICES)}",
        )


def host_count(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Only with several hosts does an upgrade wait for the others before its last migrations."""
    if _host_count(variables) < 1:
        yield Fault("mastodon_host_count", "it is not a number of hosts", "Count the hosts that run this Mastodon")


def one_scheduler(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Each process that listens to the queue runs the daily jobs; two of them run each job twice."""
    if not _serves_queues(variables) or variables.get("mastodon_runs_scheduler", True) is False:
        return
    schedulers = [
        process
        for process in _mastodon_layout.processes_of(variables)
        if _mastodon_layout.SCHEDULER in _mastodon_layout.queue_names(process)
    ]
    if len(schedulers) != 1:
        yield Fault(
            "mastodon_sidekiq_processes",
            f"{len(schedulers)} processes serve the queue scheduler",
            "Let exactly one process serve it",
        )


def served_queues(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Jobs of a queue that nobody serves pile up without a word. What other hosts serve is not seen from here."""
    if not _serves_queues(variables):
        return
    processes = _mastodon_layout.processes_of(variables)
    known = _mastodon_layout.QUEUES
    served = {name for process in processes for name in _mastodon_layout.queue_names(process)}
    missing, unknown = [queue for queue in known if queue not in served], sorted(served.difference(known))
    if not processes:
        yield Fault(
            "mastodon_sidekiq_processes",
            "sidekiq is among the host's services, but no process is left for it",
            "List a process with other queues than scheduler, or take sidekiq out of mastodon_services",
        )
    elif missing and _host_count(variables) == 1:
        yield Fault("mastodon_sidekiq_processes", f"no process serves {', '.join(missing)}", "Add it to a process")
    if unknown:
        yield Fault(
            "mastodon_sidekiq_processes",
            f"Mastodon has no queue {', '.join(unknown)}",
            f"Its queues are {', '.join(known)}, each alone or with a weight, as in push,6",
        )


def _host_count(variables: Mapping[str, Any]) -> int:
    # ansible-core before 2.19 makes a text of a number that is computed.
    return _inventory.number(variables.get("mastodon_host_count", 1)) or 0


def _serves_queues(variables: Mapping[str, Any]) -> bool:
    return "mastodon_sidekiq_processes" in variables and "sidekiq" in _mastodon_layout.services(variables)


def sidekiq_names(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A process becomes the Compose service sidekiq-NAME."""
    yield from _rule_parts.duplicates(variables, "mastodon_sidekiq_processes")
    for process in _rule_parts.records(variables, "mastodon_sidekiq_processes"):
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", str(process.get("name", ""))):
            yield Fault(
                "mastodon_sidekiq_processes",
                f"{process.get('name')!r} is not a name for a service",
                "Use small letters, digits and dashes",
            )


def thread_counts(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """Zero is taken for zero; beyond 25 threads a Ruby process only gets slower."""
    counts = [
        ("mastodon_web_threads", variables.get("mastodon_web_threads", 5)),
        *(
            ("mastodon_sidekiq_processes", process.get("concurrency", 5))
            for process in _rule_parts.records(variables, "mastodon_sidekiq_processes")
        ),
    ]
    for name, value in counts:
        number = _rule_parts.whole_number(value)
        if number is None or not 1 <= number <= 25:
            yield Fault(name, f"{value!r} is not a number of threads from 1 to 25", "Add processes rather than threads")
    processes = variables.get("mastodon_web_processes", 2)
    number = _rule_parts.whole_number(processes)
    if number is None or not 1 <= number <= 128:
        yield Fault(
            "mastodon_web_processes",
            f"{processes!r} is not a number of processes from 1 to 128",
            "Start with 2, and add more when requests queue up",
        )


def temporary_space(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The number goes to mke2fs as it stands."""
    value = variables.get("mastodon_tmp_size", "")
    if value != "" and not re.fullmatch(r"[1-9][0-9]*[MG]", str(value)):
        yield Fault("mastodon_tmp_size", f"{value!r} is not a size", "Write it like 4G or 512M")


def db_certificate(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """A path here would be taken for a certificate, and the app would find no database."""
    value = variables.get("mastodon_db_certificate", "")
    if isinstance(value, str) and value and "-----BEGIN CERTIFICATE-----" not in value:
        yield Fault(
            "mastodon_db_certificate",
            "it is not a certificate in PEM form",
            "Give the text itself, as in lookup('file', 'database.crt')",
        )


def ca_bundle(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """The file is mounted from the host."""
    value = variables.get("mastodon_ca_bundle", "")
    if value != "" and not _syntax.is_path(value):
        yield Fault("mastodon_ca_bundle", f"{value!r} is not a plain absolute path", "Name a PEM file on the host")


def extra_env(variables: Mapping[str, Any]) -> Iterator[Fault]:
    """What the role sets has variables of its own, checked by rules of their own."""
    extra = variables.get("mastodon_extra_env", {})
    for name, value in extra.items() if isinstance(extra, Mapping) else ():
        if name in HARMFUL:
            yield Fault("mastodon_extra_env", f"{name} must not be set: {HARMFUL[name]}", "Leave it out")
        elif MANAGED.fullmatch(str(name)):
            yield Fault(
                "mastodon_extra_env", f"{name} belongs to the role", "Set the mastodon_* variable of that meaning"
            )
        elif value in (None, "", []) and name not in _env.EMPTY_MEANS_SOMETHING:
            yield Fault("mastodon_extra_env", f"{name} is empty, which Mastodon may take for a setting", "Leave it out")
        else:
            yield from _mastodon_connections.unwritable("mastodon_extra_env", str(name), value)


RULES: tuple[Callable[[Mapping[str, Any]], Iterable[Fault]], ...] = (
    platform,
    engine,
    version,
    registry,
    image,
    secret_key_base,
    encryption_keys,
    vapid,
    placeholders,
    owner,
    uid,
    services,
    host_count,
    one_scheduler,
    served_queues,
    sidekiq_names,
    thread_counts,
    temporary_space,
    db_certificate,
    ca_bundle,
    extra_env,
    *_mastodon_connections.RULES,
    *_rules_mastodon_store.RULES,
)
