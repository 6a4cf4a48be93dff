# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SCRAM-SHA-256 verifiers, the form in which PostgreSQL keeps passwords. PRIVATE to the collection.

Making them on the controller keeps clear passwords off the database host: out of SQL, out of its log, and out of
pg_stat_statements, which remembers the text of ALTER ROLE. Passwords are printable ASCII (the rules of the role see to
it), so SASLprep (RFC 4013) would leave them as they are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

# PostgreSQL's own default for scram_iterations and for the salt's length.
ITERATIONS = 4096
SALT_BYTES = 16

_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")


def verifier(password: str, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """Return the verifier of a password; a random salt is taken when none is given."""
    if salt is None:
        salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def matches(password: str, known: str | None) -> bool:
    """Tell whether a verifier, as read from pg_authid, is the one of this password."""
    parts = _VERIFIER.fullmatch(known or "")
    if parts is None:
        return False
    iterations = int(parts[1])
    try:
        salt = base64.b64decode(parts[2], validate=True)
    except ValueError:
        return False
    if iterations < 1 or not salt:
        return False
    return hmac.compare_digest(verifier(password, salt, iterations), parts[0])


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
