import ast
import subprocess
import sys
from pathlib import Path

import pytest

from build import check_python
from build.check_python import platform_problem, python_problem

GLIBC = ("glibc", "2.36")


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 5), (3, 14, 1)])
def test_a_python_with_wheels_is_accepted(version):
    assert python_problem("CPython", version, free_threaded=False) == ""


@pytest.mark.parametrize(
    ("implementation", "version", "free_threaded", "named"),
    [
        ("CPython", (3, 9, 2), False, "CPython 3.9.2"),
        ("CPython", (3, 15, 0), False, "CPython 3.15.0"),
        ("CPython", (3, 14, 0), True, "free-threaded CPython 3.14.0"),
        ("PyPy", (3, 11, 9), False, "PyPy 3.11.9"),
    ],
)
def test_another_python_is_named_in_one_sentence(implementation, version, free_threaded, named):
    problem = python_problem(implementation, version, free_threaded)
    assert problem == (
        f"The book needs CPython 3.11 to 3.14, and this is {named}: "
        "name another one, as in `make book PYTHON=python3.12`."
    )


@pytest.mark.parametrize(
    ("system", "machine", "libc", "macos"),
    [
        ("Linux", "x86_64", GLIBC, ""),
        ("Linux", "aarch64", ("glibc", "2.28"), ""),
        ("Darwin", "arm64", ("", ""), "14.0"),
        ("Darwin", "arm64", ("", ""), "26.1"),
        ("Windows", "AMD64", ("", ""), ""),
    ],
)
def test_a_platform_with_wheels_is_accepted(system, machine, libc, macos):
    assert platform_problem(system, machine, libc, macos) == ""


@pytest.mark.parametrize(
    ("system", "machine", "libc", "macos", "start"),
    [
        ("Linux", "riscv64", GLIBC, "", "There is no apache-tvm wheel for Linux on riscv64: "),
        ("Linux", "x86_64", ("glibc", "2.17"), "", "There is no apache-tvm wheel for Linux with glibc 2.17: "),
        ("Linux", "x86_64", ("", ""), "", "There is no apache-tvm wheel for Linux with another C library: "),
        ("Darwin", "x86_64", ("", ""), "14.0", "There is no apache-tvm wheel for Darwin on x86_64: "),
        ("Darwin", "arm64", ("", ""), "13.6", "There is no torch wheel for macOS 13.6: "),
        ("Windows", "ARM64", ("", ""), "", "There is no apache-tvm wheel for Windows on ARM64: "),
    ],
)
def test_another_platform_is_told_where_the_book_runs(system, machine, libc, macos, start):
    assert platform_problem(system, machine, libc, macos) == start + check_python.WHERE


def test_the_exit_code_is_1_and_the_sentence_all_that_is_printed():
    script = "import sys; sys.version_info = (3, 8, 1); from build.check_python import main; main()"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "this is CPython 3.8.1" in result.stderr


def test_this_python_is_accepted_in_silence():
    result = subprocess.run([sys.executable, check_python.__file__], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_an_old_python_can_read_the_script():
    newer = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.AsyncFunctionDef, ast.Match)
    tree = ast.parse(Path(check_python.__file__).read_text(), feature_version=(3, 4))
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
