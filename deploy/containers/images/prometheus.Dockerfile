ARG BASE
FROM ${BASE}
RUN apt-get update -q && apt-get install -q --yes --no-install-recommends prometheus \
 && install --directory --owner=65534 --group=65534 /prometheus
ENTRYPOINT ["/usr/bin/prometheus"]
