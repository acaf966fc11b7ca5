"""Whether the service of this container is ready (or `healthy.py URL`): exit code 0."""

import os
import sys
import urllib.request


def main(words: list[str]) -> int:
    """Ask, without any proxy."""
    own = f"http://127.0.0.1:{os.environ.get('KC_PORT', '8000')}/health/ready"
    url = words[0] if words else own
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
