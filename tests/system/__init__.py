# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a whole instance can show: kills, budgets, the built artefact, cuts. Run by scenarios of whole systems."""
