# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs inside of containers. It is sent there through standard input: standard library only."""
