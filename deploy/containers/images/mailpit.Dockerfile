ARG BASE
FROM ${BASE}
COPY aiosmtpd /opt/mail/aiosmtpd
COPY public /opt/mail/public
COPY attr /opt/mail/attr
COPY mailpit /mailpit
RUN chmod -R a+rX /opt/mail && chmod 0755 /mailpit
ENV PYTHONPATH=/opt/mail
ENTRYPOINT ["/mailpit"]
