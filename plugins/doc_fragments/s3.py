# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the S3 modules reach a store."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the connection; the argument spec is in plugins/module_utils/_s3.py."""

    DOCUMENTATION = r"""
notes:
  - The module runs on a host that reaches the store, not on the controller. The secret key travels in the module's
    input and is never part of a command line.
requirements:
  - boto3 (C(python3-boto3) on Debian)
attributes:
  action_group:
    description: Use C(group/fediops.mastodon.s3) in C(module_defaults) to set the connection once for all modules
      of the group.
    support: full
    membership:
      - fediops.mastodon.s3
options:
  store_kind:
    description:
      - What the store is; V(minio) stands for its forks such as silo, too.
      - A feature which such a store is known not to have is not even asked for. Whatever is not known the store itself
        is asked, so that V(other) does for all of them.
    type: str
    choices: [minio, aws, b2, r2, wasabi, garage, seaweedfs, ceph, versity, other]
    default: other
  endpoint_url:
    description:
      - Address of the store with its scheme, and its port if that is not the scheme's own.
      - For example V(http://127.0.0.1:9000), or V(https://s3.eu-central-1.amazonaws.com).
    type: str
    required: true
  access_key:
    description: Name of the key that the module uses. For a MinIO of your own this is the root user.
    type: str
    required: true
  secret_key:
    description: Secret of O(access_key).
    type: str
    required: true
  region:
    description: Region that requests are signed for. A wrong region makes a store refuse every request.
    type: str
    default: us-east-1
  path_style:
    description:
      - V(true) puts the bucket into the path (C(https://s3.example.org/bucket/key)); every self-hosted store
        understands this.
      - V(false) puts it into the host name (C(https://bucket.s3.example.org/key)).
    type: bool
    default: true
  validate_certs:
    description: Whether the store's TLS certificate is verified. Turn it off for nothing but tests.
    type: bool
    default: true
  ca_bundle:
    description: File on the host with the PEM certificates that the store's certificate is verified against.
      The system's certificates are used when it is not set.
    type: path
  connect_timeout:
    description: Seconds to wait for a connection.
    type: int
    default: 5
  read_timeout:
    description: Seconds to wait for an answer.
    type: int
    default: 30
"""
