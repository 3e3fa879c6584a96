"""Our Relay against the genuine one: the same programs under both, compared text by text.

`python -m tests.conformance` runs every case of every family under our dialect and compares what it prints with the
texts under `tests/golden/`. `python -m tests.conformance --record` sets up the genuine Relay if need be, runs the same
cases under it and writes those texts afresh.
"""
