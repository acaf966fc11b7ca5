"""`python -m tests.failure.soak --minutes 10 [--seed N]` (`make soak minutes=10 seed=N`).

Seeds that failed once (`tests/failure/seeds`) are run first, three minutes each, then a new one. A
seed that fails is kept there. Every report is written to `.run/soak`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.failure.soak.copy import a_copy
from tests.failure.soak.report import Fault, Report, as_json
from tests.failure.soak.run import Soak, reports_folder
from tests.revision import commit

SEEDS = Path(__file__).parents[1] / "seeds"
REPLAY_MINUTES = 3.0


def main(arguments: Sequence[str]) -> int:
    """Run; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two requests")
    chosen = parser.parse_args(arguments)
    fresh = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    replayed = [int(path.stem) for path in sorted(SEEDS.glob("*.json")) if path.stem.isdecimal()]
    runs = [(number, min(REPLAY_MINUTES, chosen.minutes)) for number in replayed]
    if chosen.seed is not None:
        runs = []
    good = True
    for number, minutes in [*runs, (fresh, chosen.minutes)]:
        report = one(number, minutes, chosen.pause)
        print(report.line(), flush=True)
        print("\n".join(report.violations[:20]), flush=True)
        good = good and report.passed
    return 0 if good else 1


def one(number: int, minutes: float, pause: float) -> Report:
    """A soak on a platform of its own. One that ends with an exception has failed, too."""
    log: list[Fault] = []
    with a_copy() as platform:
        try:
            report, log, _ = Soak(platform, number, minutes, pause).run()
        except Exception as error:  # noqa: BLE001 - its seed is kept, the next one is run
            traceback.print_exc()
            report = Report(number, minutes, commit())
            report.violations.append(f"it ended with {type(error).__name__}: {error}"[:500])
    text = json.dumps(as_json(report, log), indent=1)
    (reports_folder() / f"{time.strftime('%Y%m%d-%H%M%S')}-{number}.json").write_text(text)
    if not report.passed:
        keep(report)
    return report


def keep(report: Report) -> None:
    """Remember a seed that failed."""
    told = {
        "seed": report.seed,
        "minutes": report.minutes,
        "commit": report.commit,
        "violations": report.violations[:20],
        "too_little": report.too_little,
        "troubles": report.troubles[:20],
    }
    path = SEEDS / f"{report.seed}.json"
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
