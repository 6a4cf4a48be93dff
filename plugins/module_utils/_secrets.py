# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets of an instance: which there are, how they are made, how a bad one is told from a good one.

PRIVATE to the collection: no other code may rely on it.
No function here puts a secret's value into a message.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Callable

try:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:  # ansible-core needs it too, so a controller has it; a managed host may not, and never comes here
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

Draw = Callable[[str, int], str]
"""Draws as many characters from an alphabet: at random, or for a placeholder from the secret's name."""

HEX = "0123456789abcdef"
ALPHANUMERIC = string.ascii_letters + string.digits
READABLE = "".join(c for c in ALPHANUMERIC if c not in "0O1lI")  # people type the owner's password
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# What can be written unquoted into an env file, an ACL file and a YAML file alike.
_SAFE = r"[A-Za-z0-9_=-]"
# A foreign S3 provider or an older instance chose these: any visible character but quotes and the backslash.
_FOREIGN = r"[!#-&(-\[\]-~]"
_PLACEHOLDER = re.compile(
    r"change[_-]?me|do[_-]?not[_-]?use|placeholder|example|replace[_-]?(me|this)|your[_-]|<.*>", re.IGNORECASE
)


@dataclass(frozen=True)
class Kind:
    """One secret: how it looks, how it is made, and what it is called in a Mastodon env file."""

    name: str
    alphabet: str
    length: int
    pattern: str
    shape: str  # the pattern in words
    env: str = ""
    durable: bool = False  # never rotated: the database holds data that only this value can read
    fingerprint: bool = False  # always drawn at random, so that a short hash of it tells nothing


def _key(name: str, env: str, alphabet: str, length: int, minimum: int, *, durable: bool) -> Kind:
    shape = f"at least {minimum} characters, only letters, digits and _ = -"
    return Kind(name, alphabet, length, rf"{_SAFE}{{{minimum},256}}", shape, env, durable, fingerprint=True)


def _password(name: str, env: str = "", length: int = 40) -> Kind:
    return Kind(
        name,
        ALPHANUMERIC,
        length,
        rf"{_FOREIGN}{{12,128}}",
        "12 to 128 visible characters without quotes and backslashes",
        env,
    )


_ENCRYPTION = "active_record_encryption_"
PRIVATE_KEY, PUBLIC_KEY = "vapid_private_key", "vapid_public_key"
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _key("secret_key_base", "SECRET_KEY_BASE", HEX, 128, 64, durable=False),
        *(
            _key(f"{_ENCRYPTION}{part}", f"{_ENCRYPTION}{part}".upper(), ALPHANUMERIC, 32, 32, durable=True)
            for part in ("primary_key", "deterministic_key", "key_derivation_salt")
        ),
        # The pair is made by vapid_pair(); alphabet and length do not describe it.
        Kind(
            PRIVATE_KEY,
            "",
            0,
            r"[A-Za-z0-9_-]{40,43}=?",
            "a P-256 key of 32 bytes in URL-safe base64",
            PRIVATE_KEY.upper(),
            fingerprint=True,
        ),
        Kind(
            PUBLIC_KEY,
            "",
            0,
            r"[A-Za-z0-9_-]{87}=?",
            "an uncompressed P-256 point of 65 bytes in URL-safe base64",
            PUBLIC_KEY.upper(),
            fingerprint=True,
        ),
        _password("database_password", "DB_PASS"),
        _password("redis_password", "REDIS_PASSWORD"),
        Kind("s3_root_user", ALPHANUMERIC, 20, rf"{_SAFE}{{3,64}}", "3 to 64 letters, digits and _ = -"),
        _password("s3_root_password"),
        Kind(
            "s3_access_key",
            string.ascii_uppercase + string.digits,
            20,
            rf"{_SAFE}{{3,128}}",
            "3 to 128 letters, digits and _ = -",
            "AWS_ACCESS_KEY_ID",
        ),
        _password("s3_secret_key", "AWS_SECRET_ACCESS_KEY"),
        # As it is in a header, in the app's env file and at the media host. Never imported: both ends are ours.
        Kind(
            "cache_buster_secret",
            ALPHANUMERIC,
            40,
            rf"{_SAFE}{{16,128}}",
            "16 to 128 letters, digits and _ = -",
        ),
        _password("media_database_password"),
        # Mastodon hashes with bcrypt, which ignores what follows the 72nd byte.
        Kind(
            "owner_password",
            READABLE,
            24,
            rf"{_FOREIGN}{{12,72}}",
            "12 to 72 visible characters without quotes and backslashes",
        ),
    )
}


def names_to_rotate(names: Iterable[str]) -> list[str]:
    """Return the names with their partners: the two halves of the VAPID pair are only ever made together."""
    wanted = set(names)
    if wanted & {PRIVATE_KEY, PUBLIC_KEY}:
        wanted |= {PRIVATE_KEY, PUBLIC_KEY}
    return [name for name in KINDS if name in wanted]


