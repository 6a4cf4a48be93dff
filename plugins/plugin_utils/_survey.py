# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turning what Ansible knows of an inventory into plain data for the rules. PRIVATE to the collection.

Every value is computed as the plays will compute it: with the host's own variables, the playbook's wiring and the
defaults of the host's roles. Hosts that --limit leaves out are looked at too, as far as that needs no facts.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.template import Templar
from ansible.vars.plugins import get_vars_from_inventory_sources
from ansible_collections.fediops.mastodon.plugins.module_utils._fault import Fault
from ansible_collections.fediops.mastodon.plugins.module_utils._inventory import ROLES, Inventory, Wired
from jinja2 import TemplateError

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core before 2.19 trusts whatever a plugin loads

    def trust_as_template(value: str) -> str:
        """Return the text as it is."""
        return value


COLLECTION = Path(__file__).resolve().parents[2]
PROBE = "preflight_probe"
ALLOWED = "preflight_allowed_names"
STORE = "instance_secrets_file"
OWN = ("private_address", "public_addresses", "admin_address", ALLOWED)
# Not after a word character or a dot: neither __instance_domain nor fediops.mastodon.instance_secret.
_INSTANCE_NAME = re.compile(r"(?<![\w.])instance_[a-z0-9_]+")
_REFERENCE = re.compile(r"(?<![\w.])(?:__)?instance_[a-z0-9_]+")
_UNDEFINED = re.compile(r"'(\w+)' is undefined")


def plain(value: Any) -> Any:
    """Return a copy of a templated value made of plain containers; this forces what the templar left for later."""
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in value}
    if isinstance(value, (list, tuple)):
        return [plain(member) for member in value]
    return value


