"""Write the golden texts afresh: `record` starts workers in the genuine Relay's environment, `main` is one of them."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

from . import golden

ROOT = pathlib.Path(__file__).parents[2]


def record(patterns: list[str]) -> None:
    """Record the selected cases, and in one file those that the genuine Relay refuses, each with its reason.

    What it printed before it refused is recorded all the same. A case may end the worker's process with it (a failed
    check in C++ code); another worker goes on after it.
    """
    from .oracle import interpreter

    command = [str(interpreter()), "-m", "tests.conformance.record"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done: list[str] = []
    refused = golden.refused()
    with tempfile.TemporaryDirectory() as folder:  # the genuine one leaves files in its working directory
        while True:
            job = json.dumps({"patterns": patterns, "done": done})
            worker = subprocess.Popen(
                command, cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            assert worker.stdin and worker.stdout
            worker.stdin.write(job)
            worker.stdin.close()
            for line in worker.stdout:
                if line.startswith("start "):
                    done.append(line[6:].strip())
                    refused.pop(done[-1], None)
                    continue
                print(line, end="", flush=True)
                label, _, reason = line.strip().partition(": refused, ")
                if reason:
                    refused[label] = reason
            if worker.wait() == 0:
                break
            refused[done[-1]] = f"the process ended with {worker.returncode}"
            print(f"{done[-1]}: {refused[done[-1]]}", flush=True)
    golden.REFUSED.write_text("".join(f"{label}: {refused[label]}\n" for label in sorted(refused)))


def main() -> None:
    """In the genuine Relay's environment: read a job, run its cases one after another."""
    from .families import select

    job = json.loads(sys.stdin.read())
    warnings.filterwarnings("ignore")
    for case in select(job["patterns"]):
        if case.label in job["done"]:
            continue
        print("start", case.label, flush=True)
        golden.forget(case)
        stages = []
        try:
            for stage, text in case.run():
                golden.write(case, stage, text)
                stages.append(stage)
            print(f"{case.label}: recorded {len(stages)}", flush=True)
        except Exception as error:
            last = (str(error).strip().splitlines() or [""])[-1].strip()
            after = f" after {stages[-1]}" if stages else ""
            print(f"{case.label}: refused, {type(error).__name__}{after}: {last[:160]}", flush=True)


if __name__ == "__main__":
    main()
