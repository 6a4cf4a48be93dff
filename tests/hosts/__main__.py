# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.hosts``."""

from __future__ import annotations

import sys

from tests.hosts.cli import main

sys.exit(main())
