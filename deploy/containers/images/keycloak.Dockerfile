ARG BASE
FROM ${BASE}
COPY java /opt/java
COPY server /opt/keycloak
RUN mkdir -p /opt/keycloak/data/tmp /opt/keycloak/data/import \
 && chown -R 1000:0 /opt/keycloak && chmod -R a+rX /opt && chmod -R g+rwX /opt/keycloak
ENV JAVA_HOME=/opt/java
USER 1000
ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]
