# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Makefile's targets do: demo, test, prove, lint, docs."""
