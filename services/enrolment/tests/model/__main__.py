"""Search a larger scope: `python -m services.enrolment.tests.model two-on-wires`.

With `walks=N` it takes N random walks instead; without a name every small scope is searched.
"""

import sys

from services.enrolment.tests.model.explorer import Search, walk
from services.enrolment.tests.model.scopes import LARGE, SMALL
from services.enrolment.tests.model.world import Universe


def main(arguments: list[str]) -> int:
    """Search and print; 1 when a promise is broken."""
    walks = sum(int(word[6:]) for word in arguments if word.startswith("walks="))
    names = [word for word in arguments if "=" not in word] or list(SMALL)
    broken = 0
    for name in names:
        if walks:
            universe = Universe(LARGE[name])
            reports = [walk(universe, seed, 200) for seed in range(walks)]
            print(f"{name}: {sum(report.transitions for report in reports):,} transitions")
        else:
            reports = [Search(LARGE[name]).run()]
            print(reports[0])
        for finding in (finding for report in reports for finding in report.findings):
            print(finding)
            broken = 1
    return broken


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
