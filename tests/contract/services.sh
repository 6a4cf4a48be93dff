#!/bin/bash
# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What the application needs around it, with passwords that are used nowhere else. Runs as root in a container of its own.
set -euo pipefail

postgres=$(echo /usr/lib/postgresql/*/bin)
data=/var/lib/postgresql/contract
install --directory --owner=postgres /run/postgresql
runuser --user postgres -- "$postgres/initdb" --pgdata="$data" --auth=scram-sha-256 --auth-local=trust \
  --encoding=UTF8 --locale=C.UTF-8 > /dev/null
echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
# Nothing in here outlives the run, so nothing needs to reach the disk.
runuser --user postgres -- "$postgres/pg_ctl" --pgdata="$data" --wait start \
  --options='-c listen_addresses=* -c fsync=off' > /dev/null
psql --quiet --username=postgres --command="CREATE ROLE mastodon LOGIN PASSWORD 'contract'"

redis-server - <<'CONFIGURATION'
bind 0.0.0.0
save ""
databases 64
daemonize yes
user default off
user mastodon on >contract ~* &* +@all -@dangerous +info
CONFIGURATION

if command -v minio > /dev/null; then
  MINIO_ROOT_USER=contract MINIO_ROOT_PASSWORD=contract minio server --quiet --address=:9000 /var/lib/contract-minio &
fi

touch /run/contract-ready
exec sleep infinity
