"""Write the dashboards as Grafana reads them: `python -m deploy.grafana` (`make specs`)."""

import json
from pathlib import Path

from deploy.grafana import business, operations

FOLDER = Path(__file__).with_name("dashboards")
ALL = (operations.DASHBOARD, business.DASHBOARD)


def main() -> None:
    """Write every dashboard."""
    for dashboard in ALL:
        text = json.dumps(dashboard.rendered(), indent=1) + "\n"
        (FOLDER / f"{dashboard.uid}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
