# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small real application that takes the place of the Mastodon images where no registry answers."""
