# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we believe of Mastodon, and the proof of it on any pair of images."""
