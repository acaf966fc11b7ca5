"""Write the dashboards (`python -m deploy.grafana`, `make specs`): as Grafana reads them, and as
the portal does, which draws the same panels where there is no Grafana.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.grafana import business, operations

FOLDER = Path(__file__).with_name("dashboards")
PORTAL = FOLDER.parents[2] / "services" / "portal" / "portal" / "panels.json"
ALL = (operations.DASHBOARD, business.DASHBOARD)


def files() -> dict[Path, Any]:
    """What is written where."""
    own: dict[Path, Any] = {
        FOLDER / f"{dashboard.uid}.json": dashboard.rendered() for dashboard in ALL
    }
    return own | {PORTAL: [asdict(dashboard) for dashboard in ALL]}


def main() -> None:
    """Write every file."""
    for path, content in files().items():
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
