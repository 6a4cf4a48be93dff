#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_secrets
short_description: Keep the complete set of an instance's secrets in one file on the controller
version_added: 1.0.0
author:
  - fediops contributors (@fediops)
description:
  - Creates the secrets that are missing from the store and changes none that exists.
    The lookup P(fediops.mastodon.instance_secret#lookup) reads them.
  - >-
    The secrets are C(secret_key_base), C(active_record_encryption_primary_key),
    C(active_record_encryption_deterministic_key), C(active_record_encryption_key_derivation_salt),
    C(vapid_private_key), C(vapid_public_key), C(database_password), C(redis_password), C(s3_root_user),
    C(s3_root_password), C(s3_access_key), C(s3_secret_key), C(cache_buster_secret), C(media_database_password) and
    C(owner_password).
  - The store is a flat YAML mapping.
    It is encrypted with Ansible Vault when the run was started with a vault password.
    A store that is not encrypted yet is then encrypted in place; an encrypted one is never decrypted on disk.
  - A store that is damaged or cannot be decrypted is refused and never replaced.
    So are blank, malformed and duplicate values, placeholders, names that are not known,
    and a VAPID pair whose halves do not belong together.
  - The store is written in one step under a lock.
    Whatever kills a run, the store is absent, old or complete afterwards.
  - This is an action that runs on the controller. Use it with C(hosts=localhost), or with C(run_once).
notes:
  - Keep a copy of the store, and of the vault password, apart from the controller.
    Without the encryption keys a backup of the database gives back neither users' second factors nor the accounts'
    signing keys.
  - The store must not be a symbolic link. A mode that lets others read it is corrected to V(0600).
  - Nothing is returned as a fact, since a fact cache would keep it in clear text.
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tell what would change.
    details: Says which secrets would be created; a dry run keeps none of them.
  diff_mode:
    support: full
    description: Returns details on what has changed in diff mode.
    details: Names only, never values.
  idempotent:
    support: partial
    description: A second run changes nothing.
    details: Each run with O(rotate) makes new values for the names given.
options:
  path:
    description:
      - The store. Its directory must exist; a relative path is relative to the playbook.
      - When the inventory is a directory, choose a place outside it or a name that begins with a dot,
        or ansible-core takes the store for an inventory file.
    type: path
    required: true
  vault_id:
    description:
      - Label of the vault password that encrypts a new store, when several are loaded.
      - An encrypted store keeps its label and its password. Use C(ansible-vault rekey) to change them.
      - Without it the configured C(vault_encrypt_identity) counts.
    type: str
  import_env:
    description:
      - The C(.env.production) of an existing instance. Its secrets go into the store under their names here.
      - A value that differs from the one in the store is refused. Blank values count as absent.
    type: path
  rotate:
    description:
      - Secrets to make anew. The two halves of the VAPID pair are always made together.
      - The three encryption keys cannot be rotated, since the database holds data that only they can read.
      - A new V(secret_key_base) logs everyone out; a new VAPID pair silences push notifications until people come back.
    type: list
    elements: str
    default: []
    choices:
      - secret_key_base
      - vapid_private_key
      - vapid_public_key
      - database_password
      - redis_password
      - s3_root_user
      - s3_root_password
      - s3_access_key
      - s3_secret_key
      - cache_buster_secret
      - media_database_password
      - owner_password
seealso:
  - plugin: fediops.mastodon.instance_secret
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Create the secrets that are missing
  fediops.mastodon.instance_secrets:
    path: "{{ instance_secrets_file }}"
  delegate_to: localhost
  run_once: true

- name: Take over an instance that was installed by hand
  fediops.mastodon.instance_secrets:
    path: "{{ instance_secrets_file }}"
    import_env: /root/old-instance/.env.production
  run_once: true

- name: Make a new database password
  fediops.mastodon.instance_secrets:
    path: "{{ instance_secrets_file }}"
    rotate:
      - database_password
  run_once: true
"""

RETURN = r"""
path:
  description: Where the store is.
  returned: success
  type: str
  sample: /home/admin/inventory/.secrets.yml
encrypted:
  description: Whether the store is encrypted with Ansible Vault; in check mode, whether it would be.
  returned: success
  type: bool
  sample: true
created:
  description: Names of the secrets that were made, or would be.
  returned: success
  type: list
  elements: str
  sample: [owner_password]
imported:
  description: Names of the secrets taken from O(import_env).
  returned: success
  type: list
  elements: str
  sample: [secret_key_base]
rotated:
  description: Names of the secrets that have new values.
  returned: success
  type: list
  elements: str
  sample: [database_password]
fingerprints:
  description:
    - Short hashes of the keys, to compare two places without showing a value.
    - Passwords have none, since a short password could be guessed from its hash.
  returned: success
  type: dict
  sample:
    secret_key_base: 5f0d3f1a9c24
"""
