"""`python -m tests.conformance [--record] [FAMILY[/CASE]...]`"""

import argparse
import sys
import warnings

from . import golden
from .record import record


def table(patterns: list[str]) -> bool:
    """Print a line for each case under our Relay; whether all of them are equal to what was recorded."""
    from .compare import differences
    from .families import select

    stages = equal = 0
    for case in select(patterns):
        recorded = golden.read(case)
        if not recorded:
            continue
        results = differences(case, recorded)
        words = " ".join(f"{stage} {'equal' if result is None else 'DIFFERS'};" for stage, result in results.items())
        print(f"{case.label:40} {words}", flush=True)
        for stage, result in results.items():
            if result is not None:
                print(f"    {stage}: {result}", flush=True)
        stages += len(results)
        equal += sum(result is None for result in results.values())
    print(f"{equal} of {stages} texts equal to the genuine Relay's")
    return equal == stages > 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--record", action="store_true", help="run the genuine Relay and write tests/golden afresh")
    parser.add_argument("patterns", nargs="*", metavar="FAMILY[/CASE]", help="which cases; all if none is given")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    if arguments.record:
        record(arguments.patterns)
        return 0
    return 0 if table(arguments.patterns) else 1


if __name__ == "__main__":
    sys.exit(main())