def random_draw(alphabet: str, length: int) -> str:
    """Draw from the operating system's source of randomness."""
    return "".join(secrets.choice(alphabet) for _place in range(length))


def _named_draw(name: str) -> Draw:
    def draw(alphabet: str, length: int) -> str:
        stream = hashlib.shake_256(f"fediops.mastodon check mode {name}".encode()).digest(length)
        return "".join(alphabet[byte % len(alphabet)] for byte in stream)

    return draw


def vapid_pair(scalar: int) -> dict[str, str]:
    """Return both halves of the pair in the exact form that Mastodon's own generator prints."""
    public = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {
        PRIVATE_KEY: base64.urlsafe_b64encode(scalar.to_bytes(32, "big")).decode(),
        PUBLIC_KEY: base64.urlsafe_b64encode(point).decode(),
    }


def generate(names: Iterable[str]) -> dict[str, str]:
    """Make new values; what chance makes look like a placeholder is drawn again."""
    made: dict[str, str] = {}
    for name in names:
        if name in (PRIVATE_KEY, PUBLIC_KEY):
            if name not in made:
                made.update(vapid_pair(1 + secrets.randbelow(P256_ORDER - 1)))
            continue
        made[name] = random_draw(KINDS[name].alphabet, KINDS[name].length)
        while value_problem(name, made[name]):
            made[name] = random_draw(KINDS[name].alphabet, KINDS[name].length)
    return made


def placeholder(name: str) -> str:
    """Return a well-formed value that is no secret, for a check of a play whose store does not exist yet."""
    draw = _named_draw(name)
    if name in (PRIVATE_KEY, PUBLIC_KEY):
        return vapid_pair(int(_named_draw("vapid")(HEX, 62), 16) + 1)[name]
    return draw(KINDS[name].alphabet, KINDS[name].length)


def fingerprints(values: Mapping[str, str]) -> dict[str, str]:
    """Return what tells two values apart without telling them; only for values too long to be guessed."""
    return {
        name: hashlib.sha256(f"fediops.mastodon {name} {values[name]}".encode()).hexdigest()[:12]
        for name, kind in KINDS.items()
        if kind.fingerprint and name in values
    }


def value_problem(name: str, value: object) -> str:
    """Return what is wrong with one value, or an empty string."""
    kind = KINDS[name]
    if value is None or (isinstance(value, str) and not value.strip()):
        return "is blank"
    if not isinstance(value, str):
        return f"is not text but a {type(value).__name__}; put it in quotes"
    if _PLACEHOLDER.search(value) or len(set(value)) < min(4, len(value)):
        return "is a placeholder, not a secret"
    if not re.fullmatch(kind.pattern, value):
        return f"is malformed: expected {kind.shape}"
    # Last, because it costs a little: the values of a dry run are public.
    if value == placeholder(name):
        return "is the public placeholder of a check run, not a secret"
    return ""


def _decoded(value: str) -> bytes:
    return base64.urlsafe_b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4))


def pair_problem(private: str, public: str) -> str:
    """Return why the two halves of a VAPID pair do not belong together, or an empty string."""
    scalar = int.from_bytes(_decoded(private), "big")
    if not 0 < scalar < P256_ORDER:
        return f"{PRIVATE_KEY} is not a P-256 key"
    # Mastodon accepts both forms, with the padding and without it.
    if vapid_pair(scalar)[PUBLIC_KEY].rstrip("=") != public.rstrip("="):
        return f"{PUBLIC_KEY} does not belong to {PRIVATE_KEY}"
    return ""


def problems(values: Mapping[str, object]) -> list[str]:
    """Return everything that is wrong with a set of secrets, complete or not."""
    found = [f"{name} is not a secret of this collection" for name in values if name not in KINDS]
    good: dict[str, str] = {}
    owner: dict[str, str] = {}
    for name in KINDS:
        if name not in values:
            continue
        value = values[name]
        problem = value_problem(name, value)
        if problem:
            found.append(f"{name} {problem}")
        elif isinstance(value, str):
            good[name] = value
            if value in owner:
                found.append(f"{name} has the same value as {owner[value]}")
            owner.setdefault(value, name)
    if (PRIVATE_KEY in values) != (PUBLIC_KEY in values):
        alone, other = (PRIVATE_KEY, PUBLIC_KEY) if PRIVATE_KEY in values else (PUBLIC_KEY, PRIVATE_KEY)
        found.append(f"{alone} stands alone: {other} is missing")
    elif PRIVATE_KEY in good and PUBLIC_KEY in good:
        problem = pair_problem(good[PRIVATE_KEY], good[PUBLIC_KEY])
        found += [problem] if problem else []
    return found
