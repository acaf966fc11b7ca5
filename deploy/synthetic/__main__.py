"""`python -m deploy.synthetic`: books once a minute and serves its figures, until it is ended."""

import json
import sys
import time

import httpx
from chassis import safety
from prometheus_client import start_http_server

from deploy.synthetic.probe import Probe, ProbeSettings


def main() -> int:
    """Run for ever. Nothing that happens to a booking ends it."""
    settings = safety.checked(ProbeSettings)
    start_http_server(settings.port, settings.host)
    with httpx.Client(base_url=settings.gateway_url, timeout=10) as http:
        probe = Probe(settings, http)
        while True:
            began = time.monotonic()
            failure = probe.once()
            print(json.dumps({"msg": "synthetic booking", "failure": failure}), flush=True)
            time.sleep(max(1.0, settings.synthetic_seconds - (time.monotonic() - began)))


if __name__ == "__main__":
    sys.exit(main())
