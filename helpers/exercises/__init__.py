"""Checks for the exercises: what is right, and what is not yet, and why; never the answer.

A chapter calls `check` with the exercise's name and the reader's answer, as the last line of a cell:

    from helpers.exercises import check

    def ends(mod): ...  # yours

    check("what_partition_does/ends", ends)

What stands before the slash is the chapter's file name, and that of its module in this folder. What stands behind
it is an `Exercise` in that module. Its points are asked in order, and each gets what was given to `check`:

    ends = Exercise()

    @ends.point
    def two_regions(answer):
        '''a chain of two regions has two ends'''       what the reader sees, after "right:" or "not yet:"
        found = expect_a(int, answer(partitioned(chain())))
        expect(found == 2, f"it gives {found}")          what he sees after "because", where it is not so

A point fails where `expect` is told something false, and where the answer raises. A wrong answer never ends in an
exception. Each point finds the default rules registered, and afterwards those are that were before.

Each exercise has on its page a cell to be completed, which runs as it stands and is not right yet, and a solution. Both
end with the same call of `check`. The tests read both, and try the wrong answers of `tests/exercises/wrong/`.
"""

from helpers.exercises.checking import Exercise, check, expect, expect_a
from helpers.exercises.verdict import Verdict
