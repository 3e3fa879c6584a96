"""What holds for the diff of any two modules."""

import re

import set_env  # noqa: F401
import tvm
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tvm import relay

from helpers.diff import diff
from helpers.diff.listing import listing
from helpers.diff.program import Known, Program
from tests.helpers.diff.programs import PROGRAMS, altered, module

TWO_ALIKE = PROGRAMS.flatmap(lambda program: st.tuples(st.just(program), altered(program)))
few = settings(max_examples=100, deadline=None)


def lines(mod):
    written = listing(Program(mod, Known()))
    return ["  " * line.depth + "".join(segment.text for segment in line.segments) for line in written]


@few
@given(PROGRAMS)
def test_the_lines_are_what_relay_prints(program):
    mod = module(program)
    assert lines(mod) == [line for line in str(mod).splitlines() if line]


@few
@given(TWO_ALIKE)
def test_there_is_no_difference_exactly_where_the_structure_is_one(two):
    before, after = module(two[0]), module(two[1], prefix="y")
    found = diff(before, after)
    assert bool(found) is not tvm.ir.structural_equal(before, after)
    assert bool(found) is any(row.sign in "+-±~" for row in found.rows)


@few
@given(TWO_ALIKE)
def test_what_is_reported_makes_the_one_of_the_other(two):
    before, after = module(two[0]), module(two[1], prefix="y")
    assert tvm.ir.structural_equal(diff(before, after).apply(before), after)


@few
@example(tuple([((1, 2), [("relu", 0, 0, 0)] * 8 + [("bias", 0, 0, size)])] for size in (0, 1)))
@given(TWO_ALIKE)
def test_every_line_of_both_stands_in_one_row(two):
    before, after = module(two[0]), module(two[1], prefix="y")
    rows = diff(before, after).rows
    assert [told(row.after) for row in rows if row.after] == [in_six_digits(line) for line in lines(after)]
    assert sorted(told(row.before) for row in rows if row.before) == sorted(map(in_six_digits, lines(before)))


class PutBehind(relay.ExprMutator):
    """Puts `abs` behind one call."""

    def __init__(self, target):
        super().__init__()
        self.target = target

    def visit_call(self, call):
        made = super().visit_call(call)
        return relay.abs(made) if call == self.target else made


@few
@given(PROGRAMS, st.integers(0, 99))
def test_one_call_put_in_is_one_line_and_its_readers(program, which):
    before = module(program)
    calls = []
    relay.analysis.post_order_visit(before["main"], lambda e: calls.append(e) if isinstance(e, relay.Call) else None)
    assume(calls)
    after = before.clone()
    after["main"] = PutBehind(calls[which % len(calls)]).visit(before["main"])
    found = diff(before, after)
    assert (found.new, found.gone) == (1, 0)
    assert [str(new.expr.op.name) for new in found.edits.new if isinstance(new.expr, relay.Call)] == ["abs"]


def told(cell):
    """A line as Relay writes it: without the numbers by which the diff tells two constants of one name apart."""
    text = "".join(text for text, _ in cell)
    return in_six_digits(re.sub(r"(meta\[relay\.Constant\]\[\d+\]) \(\S+ at \[[\d, ]+\]\)", r"\1", text))


def in_six_digits(line):
    """A bound of `clip` as Relay writes it: where six digits do not tell two apart, the diff writes them all."""
    for number in (127.00001, 127.00002, 127.00003, 127.0):
        line = line.replace(f"a_max={number!r}", "a_max=127f")
    return line
