# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs once inside the new system, after its packages and files are in place.
useradd --create-home --shell /bin/bash admin
install -d -m 0700 -o admin -g admin /home/admin/.ssh
chmod 0440 /etc/sudoers.d/admin
rm -f /etc/ssh/ssh_host_*
: >/etc/machine-id
systemctl enable testhost-ssh-key.service
# No consoles, no kernel file systems of its own, nothing that calls home by timer while a test runs.
systemctl mask getty.target console-getty.service systemd-remount-fs.service dev-hugepages.mount dev-mqueue.mount \
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount \
  systemd-modules-load.service systemd-udevd.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer
