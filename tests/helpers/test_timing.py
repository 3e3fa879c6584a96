import time

import pytest
import set_env  # noqa: F401

from helpers.timing import processor, times


def busy(seconds):
    """Keep the processor busy for so long."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_each_has_its_turn_in_every_round():
    order = []
    times({"a": lambda: order.append("a") or busy(2e-3), "b": lambda: order.append("b") or busy(2e-3)}, 3)
    # Two calls of each find out how many make a turn.
    assert order == ["a", "a", "b", "b", *["a", "b"] * 3]


def test_a_row_for_each_with_its_median_between_quartiles_and_a_ratio_to_the_first():
    table = times({"slow": lambda: busy(4e-3), "fast": lambda: busy(1e-3)}, 5)
    assert table.heading == ["program", "µs", "a quarter is below", "a quarter is above", "times as fast as slow"]
    assert table.column("program") == ["slow", "fast"]
    slow, fast = table.column("µs")
    assert slow >= 4000 and fast >= 1000 and slow > fast
    for _, median, below, above, _ in table.rows:
        assert below <= median <= above
    assert table.column("times as fast as slow") == [1.0, pytest.approx(slow / fast, rel=0.01)]


def test_waiting_does_not_count():
    def waits():
        busy(1e-3)
        time.sleep(0.02)

    (found,) = times({"waits": waits}, 5).column("µs")
    assert 1000 <= found < 15_000


def test_what_is_over_in_no_time_is_called_many_times_a_turn(monkeypatch):
    calls = []
    # A clock that goes on by a microsecond for each call: the processor's own depends on what else it does.
    monkeypatch.setattr("helpers.timing.time.thread_time", lambda: len(calls) * 1e-6)
    times({"fast": lambda: calls.append(1)}, 2)
    # Two calls find out how many make a turn of half a millisecond.
    assert len(calls) == 2 + 2 * 500


@pytest.mark.parametrize(("contenders", "rounds"), [({}, 5), ({"one": list}, 1)])
def test_without_contenders_or_rounds_there_is_nothing_to_measure(contenders, rounds):
    with pytest.raises(ValueError, match="give at least 1 and 2"):
        times(contenders, rounds)


def test_the_processor_has_a_name_and_what_llvm_calls_it():
    name, compiled_for = processor().removesuffix(")").rsplit(" (", 1)
    assert name and compiled_for
