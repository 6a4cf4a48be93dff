# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Its remaps answer every request with 503 "Host not found" where their backends are not reachable by name.
sed -i 's/^Remap-/# &/' /etc/apt-cacher-ng/acng.conf
# The depot is the one that has a way out; it asks nobody else.
rm /etc/apt/apt.conf.d/50testhost
useradd --system --home-dir /var/mail-sink --create-home --shell /usr/sbin/nologin mail-sink
install -d -m 0750 -o root -g mail-sink /etc/mail-sink
install -d -m 0755 /srv/releases
systemctl enable mail-sink.service no-such-name.service
