# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types and required values of a role, checked before any role runs. PRIVATE to the collection.

Ansible checks a role's argument specification when the role starts. That is too late for the last role of a play: by
then the others have changed their hosts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault


def _is_secret(option: Mapping[str, Any]) -> bool:
    return bool(option.get("no_log")) or any(_is_secret(inner) for inner in (option.get("options") or {}).values())


def spec_faults(
    options: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any], unknown: Collection[str], host: str
) -> Iterator[Fault]:
    """Yield what breaks the specification. Unknown are the names whose values could not be computed."""
    # Defaults in a specification are documentation, often a template; the true ones are among the values.
    spec = {
        name: {key: part for key, part in option.items() if key != "default"}
        for name, option in options.items()
        if name not in unknown
    }
    result = ArgumentSpecValidator(spec).validate({name: values[name] for name in spec if name in values})
    for message in result.error_messages:
        named = [name for name in spec if re.search(rf"\b{re.escape(name)}\b", message)]
        for name in named:
            if message.startswith("missing required arguments") and name not in values:
                yield Fault(name, "it is not set", "Set it; the role has no default for it", host)
            elif _is_secret(spec[name]):
                # Ansible's message may quote the value.
                yield Fault(name, "it has not the form that the role's documentation asks for", "Correct it", host)
            elif message.startswith(f"argument '{name}' is of type"):
                yield Fault(name, f"it is not of type {spec[name].get('type', 'str')}", "Correct it", host)
            else:
                yield Fault(name, message, "Correct it, see the role's documentation", host)
