"""Start the catalogue."""

from chassis.app import serve

from catalog.app import build

if __name__ == "__main__":
    serve(build)
