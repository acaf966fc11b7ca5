"""What the tests of this service share: builders, a real mail server, the service at work."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

pytest_plugins: list[str] = []
