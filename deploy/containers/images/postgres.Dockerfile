ARG BASE
FROM ${BASE}
RUN apt-get update -q && apt-get install -q --yes --no-install-recommends postgresql-client \
 && groupadd --gid 999 postgres && useradd --uid 999 --gid 999 postgres \
 && install --directory --owner=999 --group=999 /var/lib/postgresql /var/run/postgresql
COPY server /opt/postgres
COPY postgres.sh /usr/local/bin/entry
RUN chmod -R a+rX /opt/postgres && chmod 0755 /usr/local/bin/entry
ENTRYPOINT ["/usr/local/bin/entry"]
