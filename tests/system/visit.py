# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.visit [leaks]`: tests.e2e on the instance of the test bed; `leaks` searches its first run."""

from __future__ import annotations

import subprocess
import sys

from tests.system.kill import FOLDER
from tests.system.runs import ROOT, describe


def main() -> int:
    """Hand over to tests.e2e."""
    what = ["leaks", str(FOLDER)] if "leaks" in sys.argv[1:] else []
    return subprocess.run(
        [sys.executable, "-m", "tests.e2e", "--demo", str(describe()), *what], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
