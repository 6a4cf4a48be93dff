# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.system.budget`: a further run of site.yml changes nothing and stays within its number of modules.

The number of module executions is what costs an admin's time. Unlike seconds it does not depend on the machine, nor on
the scenarios that run beside this one; how long an admin waits is what a second `make demo` says.
"""

from __future__ import annotations

import sys

from tests.system.runs import run

EXECUTIONS = 60  # for each host


def main() -> int:
    """Run site.yml once more and hold it against the budget."""
    again = run("site", "-vvv")
    count = f"{again.executions()} module executions on {again.hosts()} hosts"
    print(f"site.yml again: {again.changed()} changed, {count}")
    good = again.code == 0 and again.changed() == 0 and 0 < again.executions() <= EXECUTIONS * again.hosts()
    if not good:
        print(again.output[-4000:])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
