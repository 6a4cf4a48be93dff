#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: s3_round_trip
short_description: See that an S3 store can write, read and delete
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Writes an object of one kilobyte below C(fediops-health/) in a bucket, reads it back, deletes it, and sees that it
    is gone. Fails when any of it goes wrong. A health endpoint may say that all is well when none of it is possible.
  - In a bucket with versions the version is deleted, so nothing stays; the key must be allowed to do that.
extends_documentation_fragment:
  - fediops.mastodon.s3
  - fediops.mastodon.attributes
attributes:
  check_mode:
    support: full
    details: Nothing is written, so nothing is found out either.
  diff_mode:
    support: none
    details: Nothing changes.
  idempotent:
    support: full
    details: Nothing changes.
options:
  bucket:
    description: The bucket, which exists.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: See that the store works
  fediops.mastodon.s3_round_trip:
    endpoint_url: http://127.0.0.1:9000
    access_key: "{{ s3_root_user }}"
    secret_key: "{{ s3_root_password }}"
    bucket: mastodon-media
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.fediops.mastodon.plugins.module_utils import _round_trip, _s3


def main() -> None:
    """Parse the options and say what happened."""
    module = AnsibleModule(
        argument_spec={**_s3.CONNECTION, "bucket": {"type": "str", "required": True}},
        supports_check_mode=True,
    )
    if _s3.BOTO3_ERROR:
        module.fail_json(msg=missing_required_lib("boto3"), exception=_s3.BOTO3_ERROR)
    try:
        if not module.check_mode:
            _round_trip.round_trip(_s3.Store(module.params), module.params["bucket"])
    except _s3.StoreError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