def template_all(
    templar: Any, variables: Mapping[str, Any], names: Iterable[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Compute variables one by one; return those that worked, and why the others did not."""
    values: dict[str, Any] = {}
    failures: dict[str, str] = {}
    for name in sorted(names):
        try:
            values[name] = plain(templar.template(variables[name]))
        # ansible-core before 2.19 lets Jinja's own errors through, such as that of a filter that does not exist.
        except (AnsibleError, TemplateError) as error:
            failures[name] = str(error.message).strip()
    return values, failures


def failure_faults(failures: Mapping[str, Mapping[str, str]]) -> list[Fault]:
    """Return one fault for each host and cause: a single missing variable usually breaks a dozen others."""
    names: dict[str, set[str]] = {}
    hosts: dict[str, list[str]] = {}
    for host, messages in failures.items():
        for name, message in messages.items():
            names.setdefault(message, set()).add(name)
            hosts.setdefault(message, []).append(host)
    faults: list[Fault] = []
    for message, broken in names.items():
        missing = _UNDEFINED.search(message)
        shown = ", ".join(sorted(broken))
        for host in dict.fromkeys(hosts[message]):
            if missing:
                faults.append(Fault(missing[1], f"it is not set, and {shown} cannot do without it", "Set it", host))
            else:
                faults.append(
                    Fault(shown, f"it cannot be computed: {message}", "Correct the expression, or what it reads", host)
                )
    return faults


def causes(fault: Fault, inventory: Inventory) -> frozenset[str]:
    """Return what a fault of a wired variable may follow from; a fault in any of these has been told already."""
    wired = inventory.wired.get(fault.variable)
    return wired.sources | {fault.variable} if wired else frozenset()


def explained(fault: Fault, inventory: Inventory) -> Fault:
    """Say where a wired variable comes from: nobody can cure what he has not set."""
    wired = inventory.wired.get(fault.variable)
    if not wired:
        return fault
    source = " and ".join(wired.twins) or (
        "the secret store" if wired.secret else "the inventory's groups and addresses"
    )
    return dataclasses.replace(fault, fault=f"{fault.fault} ({wired.place} makes it from {source})")


def _wired_name(name: str, place: str, refers: Mapping[str, set[str]]) -> Wired:
    seen: set[str] = set()
    ahead = [name]
    while ahead:
        fresh = refers.get(ahead.pop(), set()) - seen
        seen |= fresh
        ahead += fresh
    public = frozenset(reference for reference in seen if not reference.startswith("_"))
    # What stands behind __instance_x is set as instance_x; where the store lies is no twin of what it holds.
    direct = {reference.lstrip("_") for reference in refers[name]} & public
    return Wired(place, tuple(sorted(direct - {STORE})), public, secret=STORE in public)


class Survey:
    """One look at everything; made for one task and thrown away."""

    def __init__(self, loader: Any, task_vars: Mapping[str, Any]) -> None:
        self._loader, self._task_vars = loader, task_vars
        self._hostvars = task_vars["hostvars"]
        self._manager = self._hostvars._inventory
        self.groups: dict[str, list[str]] = {name: list(hosts) for name, hosts in task_vars["groups"].items()}
        self.failures: dict[str, dict[str, str]] = {}
        self.facts: dict[str, Mapping[str, Any]] = {}

    def roles(self, host: str) -> list[str]:
        """Return the roles that are applied to a host."""
        return [role for role in ROLES if host in self.groups.get(role, ())]

    def options(self, role: str) -> dict[str, Any]:
        """Return the options of a role's argument specification."""
        specs = self._load(COLLECTION / "roles" / role / "meta" / "argument_specs.yml").get("argument_specs") or {}
        options: dict[str, Any] = (specs.get("main") or {}).get("options") or {}
        return options

    def inventory(self) -> Inventory:
        """Return everything that the rules may look at."""
        hosts: dict[str, dict[str, Any]] = {}
        probes: dict[str, Any] = {}
        silent: dict[str, str] = {}
        for host in dict.fromkeys(host for role in ROLES for host in self.groups.get(role, ())):
            raw = self._hostvars.raw_get(host)
            hosts[host] = self._values(host, raw)
            answer = raw.get(PROBE)
            if isinstance(answer, Mapping) and "probe" in answer:
                probes[host] = plain(answer["probe"])
            elif isinstance(answer, Mapping):
                silent[host] = str(answer.get("msg", ""))
        allowed = {str(name) for values in hosts.values() for name in values.get(ALLOWED) or ()}
        return Inventory(
            groups=self.groups,
            hosts=hosts,
            probes=probes,
            silent=silent,
            set_names=self._set_names(),
            wired=self._wired(),
            known=frozenset(self._known()),
            allowed=frozenset(allowed),
        )

    def _values(self, host: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        roles = self.roles(host)
        context: dict[str, Any] = {}
        for role in roles:
            context.update(self._load(COLLECTION / "roles" / role / "defaults" / "main.yml"))
        context.update(raw)
        for role in roles:
            context.update(self._load(COLLECTION / "roles" / role / "vars" / "main.yml"))
        # Looking is a dry run by nature: where the secrets do not exist yet, placeholders stand in for them.
        context.update(hostvars=self._hostvars, groups=self.groups, ansible_check_mode=True)
        prefixes = ("instance_", *(f"{role}_" for role in roles))
        names = [name for name in context if name.startswith(prefixes) or name in OWN]
        values, self.failures[host] = template_all(Templar(self._loader, context), context, names)
        self.facts[host] = raw.get("ansible_facts") or {}
        return values

    def _load(self, path: Path) -> dict[str, Any]:
        if not path.is_file():
            return {}
        data = self._loader.load(trust_as_template(path.read_text(encoding="utf-8")), file_name=str(path))
        return data if isinstance(data, dict) else {}

    def _playbook_dir(self) -> Path:
        return Path(str(self._task_vars.get("playbook_dir", ".")))

    def _wiring_files(self) -> list[Path]:
        return sorted(
            path
            for path in (self._playbook_dir() / "group_vars").glob("**/*")
            if path.suffix in (".yml", ".yaml") and path.is_file()
        )

    def _wired(self) -> dict[str, Wired]:
        found: dict[str, str] = {}
        refers: dict[str, set[str]] = {}
        for path in self._wiring_files():
            for name, value in self._load(path).items():
                found[name] = str(path.relative_to(self._playbook_dir().parent))
                refers[name] = set(_REFERENCE.findall(str(value)))
        return {name: _wired_name(name, place, refers) for name, place in found.items() if not name.startswith("_")}

    def _instance_names(self) -> set[str]:
        # What the plays and the wiring read is what an admin may set; a list of its own would grow old.
        texts = [
            path.read_text(encoding="utf-8")
            for path in (*self._wiring_files(), *sorted(self._playbook_dir().glob("*.yml")))
        ]
        return {name for text in texts for name in _INSTANCE_NAME.findall(text)}

    def _known(self) -> Iterator[str]:
        yield from self._instance_names()
        yield from OWN
        for role in ROLES:
            yield from self._load(COLLECTION / "roles" / role / "defaults" / "main.yml")
            yield from self.options(role)

    def _set_names(self) -> dict[str, list[str]]:
        """Return what the inventory itself sets, and where. The playbook's own variables do not count."""
        playbook_dir = self._playbook_dir().resolve()
        sources = [source for source in self._manager._sources if source and _directory(source) != playbook_dir]
        found: dict[str, list[str]] = {}
        entities = [
            *((f"group {name}", group) for name, group in self._manager.groups.items()),
            *((f"host {name}", host) for name, host in self._manager.hosts.items()),
        ]
        for place, entity in entities:
            beside = get_vars_from_inventory_sources(self._loader, sources, [entity], "task")
            for name in dict.fromkeys((*entity.vars, *beside)):
                found.setdefault(str(name), []).append(place)
        return found


def _directory(source: str) -> Path | None:
    path = Path(source)
    if not path.exists():  # a list of hosts on the command line
        return None
    return (path if path.is_dir() else path.parent).resolve()
