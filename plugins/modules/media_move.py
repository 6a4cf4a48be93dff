#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: media_move
short_description: Move media to another store while everybody goes on reading them
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Copies what is in several places, buckets or directories, into one bucket, proves every copy, and tells when the old
    places may be given up. The playbook C(fediops.mastodon.media_move) calls it; see C(docs/media-move.md).
  - The task goes on until there is nothing left to copy, and shows how far it is. It may be killed at any moment and
    started again; a unit of the host does the copying meanwhile, also after a restart of the host.
  - A copy is proven when both stores have the same MD5 sum of it, or after both sides have been read and compared.
    What is wrong is copied again, up to three times.
  - Until O(switched), the sources are right, and what was deleted there is deleted at the target. After it, whatever
    the app has changed or deleted at the target stands. What this module has not copied it never overwrites or deletes.
    Nothing is ever written to a source.
extends_documentation_fragment:
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
    details: Lists all places and says what would be copied, compared and deleted. Before boto3 is installed
      it can say nothing.
  diff_mode:
    support: full
    details: Shows the state and the number of objects.
  idempotent:
    support: full
    details: It copies what has come since, if there is anything.
requirements:
  - rclone 1.60 or later
  - boto3 (C(python3-boto3) on Debian)
options:
  from:
    description:
      - The places, in the order in which they are asked for a key that several have. Each has the name of one of
        O(origins), which says where it is, and what else is needed to list it, such as O(from[].access_key).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of one of O(origins).
        type: str
        required: true
      access_key:
        description: Name of a key that may list and read the bucket.
        type: str
      secret_key:
        description: Its secret.
        type: str
      region:
        description: Region of the bucket. That of the endpoint's name, or V(us-east-1), when it is not set.
        type: str
      store_kind:
        description: What the store is. It follows from the endpoint's name at large providers.
        type: str
        choices: [minio, aws, b2, r2, wasabi, garage, seaweedfs, ceph, versity, other]
      endpoint_url:
        description: Where the bucket is listed, if not at the origin's own URL.
        type: str
      bucket:
        description: Name of the bucket, if the origin does not say it.
        type: str
      path_style:
        description: Whether the bucket is part of the path. As the origin says when it is not set.
        type: bool
      prefix:
        description: What stands before the keys, if it is another prefix than the origin's.
        type: str
      directory:
        description: The directory on this host, if it is another than the origin's.
        type: str
      acls:
        description:
          - Whether ACLs of single objects hide something in this bucket, because Mastodon wrote to it with
            C(S3_PERMISSION). Copies of such objects are hidden, too, where O(target.acl) is set. They are not copied
            where it is not, since the policy of the target would show them.
        type: bool
        default: false
  origins:
    description: The old places as P(fediops.mastodon.nginx_media#role) knows them.
    type: list
    elements: dict
    required: true
  target:
    description: The bucket that everything goes to.
    type: dict
    required: true
    suboptions:
      endpoint_url:
        description: Address of the store.
        type: str
        required: true
      bucket:
        description: Name of the bucket, which exists.
        type: str
        required: true
      access_key:
        description: Name of the key.
        type: str
        required: true
      secret_key:
        description: Its secret.
        type: str
        required: true
      region:
        description: Region of the bucket.
        type: str
        default: us-east-1
      store_kind:
        description: What the store is.
        type: str
        choices: [minio, aws, b2, r2, wasabi, garage, seaweedfs, ceph, versity, other]
        default: other
      path_style:
        description: Whether the bucket is part of the path.
        type: bool
        default: true
      tls_ca:
        description: Certificates that the store is known by, if the host does not trust it already.
        type: str
        default: ""
      acl:
        description:
          - The C(S3_PERMISSION) with which Mastodon makes objects public in this store. Then every copy gets it, and
            V(private) what is hidden at its source. Empty where a policy of the bucket says what is public.
        type: str
        choices: ["", public-read]
        default: ""
  only_validate:
    description: Whether to look at the options only, and at no host.
    type: bool
    default: false
  cache:
    description: Whether C(cache/), the copies of other servers' media, is moved, too.
    type: bool
    default: true
  spared:
    description: Keys that are no part of the move, such as that of the canary.
    type: list
    elements: str
    default: []
  switched:
    description: Whether new uploads go to the target. Once true it stays true for this move.
    type: bool
    default: false
  again:
    description: Whether places whose move has ended are looked at once more.
    type: bool
    default: false
  retire:
    description: Whether the places are given up, if nobody has needed them for O(quiet_days).
    type: bool
    default: false
  quiet_days:
    description: Days without a hit after which a place may be given up.
    type: int
    default: 30
  media_hosts:
    description: The media hosts whose counters are written down on this host.
    type: list
    elements: str
    default: []
  max_deletions:
    description: Stop when more than this share of what was copied from a place has been deleted there, in percent.
    type: int
    default: 20
  free_bytes:
    description: Space that the target has; V(-1) when nobody knows.
    type: int
    default: -1
  bandwidth:
    description: Most that is copied in a second, as rclone's C(--bwlimit) has it, such as V(20M). No limit when empty.
    type: str
    default: ""
  transfers:
    description: Objects that are copied at the same time.
    type: int
    default: 8
  wait:
    description: Seconds between two reports of how far it is.
    type: int
    default: 10
seealso:
  - module: fediops.mastodon.bucket
"""

EXAMPLES = r"""
- name: Move everything from a provider to the instance's own store
  fediops.mastodon.media_move:
    from:
      - name: b2
        access_key: "{{ b2_access_key }}"
        secret_key: "{{ b2_secret_key }}"
    origins:
      - name: b2
        url: https://s3.eu-central-003.backblazeb2.com
        bucket: old-media
    target:
      endpoint_url: http://127.0.0.1:9000
      bucket: mastodon-media
      access_key: "{{ s3_access_key }}"
      secret_key: "{{ s3_secret_key }}"
"""

RETURN = r"""
state:
  description: Where the move is.
  returned: success
  type: str
  sample: verified
report:
  description: The same in words, and what to do next.
  returned: success
  type: list
  elements: str
counts:
  description: Objects by what is known of them.
  returned: success
  type: dict
  sample: {proven: 20050, kept: 1}
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fediops.mastodon.plugins.module_utils import (
    _media_move_arguments,
    _media_move_desk,
    _media_move_places,
    _media_move_words,
    _s3,
)
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_books import Books
from ansible_collections.fediops.mastodon.plugins.module_utils._media_move_step import MoveError, Step


def desk_of(module: AnsibleModule) -> _media_move_desk.Desk:
    """Return where the move keeps its files; in check mode a copy of it."""

    def run(argv: Sequence[str]) -> tuple[int, str]:
        code, out, error = module.run_command(list(argv))
        return code, out + error

    if not module.check_mode:
        return _media_move_desk.Desk(run)
    for name in ("state.json", "objects.sqlite", "hits"):
        path = _media_move_desk.DIRECTORY / name
        if path.exists():
            shutil.copy(path, module.tmpdir)
    return _media_move_desk.Desk(run, Path(module.tmpdir))


def places(options: dict[str, Any]) -> tuple[list[_media_move_places.Place], _media_move_places.Place]:
    """Return the sources and the target."""
    sources = [_media_move_places.place(entry, options["origins"]) for entry in options["from"]]
    return sources, _media_move_places.Place(name="target", **options["target"])


def preview(step: Step) -> dict[str, Any]:
    """Say what a real run would do."""
    found = step.preview()
    before = {"state": step.state, **step.counts}
    if found is None:
        return {"changed": False, "diff": {"before": before, "after": before}, "report": [f"State: {step.state}"]}
    left = {
        "copy": found.objects["local"] + found.objects["cache"],
        "compare": found.objects["compare"],
        "delete": len(found.delete),
    }
    size = _media_move_words.size(found.size["local"] + found.size["cache"])
    words = f"Would copy {left['copy']} objects ({size}), compare {left['compare']}, delete {left['delete']}"
    after = {**before, **{f"to {name}": number for name, number in left.items()}}
    return {
        "changed": any(left.values()) or bool(found.notes),
        "diff": {"before": before, "after": after},
        "report": [f"State: {step.state}", words],
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Take one step."""
    desk = desk_of(module)
    if not desk.open(module.params["wait"]):
        waiting = {"_working": True, "_line": "another run is at work on this host; waiting for it"}
        return {"changed": False, "state": desk.record().get("state", "declared"), **waiting}
    os.umask(0o077)
    books = Books(desk.path("objects.sqlite"))
    sources, target = places(module.params)
    step = Step(desk, books, target, sources, module.params)
    before = {"state": step.state, **step.counts}
    if module.check_mode:
        return {"state": step.state, "counts": step.counts, "_working": False, "_line": "", **preview(step)}
    working, line = step.take()
    after = {"state": step.state, **step.counts}
    return {
        "changed": step.changed or before != after,
        "state": step.state,
        "counts": step.counts,
        "report": _media_move_words.report(step.state, step.counts, step.facts()),
        "diff": {"before": before, "after": after},
        "_working": working,
        "_line": line,
    }


def main() -> None:
    """Parse the options and say what happened."""
    module = AnsibleModule(argument_spec=_media_move_arguments.ARGUMENTS, supports_check_mode=True)
    if _s3.BOTO3_ERROR:
        if module.check_mode:
            module.exit_json(changed=True, state="declared", counts={}, report=["boto3 and rclone would be installed"])
        module.fail_json(msg=missing_required_lib("boto3"), exception=_s3.BOTO3_ERROR)
    try:
        result = run(module)
    except (_s3.StoreError, MoveError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
