# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.bench NAME`: run one of the modules beside this file, which say what they measure."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def main() -> int:
    """Hand over to the module of that name."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        print(f"usage: python -m tests.bench {'|'.join(NAMES)}")
        return 2
    name = sys.argv.pop(1)
    return int(importlib.import_module(f"tests.bench.{name}").main())


if __name__ == "__main__":
    sys.exit(main())
