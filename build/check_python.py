"""Says in one sentence why this Python or this machine cannot run the book, and exits with 1.

It says nothing where they can. It runs before anything is installed, on whatever Python is there: with the
standard library only, in the syntax of Python 3.0.
"""

import platform
import sys
import sysconfig

OLDEST, NEWEST = (3, 11), (3, 14)
NEEDED = "CPython 3.11 to 3.14"
OLDEST_GLIBC = (2, 28)
OLDEST_MACOS = (14, 0)

# The wheels of apache-tvm and torch in requirements.txt, as `platform` names (system, machine).
WHEELS = {
    ("Linux", "x86_64"),
    ("Linux", "aarch64"),
    ("Darwin", "arm64"),
    ("Windows", "AMD64"),
}
WHERE = (
    "the book runs on Linux x86-64 and aarch64 with glibc 2.28 or newer, "
    "macOS 14 or newer on Apple silicon, and Windows x86-64."
)


def number(text: str) -> tuple:
    """The first two parts of a version's text as numbers: "2.36" is (2, 36), and "" is ()."""
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def python_problem(implementation: str, version: tuple, free_threaded: bool) -> str:
    """Why the interpreter will not do, as one sentence, or "" if it will."""
    if implementation == "CPython" and OLDEST <= version[:2] <= NEWEST and not free_threaded:
        return ""
    found = "{}{} {}".format(
        "free-threaded " if free_threaded else "", implementation, ".".join(str(part) for part in version[:3])
    )
    return "The book needs {}, and this is {}: name another one, as in `make book PYTHON=python3.12`.".format(
        NEEDED, found
    )


def platform_problem(system: str, machine: str, libc: tuple, macos: str) -> str:
    """Why the machine will not do, as one sentence, or "" if it will. libc is a pair of name and version."""
    if (system, machine) not in WHEELS:
        return "There is no apache-tvm wheel for {} on {}: {}".format(system, machine, WHERE)
    if system == "Linux" and (libc[0] != "glibc" or number(libc[1]) < OLDEST_GLIBC):
        found = " ".join(libc).strip() or "another C library"
        return "There is no apache-tvm wheel for Linux with {}: {}".format(found, WHERE)
    if system == "Darwin" and number(macos) < OLDEST_MACOS:
        return "There is no torch wheel for macOS {}: {}".format(macos, WHERE)
    return ""


def main() -> None:
    """Check the Python that runs this."""
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    problem = python_problem(platform.python_implementation(), sys.version_info[:3], free_threaded)
    problem = problem or platform_problem(
        platform.system(), platform.machine(), platform.libc_ver(), platform.mac_ver()[0]
    )
    if problem:
        sys.exit(problem)


if __name__ == "__main__":
    main()
