from dataclasses import dataclass

import numpy as np
import pytest

from synthuterus_bench.metrics.base import Features, Need
from synthuterus_bench.metrics.scopes import POOLED, make_scopes
from synthuterus_bench.metrics.shares import ANATOMY, Share, summarise, verdicts
from synthuterus_bench.metrics.table import METRICS
from synthuterus_bench.prep.localise import Flaw
from synthuterus_bench.stats import wilson_interval
from synthuterus_bench.vocab import CLASSES, Orientation

AV_AF, AV_RF = CLASSES[:2]


@dataclass(frozen=True)
class Seen:
    """A stand-in for ``Anatomy``."""

    plausible: bool = True
    valid: bool = True
    orientation: Orientation = AV_AF
    flaws: tuple[Flaw, ...] = ()


GOOD = Seen()
LOST = Seen(False, False, Orientation.AMBIGUOUS, (Flaw.ABSENT,))
FOOLED = Seen(True, False, Orientation.AMBIGUOUS)
UNSURE = Seen(orientation=Orientation.AMBIGUOUS)


def test_shares_of_all_images():
    found = summarise([GOOD, GOOD, Seen(orientation=AV_RF), UNSURE, FOOLED, LOST], [AV_AF] * 6)
    assert (found.plausible, found.valid, found.agreement) == (Share(5, 6), Share(4, 6), Share(2, 6))
    assert found.flaws == {"no uterus drawn": 1}
    assert found.orientations == {AV_AF: 2, AV_RF: 1, Orientation.AMBIGUOUS: 1}


def test_ambiguous_or_nothing_asked_does_not_count_for_agreement():
    found = summarise([GOOD, GOOD, UNSURE], [AV_AF, None, Orientation.AMBIGUOUS])
    assert found.agreement == Share(1, 1)
    assert summarise([GOOD]).as_json()["agreement"] is None
    with pytest.raises(ValueError, match="shorter"):
        summarise([GOOD, GOOD], [AV_AF])


def test_intervals_are_wilsons():
    share = Share(0, 10)
    assert share.interval == (0.0, pytest.approx(1.96**2 / (10 + 1.96**2), rel=1e-4))
    assert Share(3, 10).interval == wilson_interval(3, 10)
    assert summarise([GOOD, LOST]).as_json()["valid"] == {
        "value": 0.5,
        "hits": 1,
        "of": 2,
        "interval": list(wilson_interval(1, 2)),
    }


def test_words_for_a_card_hold_the_numbers():
    text = summarise([GOOD] * 3 + [LOST], [AV_AF, AV_AF, AV_RF, None]).as_text()
    low, high = wilson_interval(3, 4)
    assert f"75.0 % [{100 * low:.1f}, {100 * high:.1f}]" in text
    assert "Of 3 asked for an orientation 66.7 %" in text
    assert "asked" not in summarise([GOOD]).as_text()


def test_of_nothing_nothing_is_known():
    found = summarise([])
    assert np.isnan(found.valid.value)
    assert found.valid.interval == (0.0, 1.0)
    assert found.as_json()["valid"] is None
    assert verdicts([]).shape == (0, 3)


def scopes(rows, fake=40, train=60, test=20):
    """Two classes in turns."""
    labels = [np.arange(n) % 2 for n in (fake, train, test)]
    units = np.arange(fake + train + test)
    return make_scopes(*labels, units, ["av-af", "av-rf"], permutations=30, seed=0)


def real(count):
    return [Seen(orientation=CLASSES[row % 2]) for row in range(count)]


def measured(fake, others):
    rows = verdicts([*fake, *others])
    return {
        (metric.name, scope.name): metric.measure(Features(rows), scope) for metric in ANATOMY for scope in scopes(rows)
    }


def test_metrics_are_the_shares_of_the_synthetic_images():
    fake = [LOST] * 4 + [FOOLED] * 6 + real(30)
    found = measured(fake, real(80))
    values = {name: found[f"anatomy-{name}", POOLED] for name in ("plausible", "valid", "agreement")}
    assert {name: one.value for name, one in values.items()} == {"plausible": 0.9, "valid": 0.75, "agreement": 0.75}
    assert values["valid"].interval.low == wilson_interval(30, 40)[0]
    assert values["valid"].interval.method == "Wilson score"
    assert found["anatomy-valid", "av-af"].value == 15 / 20
    assert found["anatomy-valid", "av-af"].n_fake == 20


def test_agreement_asks_for_each_image_own_class():
    crossed = [Seen(orientation=CLASSES[(row + 1) % 2]) for row in range(40)]
    found = measured(crossed, real(80))
    assert found["anatomy-valid", POOLED].value == 1
    assert found["anatomy-agreement", POOLED].value == 0
    ambiguous = measured([UNSURE] * 40, real(80))
    assert ambiguous["anatomy-agreement", "av-rf"].value == 0


def test_the_ceiling_is_what_real_images_reach():
    spoilt = [one if row % 4 else LOST for row, one in enumerate(real(80))]
    found = measured(real(40), spoilt)["anatomy-valid", POOLED]
    assert found.value == 1
    assert found.floor.value == pytest.approx(0.75, abs=0.03)
    assert found.floor.low < 0.75 < found.floor.high
    assert METRICS["anatomy-valid"].p_value(found) == 1


def test_each_demand_is_stronger_than_the_last_and_bounded():
    fake = [LOST, FOOLED, UNSURE, *real(37)]
    found = measured(fake, real(80))
    values = [found[metric.name, POOLED].value for metric in ANATOMY]
    assert values == sorted(values, reverse=True)
    for metric in ANATOMY:
        assert (metric.need, metric.direction, metric.low, metric.high) == (Need.ANATOMY, "higher", 0, 1)
        assert METRICS[metric.name] is metric
