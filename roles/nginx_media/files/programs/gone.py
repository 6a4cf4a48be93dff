# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start nginx-media-gone: the service with `serve`, everything else as a command for people."""

from __future__ import annotations

import sys
from pathlib import Path

# -I, which keeps strangers' modules out, leaves this directory out as well; a link leads here.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from media_gone import command

if __name__ == "__main__":
    sys.exit(command.main(sys.argv[1:]))
