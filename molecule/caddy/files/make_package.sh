#!/bin/sh
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Make a package out of the Caddy that runs, in the way of the Caddy project's own, and an apt source that has it.
set -eu
source=$1 tree=$1/caddy own=$1/own
version=$(caddy version | sed 's/^v//; s/ .*//')
architecture=$(dpkg --print-architecture)
mkdir -p "$tree/DEBIAN" "$tree/usr/bin" "$tree/etc/caddy" "$tree/lib/systemd/system" "$own"
cp --dereference /usr/local/bin/caddy "$tree/usr/bin/caddy"
cp --dereference /usr/local/bin/caddy "$own/caddy"
# Each of these would take ours' place if it could.
echo ':80 { respond "a stranger" }' >"$tree/etc/caddy/Caddyfile"
echo /etc/caddy/Caddyfile >"$tree/DEBIAN/conffiles"
printf '[Service]\nExecStart=/usr/bin/caddy run --config /etc/caddy/Caddyfile\n' >"$tree/lib/systemd/system/caddy.service"
printf '#!/bin/sh\nsystemctl daemon-reload\ndeb-systemd-invoke restart caddy.service\n' >"$tree/DEBIAN/postinst"
chmod 0755 "$tree/DEBIAN/postinst"
cat >"$tree/DEBIAN/control" <<END
Package: caddy
Version: $version
Architecture: $architecture
Maintainer: Nobody <nobody@localhost>
Description: Caddy as a package
END
dpkg-deb --build --root-owner-group -Znone "$tree" "$source/caddy.deb"
cat "$tree/DEBIAN/control" - >"$source/Packages" <<END
Filename: ./caddy.deb
Size: $(stat --format %s "$source/caddy.deb")
SHA256: $(sha256sum "$source/caddy.deb" | cut -d ' ' -f 1)
END
echo "deb [trusted=yes] file:$source ./" >/etc/apt/sources.list.d/caddy-own.list
apt-get update -o Dir::Etc::sourcelist=/etc/apt/sources.list.d/caddy-own.list -o Dir::Etc::sourceparts=- \
  -o APT::Get::List-Cleanup=0
