#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: server_certificate
short_description: Give a server a key and a certificate of its own, and renew them in time
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Makes a key, which never leaves the host, and a certificate of its own for some names. Clients trust the
    certificate itself; no authority takes part.
  - When a quarter of its time is left, a successor is made beside it, and RV(trusted) holds both. When an eighth is
    left, a further run puts the successor to use. So clients that get RV(trusted) with each run are never cut off.
  - A certificate that has ended, has other names, or does not belong to the key is replaced at once.
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
    details: A certificate that would be made is not there yet, so RV(trusted) lacks it.
  diff_mode:
    support: none
    details: The return value RV(action) says what happened.
  idempotent:
    support: full
    details: A run that was killed is finished by the next one.
requirements:
  - openssl
options:
  path:
    description:
      - The directory, which exists and belongs to root. The module keeps C(public.crt), C(private.key) and
        C(trusted.crt) in it, and at times the successor.
    type: path
    required: true
  names:
    description: Host names and IP addresses under which clients reach the server.
    type: list
    elements: str
    required: true
  owner:
    description: The user that reads the key, and nobody else does.
    type: str
    default: root
  days:
    description: How long a certificate is valid.
    type: int
    default: 3650
"""

EXAMPLES = r"""
- name: Let the store prove who it is
  fediops.mastodon.server_certificate:
    path: /etc/minio/certs
    names: [10.235.0.1, s3.example.org]
    owner: minio
  register: certificate
"""

RETURN = r"""
action:
  description:
    - V(keep), V(make), V(announce) a successor, or V(switch) to it.
    - The server must read its files again after V(make) and V(switch).
  returned: success
  type: str
  sample: keep
trusted:
  description: PEM text of all certificates that clients should trust, also in C(trusted.crt).
  returned: success
  type: str
"""

import os
import pwd
import stat
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fediops.mastodon.plugins.module_utils import _certificates


class Pair:
    """A certificate and its key, as two files."""

    def __init__(self, module: AnsibleModule, certificate: str, key: str) -> None:
        """Nothing is read yet."""
        folder = Path(module.params["path"])
        self.module, self.certificate, self.key = module, folder / certificate, folder / key

    def good(self) -> _certificates.Certificate | None:
        """Return the certificate when it can be shown today."""
        return self.with_key(self.key)

    def with_key(self, key: Path) -> _certificates.Certificate | None:
        """Return the certificate when it can be shown today with some key."""
        if not (self.certificate.is_file() and key.is_file()):
            return None
        asked = ["x509", "-in", str(self.certificate), "-noout", "-enddate", "-ext", "subjectAltName", "-pubkey"]
        found = _certificates.parse(self.openssl(*asked))
        public = _certificates.parse_key(self.openssl("pkey", "-in", str(key), "-pubout"))
        return found if found and found.serves(self.module.params["names"], public, time.time()) else None

    def make(self) -> None:
        """Make both; each gets its name when it is whole."""
        options = self.module.params
        part = [file.with_name(f".{file.name}") for file in (self.key, self.certificate)]
        names = ",".join(map(_certificates.subject, options["names"]))
        self.openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"),
            *("-days", str(options["days"]), "-subj", "/CN=server"),
            *(word for extension in (f"subjectAltName={names}", *EXTENSIONS) for word in ("-addext", extension)),
            *("-keyout", str(part[0]), "-out", str(part[1])),
            check=True,
        )
        # OpenSSL has made the key 0600 and root's; whom it is for is seen to afterwards.
        part[1].chmod(0o644)
        for file, target in zip(part, (self.key, self.certificate)):
            file.replace(target)

    def openssl(self, *words: str, check: bool = False) -> str:
        """Return what OpenSSL says; no secret is in its words or its output."""
        program = self.module.get_bin_path("openssl", required=True)
        _code, out, _err = self.module.run_command([program, *words], check_rc=check)
        return str(out)

    def belongs_to(self, uid: int) -> bool:
        """Tell whether the key is that user's and nobody else's."""
        found = self.key.stat()
        return found.st_uid == uid and stat.S_IMODE(found.st_mode) == 0o600

    def give_to(self, uid: int) -> None:
        """Let that user read the key, and nobody else."""
        self.key.chmod(0o600)
        os.chown(self.key, uid, -1)


# What it may be used for: to be a server, and never to sign another certificate.
EXTENSIONS = ("basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth")


def finish(shown: Pair, successor: Pair) -> None:
    """Put the successor to use: first its key, whose absence tells the next run to go on after a kill in between."""
    if successor.key.exists():
        successor.key.replace(shown.key)
    os.utime(successor.certificate)  # whoever restarts the server looks at its time
    successor.certificate.replace(shown.certificate)


def publish(pairs: tuple[Pair, ...], bundle: Path, check_mode: bool) -> tuple[str, bool]:
    """Write what clients should trust; return it, and whether the file was another one."""
    present = [pair.certificate for pair in pairs if pair.certificate.is_file()]
    trusted = "".join(file.read_text(encoding="ascii") for file in present)
    if bundle.is_file() and bundle.read_text(encoding="ascii") == trusted:
        return trusted, False
    if not check_mode:
        part = bundle.with_name(f".{bundle.name}")
        part.write_text(trusted, encoding="ascii")
        part.chmod(0o644)
        part.replace(bundle)
    return trusted, True


def apply(module: AnsibleModule) -> dict[str, Any]:
    """Look, decide, act."""
    options = module.params
    shown, successor = Pair(module, "public.crt", "private.key"), Pair(module, "next.crt", "next.key")
    found = shown.good()
    # After a kill in the middle of a switch the key of the successor has its new name already.
    following = successor.good() or (None if found else successor.with_key(shown.key))
    ends = [pair.ends if pair else None for pair in (found, following)]
    action = _certificates.decide(ends[0], ends[1], options["days"], time.time())
    if not module.check_mode:
        if action == "make":
            shown.make()
            for file in (successor.certificate, successor.key):
                file.unlink(missing_ok=True)
        elif action == "announce":
            successor.make()
        elif action == "switch":
            finish(shown, successor)
    trusted, changed = publish((shown, successor), Path(options["path"]) / "trusted.crt", module.check_mode)
    for pair in (shown, successor):
        if pair.key.exists() and not pair.belongs_to(pwd.getpwnam(options["owner"]).pw_uid):
            changed = True
            if not module.check_mode:
                pair.give_to(pwd.getpwnam(options["owner"]).pw_uid)
    return {"changed": changed or action != "keep", "action": action, "trusted": trusted}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
            "owner": {"type": "str", "default": "root"},
            "days": {"type": "int", "default": 3650},
        },
        supports_check_mode=True,
    )
    if not module.params["names"]:
        module.fail_json(msg="names is empty: a certificate without a name proves nothing")
    module.exit_json(**apply(module))


if __name__ == "__main__":
    main()
