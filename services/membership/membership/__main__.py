"""`python -m membership` runs the service."""

from chassis.app import serve

from membership.app import build

if __name__ == "__main__":
    serve(build)
