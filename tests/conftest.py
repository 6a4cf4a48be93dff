# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make ``ansible_collections.fediops.mastodon`` importable from this checkout, the way Ansible itself finds it."""

from __future__ import annotations

from pathlib import Path

from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder

ROOT = Path(__file__).resolve().parent.parent
# A folder above the checkout where it appears as ansible_collections/fediops/mastodon; the Makefile makes the link.
COLLECTIONS = ROOT / ".ansible" / "collections"

if AnsibleCollectionConfig.collection_finder is None:
    _AnsibleCollectionFinder(paths=[str(COLLECTIONS)])._install()
