# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers as hosts: what the demo, Molecule and people use to get Debian machines with systemd in seconds."""
