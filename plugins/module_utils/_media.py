# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is public in Mastodon's bucket, and what is not. PRIVATE to the collection: no other code may rely on it.

This is the only list of public prefixes: the bucket's policy, the media proxy and the acceptance check all read it.
"""

from __future__ import annotations

# Keys are [cache/]CLASS/ATTACHMENT/ID_PARTITION/STYLE/FILE (config/initializers/paperclip.rb and the models);
# cache/ holds re-fetchable copies of remote media, with the same classes below it.
PUBLIC_PREFIXES = (
    "accounts/",
    "cache/",
    "custom_emojis/",
    "media_attachments/",
    "preview_card_providers/",
    "preview_cards/",
    "site_uploads/",
)

# Users' full archives. Mastodon relies on an object ACL to hide them, which most stores ignore: only the policy
# protects them.
PRIVATE_PREFIXES = ("backups/",)

PUBLIC_PREFIXES_OF = {"mastodon": PUBLIC_PREFIXES}

# An object with known bytes; checks read it through the media host to prove store, policy and proxy at once.
# It carries the header that Mastodon gives to its own uploads, so that a proxy which drops it is found out.
CANARY_BODY = b"fediops.mastodon canary: whoever can read this over the media host knows that it works.\n"
CANARY_CACHE_CONTROL = "public, max-age=315576000, immutable"
CANARY_CONTENT_TYPE = "text/plain"


def public_prefixes(software: str) -> list[str]:
    """Return what anybody may read in a software's bucket; a software we do not know raises LookupError."""
    try:
        return list(PUBLIC_PREFIXES_OF[software])
    except (KeyError, TypeError):
        known = ", ".join(PUBLIC_PREFIXES_OF)
        raise LookupError(f"no public prefixes are known for {software!r}; known: {known}") from None


def exposes_private(prefix: str) -> bool:
    """Tell whether making this prefix public would let anybody read something that must stay private."""
    return any(prefix.startswith(private) or private.startswith(prefix) for private in PRIVATE_PREFIXES)
