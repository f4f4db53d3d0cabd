from itertools import product

import pytest

from synthuterus_bench.cohorts.prompt import Condition, parse, render
from synthuterus_bench.errors import UsageError
from synthuterus_bench.vocab import CLASSES, FIELD_STRENGTHS, Orientation, Sequence

EVERY = [Condition(*parts) for parts in product(CLASSES, FIELD_STRENGTHS, Sequence)]


@pytest.mark.parametrize("condition", EVERY)
def test_parsing_inverts_rendering(condition):
    assert parse(render(condition)) == condition


def test_the_documented_prompt():
    condition = Condition(Orientation.AV_AF, 3.0, Sequence.TSE)
    assert render(condition) == "sagittal T2-weighted TSE of an anteverted, anteflexed uterus at 3 T"


def test_prompts_differ():
    assert len({render(condition) for condition in EVERY}) == 24


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a uterus",
        "sagittal T2-weighted TSE of a anteverted, anteflexed uterus at 3 T",
        "sagittal T2-weighted TSE of an anteverted, anteflexed uterus at 7 T",
        "sagittal T2-weighted FSE of an anteverted, anteflexed uterus at 3 T",
        "sagittal T2-weighted TSE of an anteverted, anteflexed uterus at 3 T\nand more",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(text):
    with pytest.raises(UsageError, match="not in the grammar"):
        parse(text)


def test_an_ambiguous_uterus_has_no_prompt():
    with pytest.raises(UsageError, match="no prompt"):
        render(Condition(Orientation.AMBIGUOUS, 3.0, Sequence.TSE))
