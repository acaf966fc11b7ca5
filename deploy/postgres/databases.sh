#!/bin/bash
# One role and one database for each service, none of which sees another's; made once, when the
# server of a container is new. deploy/local/postgres.py does the same on one machine.
set -euo pipefail

make_database() { # name, and the extensions that only an administrator may add
    local name=$1 variable="${1^^}_PASSWORD"
    shift
    psql --set=ON_ERROR_STOP=1 --set=name="$name" --set=secret="${!variable:?}" \
        --username "$POSTGRES_USER" --dbname postgres --quiet <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'secret';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
    local extension
    for extension in "$@"; do
        psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$name" --quiet \
            --command "CREATE EXTENSION IF NOT EXISTS $extension"
    done
}

make_database catalog pg_trgm unaccent
make_database enrolment
make_database membership
make_database notifications
make_database portal
make_database keycloak
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres --quiet \
    --command "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC"
