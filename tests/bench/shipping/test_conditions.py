import numpy as np

from synthuterus_bench.bench.shipping.conditions import (
    ANSWERS,
    NOT_SAID,
    Answers,
    of_scans,
    of_wanted,
    recovered,
    share_by_condition,
)
from synthuterus_bench.cohorts.prompt import Condition, render
from synthuterus_bench.generators.sampler import Wanted
from synthuterus_bench.stats import wilson_interval
from synthuterus_bench.vocab import CLASSES, Orientation, Sequence, Split

PROMPT = render(Condition(CLASSES[2], 3.0, Sequence.HASTE))
SAID = [2, 2, list(Sequence).index(Sequence.HASTE)]


def test_what_was_told_is_read_from_class_and_prompt():
    wanted = [
        Wanted(CLASSES[2], PROMPT, 0),
        Wanted(None, PROMPT, 1),
        Wanted(CLASSES[1], None, 2),
        Wanted(None, None, 3),
    ]
    assert of_wanted(wanted).tolist() == [SAID, SAID, [1, NOT_SAID, NOT_SAID], [NOT_SAID] * 3]


def test_scans_are_what_their_facts_say_and_others_say_nothing(cohort):
    scans = [scan for _, scan in zip(range(8), cohort.scans(Split.TEST), strict=False)]
    rows = of_scans(scans)
    for scan, row in zip(scans, rows, strict=True):
        found = [values[index] for values, index in zip(ANSWERS.values(), row, strict=True)]
        assert found == [scan.orientation, round(scan.field_strength, 2), scan.sequence]
    from dataclasses import replace

    odd = replace(scans[0], orientation=Orientation.AMBIGUOUS, field_strength=7.0, sequence=None)
    assert of_scans([odd]).tolist() == [[NOT_SAID] * 3]


def test_shares_are_of_what_was_told_alone_and_stand_beside_real_pictures():
    told = np.array([[0, 0, 0], [0, 1, 0], [1, NOT_SAID, 1], [1, 1, 1]])
    read = np.array([[0, 1, 1], [1, 1, 1], [1, 2, 1], [1, 1, 0]])
    real = Answers(np.array([[0, 0, 0], [2, 0, 1]]), np.array([[0, 0, 1], [2, 1, 1]]))
    rows = {(row.condition, row.value): row for row in recovered(Answers(told, read), real)}
    assert rows["class", None].share.value == 0.75
    assert (rows["field strength", None].samples, rows["field strength", "1.5 T"].samples) == (3, 2)
    assert rows["field strength", "0.55 T"].share.value == 0
    assert rows["field strength", "0.55 T"].real.value == 0.5
    assert rows["field strength", "1.5 T"].real is None
    assert ("field strength", "3 T") not in rows
    low, high = wilson_interval(3, 4)
    assert rows["class", None].share.low == round(low, 4)
    assert rows["class", None].share.high == round(high, 4)


def test_conditions_that_no_sample_was_told_have_no_row():
    told = np.array([[0, NOT_SAID, NOT_SAID], [1, NOT_SAID, NOT_SAID]])
    answers = Answers(told, np.zeros_like(told))
    assert {row.condition for row in recovered(answers, answers)} == {"class"}
    assert set(share_by_condition(answers)) == {"class"}
    nothing = Answers(np.full((2, 3), NOT_SAID), told)
    assert recovered(nothing, answers) == []
