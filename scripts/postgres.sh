#!/usr/bin/env bash
# A private PostgreSQL with PostGIS for tests and benches.
#
#   scripts/postgres.sh start DIR   starts it with its data in DIR and prints its address
#   scripts/postgres.sh stop DIR    stops it and removes DIR
#
# It listens on 127.0.0.1 on a free port and is the caller's own: as root it runs as user postgres, otherwise as whoever
# calls. Needs the Debian packages postgresql and postgresql-15-postgis-3 (scripts/test.sh installs them).
set -euo pipefail

action=${1:?start or stop}
dir=${2:?a folder for the data}
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "PostgreSQL is not installed (Debian packages postgresql postgresql-15-postgis-3)" >&2; exit 1; }

as_owner() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

case $action in
start)
    mkdir -p "$dir"
    [ "$(id -u)" != 0 ] || chown postgres "$dir"
    as_owner "$bin/initdb" -D "$dir/data" -U hiroba -A trust -E UTF8 --locale=C >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; exit 1; }
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    as_owner tee -a "$dir/data/postgresql.conf" >/dev/null <<CONF
port = $port
listen_addresses = '127.0.0.1'
unix_socket_directories = '$dir'
max_connections = 300
shared_buffers = 512MB
max_wal_size = 4GB
${HIROBA_POSTGRES_CONF:-}
CONF
    as_owner "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/log" -w start >/dev/null ||
        { cat "$dir/data/log" >&2; exit 1; }
    psql() { "$bin/psql" -h 127.0.0.1 -p "$port" -U hiroba -q -v ON_ERROR_STOP=1 "$@"; }
    psql -d postgres -c "create database hiroba_template"
    psql -d hiroba_template -c "create extension postgis"
    psql -d postgres -c "alter database hiroba_template is_template true"
    echo "postgres://hiroba@127.0.0.1:$port/postgres"
    ;;
stop)
    [ ! -d "$dir/data" ] || as_owner "$bin/pg_ctl" -D "$dir/data" -m fast stop >/dev/null 2>&1 || true
    rm -rf "$dir"
    ;;
*)
    echo "start or stop?" >&2
    exit 2
    ;;
esac
