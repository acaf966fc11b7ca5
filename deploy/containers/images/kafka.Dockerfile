ARG BASE
FROM ${BASE}
COPY java /opt/java
COPY libs /opt/kafka/libs
COPY bin /opt/kafka/bin
RUN chmod -R a+rX /opt && chmod 0755 /opt/kafka/bin/* \
 && install --directory --owner=1000 --group=1000 /var/lib/kafka/data
