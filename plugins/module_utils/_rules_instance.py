# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules that look at a whole inventory. PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _rules_instance_domains,
    _rules_instance_hosts,
    _rules_instance_media,
    _rules_instance_names,
    _rules_instance_network,
    _rules_instance_sites,
    _rules_instance_tiers,
)
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import InventoryRule

RULES: tuple[InventoryRule, ...] = (
    *_rules_instance_domains.RULES,
    *_rules_instance_names.RULES,
    *_rules_instance_tiers.RULES,
    *_rules_instance_network.RULES,
    *_rules_instance_media.RULES,
    *_rules_instance_sites.RULES,
    *_rules_instance_hosts.RULES,
)
