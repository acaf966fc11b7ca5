ARG BASE
FROM ${BASE}
COPY traefik /usr/local/bin/traefik
RUN chmod 0755 /usr/local/bin/traefik
ENTRYPOINT ["traefik"]
