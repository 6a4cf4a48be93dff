#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nft_table
short_description: One nftables table that cannot lock you out
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Makes one nftables table of family C(inet) equal to a given text, and keeps the text in a file for the next boot.
    Other tables are never touched, and nothing is ever flushed.
  - The table as the kernel lists it is compared with what the kernel makes of the text in a network namespace of its
    own. So a table that was deleted, and a rule that was added, changed or deleted by hand, are noticed and put right;
    and a text that does not load is refused before anything is changed.
  - The table is replaced in one transaction. Established connections go on.
  - Before a table is loaded, a timer is armed on the host that brings back what was there before. It is disarmed only
    over a B(new) connection from the controller, and only then the file for the next boot is written.
    So rules that cut the controller off, or a controller that dies in between, are undone by the host itself.
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
    details: On a host without C(nft) it reports a change without having checked the text.
  diff_mode:
    support: full
    details: Shows the table as C(nft) lists it.
  idempotent:
    support: full
requirements:
  - nftables 1.0.6 or later
  - C(unshare) and C(flock) of util-linux, systemd
options:
  name:
    description:
      - Name of the table.
    type: str
    required: true
  content:
    description:
      - What stands between the braces of the table, in nft's language.
      - Name interfaces with C(iifname) and C(oifname); only C(lo) exists where the text is tried.
      - A SHA-256 sum of it becomes the comment of the table.
    type: str
    required: true
  path:
    description:
      - The file for the next boot. It loads the table with C(nft -f). Whoever calls this module sees to it that
        it is loaded, before the network.
      - It is only ever written with a text that has been confirmed.
    type: path
    required: true
  lets_in:
    description:
      - What the text lets in, as rules of role P(fediops.mastodon.firewall#role).
      - When it is given and the connection is ssh, a text that would not let the controller in again is refused before
        it is loaded, with the address and the port.
    type: list
    elements: dict
  rollback_seconds:
    description:
      - How long the host waits for the new connection before it goes back.
    type: int
    default: 60
  _step:
    description:
      - What the action asks of the host, one after the other. Leave it out.
    type: str
    choices: [read, load, confirm]
    default: read
  _token:
    description:
      - By what the host knows the run that loaded the table. The action makes it up.
    type: str
    default: ""
notes:
  - Where the connection is not ssh, such as C(local) or C(community.docker.docker), it does not pass the firewall.
    Then a further run of the module confirms the table, and nothing proves that the network lets anybody in.
  - A table that was rolled back fails the task. The result says what happened.
  - An open shared connection of ssh is ended for the proof; a connection plugin that hands back the same connection
    after a reset never confirms anything.
seealso:
  - name: nft
    description: The language of the rules.
    link: https://www.netfilter.org/projects/nftables/manpage.html
"""

EXAMPLES = r"""
- name: Let in ssh and nothing else
  fediops.mastodon.nft_table:
    name: mine
    path: /etc/mine.nft
    content: |
      chain input {
          type filter hook input priority filter; policy drop;
          iif "lo" accept
          ct state established,related accept
          meta l4proto { icmp, icmpv6 } accept
          tcp dport 22 accept
      }
    lets_in:
      - {direction: in, protocol: tcp, ports: [22]}
"""

RETURN = r"""
pending:
  description: Whether a table waits to be confirmed. False unless a run was killed less than O(rollback_seconds) ago.
  returned: success
  type: bool
  sample: false
rolled_back:
  description: Whether the host has gone back to what was there before.
  returned: when the new table was not confirmed
  type: bool
  sample: true
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _nft

# First the tables that the text made, on one line, then the one that it should have made. Nothing of it reaches the
# host: the namespace ends with the shell.
TRY = 'nft -f - && nft list tables | tr "\\n" ";" && echo && nft -s list table inet "$1"'


class Table:
    """One table of the host, its file, and the timer that undoes its change."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.name: str = module.params["name"]
        self.file = Path(module.params["path"])
        self.state = Path("/run/nft_table") / self.name
        self.token = self.state / "token"
        self.text = _nft.document(self.name, module.params["content"])

    def found(self) -> _nft.State:
        """Return what there is."""
        code, out, err = self._run(["nft", "-s", "list", "table", "inet", self.name])
        if code != 0 and "No such file" not in err:
            self.module.fail_json(msg=f"nft does not list the table: {err.strip()}. Nothing was changed.")
        file = self.file.read_text(encoding="utf-8") if self.file.exists() else None
        return _nft.State(out if code == 0 else None, file, self.token.exists())

    def wanted(self) -> _nft.State:
        """Return what there shall be: what the kernel makes of the text where it does no harm."""
        listing, error = self._try(self.text)
        if listing is None:
            self.module.fail_json(msg=f"content is not right: {error}\nNothing was changed.")
        return _nft.State(listing, self.text)

    def load(self, token: str, seconds: int) -> None:
        """Load the table, with its way back prepared. Whatever moment this is killed at, a timer that counts runs."""
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            # A table that nobody has confirmed is not worth going back to: then what was before it stays the goal.
            if not self.token.exists():
                self._write(self.state / "before.nft", self._before())
            self._write(self.state / "rollback", _nft.ROLLBACK.format(state=self.state, name=self.name))
            self._arm(token, seconds)
            # From here on the timers of killed runs are void, and the new one counts.
            self._write(self.token, token)
            code, _out, err = self._run(["nft", "-f", "-"], self.text)
            if code != 0:
                self.token.unlink()
                self._disarm(token)
                self.module.fail_json(msg=f"nft refused the table: {err.strip()}. Nothing was changed.")

    def confirm(self, token: str) -> bool:
        """Make the loaded table the one that stays, unless it is too late for that."""
        with self._locked():
            if not self.token.exists() or self.token.read_text(encoding="utf-8") != token:
                return False
            if self.found().listing != self.wanted().listing:
                self.module.fail_json(msg="Somebody else has changed the table since it was loaded a moment ago.")
            # All that may fail comes first; a run that is killed between the next two is finished by another run.
            new = self._write(self.file.with_name(f".{self.file.name}.new"), self.text)
            self.token.unlink()
            new.replace(self.file)
            self._disarm(token)
            return True

    def _before(self) -> str:
        """Return what brings back what there is now."""
        found = self.found()
        if found.listing is None:
            return _nft.restoring(self.name, None)
        # nft does not read all that it lists, so the text that made the table is better, if it did.
        texts = (found.file, _nft.restoring(self.name, found.listing))
        right = [text for text in texts if text and self._try(text)[0] == found.listing]
        if not right:
            self.module.fail_json(
                msg=f"The table inet {self.name} that is there now could not be brought back: nft does not read what it"
                f" lists. Nothing was changed. Delete it by hand: nft delete table inet {self.name}"
            )
        return right[0]

    def _try(self, text: str) -> tuple[str | None, str]:
        """Return the table that a text makes, or None and what is wrong with it."""
        code, out, err = self._run(["unshare", "--net", "--", "sh", "-c", TRY, "sh", self.name], text)
        tables, _end, listing = out.partition("\n")
        if code != 0:
            return None, err.strip()
        return (
            (listing, "") if tables == f"table inet {self.name};" else (None, f"it makes more than its table: {tables}")
        )

    def _unit(self, token: str) -> str:
        return f"nft-table-{self.name}-{token}"

    def _arm(self, token: str, seconds: int) -> None:
        script = ["/bin/sh", str(self.state / "rollback"), token]
        timer = ["--collect", "--quiet", f"--on-active={seconds}s", "--timer-property=AccuracySec=100ms"]
        self._run(
            ["systemd-run", f"--unit={self._unit(token)}", f"--description=Undo table {self.name}", *timer, *script],
            check_rc=True,
        )

    def _disarm(self, token: str) -> None:
        # It would do nothing any more. What counts is that the token is gone.
        self._run(["systemctl", "stop", f"{self._unit(token)}.timer"])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.state / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, path: Path, text: str) -> Path:
        """Write a file that only root reads; it is all there or not at all, also after a power cut."""
        new = path.with_name(f"{path.name}.tmp")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return new.replace(path)

    def _run(self, command: list[str], text: str | None = None, check_rc: bool = False) -> tuple[int, str, str]:
        code, out, err = self.module.run_command(
            command,
            data=text,
            binary_data=True,
            check_rc=check_rc,
            path_prefix="/usr/sbin",  # not every way to become root looks there
            environ_update={"LC_ALL": "C.UTF-8"},
        )
        return code, out, err


def read(table: Table) -> dict[str, Any]:
    """Tell what there is and what there shall be, without changing anything."""
    found, wanted = table.found(), table.wanted()
    return {
        "changed": found != wanted,
        "pending": found.pending,
        "existed": found.listing is not None,
        "diff": {
            "before_header": f"table inet {table.name}",
            "after_header": f"table inet {table.name}",
            "before": found.listing or "",
            "after": wanted.listing,
        },
    }


def main() -> None:
    """Do the step that the action asks for."""
    module = AnsibleModule(
        argument_spec={
            **_nft.ARGUMENTS,
            "_step": {"type": "str", "choices": list(_nft.STEPS), "default": "read"},
            "_token": {"type": "str", "default": "", "no_log": False},
        },
        supports_check_mode=True,
    )
    options = module.params
    problem = _nft.problem(options["name"], options["content"])
    if problem:
        module.fail_json(msg=f"{problem}. Nothing was changed.")
    table = Table(module)
    if module.get_bin_path("nft", required=not module.check_mode) is None:
        module.exit_json(changed=True, pending=False, existed=False, diff={"before": "", "after": table.text})
    if options["_step"] == "load":
        table.load(options["_token"], options["rollback_seconds"])
        module.exit_json(changed=True)
    if options["_step"] == "confirm":
        module.exit_json(changed=True, confirmed=table.confirm(options["_token"]))
    module.exit_json(**read(table))


if __name__ == "__main__":
    main()
