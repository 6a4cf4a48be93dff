# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make ``ansible_collections.fediops.mastodon`` importable from this checkout, the way Ansible itself finds it."""

from __future__ import annotations

from pathlib import Path

from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
# A folder above the checkout where it appears as ansible_collections/fediops/mastodon; the Makefile makes the link.
COLLECTIONS = ROOT / ".ansible" / "collections"

# A deadline for each example measures how busy the machine is.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

if AnsibleCollectionConfig.collection_finder is None:
    _AnsibleCollectionFinder(paths=[str(COLLECTIONS)])._install()
