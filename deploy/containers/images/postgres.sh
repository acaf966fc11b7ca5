#!/bin/bash
# What the entry point of the image `postgres` does, as far as compose.yaml relies on it: make the
# cluster once, run the scripts of /docker-entrypoint-initdb.d against a server that listens on its
# socket only, then become the server.
set -euo pipefail
export PGDATA=/var/lib/postgresql/18/docker PATH=/opt/postgres/bin:$PATH PGHOST=/var/run/postgresql
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA"
    # shellcheck disable=SC2086
    initdb --username="$POSTGRES_USER" --auth-local=trust --auth-host=scram-sha-256 \
        --pwfile=<(printf '%s' "$POSTGRES_PASSWORD") $POSTGRES_INITDB_ARGS > /dev/null
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl --wait --silent --options="-c listen_addresses='' -c unix_socket_directories=$PGHOST" start
    for script in /docker-entrypoint-initdb.d/*.sh; do bash "$script"; done
    pg_ctl --wait --silent --mode=fast stop
fi
exec "$@" -c "unix_socket_directories=$PGHOST"
