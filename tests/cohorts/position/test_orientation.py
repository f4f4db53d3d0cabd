from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from synthuterus_bench.cohorts.position.chords import Chord
from synthuterus_bench.cohorts.position.orientation import (
    VAGINA_TILT_DEG,
    Basis,
    measure,
    probability,
    version_sd,
    wrapped,
)
from synthuterus_bench.errors import ScanError
from synthuterus_bench.vocab import Label, Orientation
from tests.cohorts.position.tubes import Tubes

MM = (1.0, 1.0)
SHAPES = [
    Tubes(version, flexion)
    for version, flexion in [
        (85, 65),
        (60, 45),
        (60, -45),
        (20, 70),
        (15, 0),
        (-20, 45),
        (-40, -45),
        (-35, -70),
        (0, 20),
    ]
]
PATIENTS = st.builds(
    Tubes,
    version=st.one_of(st.floats(-45, -17), st.floats(22, 90)),
    flexion=st.one_of(st.floats(-70, -42), st.floats(42, 70)),
    vagina=st.floats(-45, -15),
    cervix_mm=st.floats(25, 36),
    corpus_mm=st.floats(32, 48),
)


def angles(mask, spacing_mm=MM):
    measured = measure(mask, spacing_mm)
    assert measured.reason is None
    return np.array([measured.version_deg, measured.flexion_deg])


@pytest.mark.parametrize("tubes", SHAPES, ids=lambda tubes: f"{tubes.version} {tubes.flexion}")
def test_straight_tubes_have_their_angles(tubes):
    assert angles(tubes.draw()) == pytest.approx([tubes.version, tubes.flexion], abs=4)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(PATIENTS)
def test_any_straight_tubes_have_their_class(tubes):
    measured = measure(tubes.draw(), MM)
    wanted = ("av" if tubes.version > 0 else "rv") + ("-af" if tubes.flexion > 0 else "-rf")
    assert measured.orientation == Orientation(wanted)
    assert measured.basis is Basis.VAGINA


@settings(max_examples=20, deadline=None, derandomize=True)
@given(PATIENTS)
def test_front_to_back_mirrored_angles_change_their_sign(tubes):
    mask = tubes.draw()
    assert angles(mask[:, ::-1]) == pytest.approx(-angles(mask), abs=5)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(PATIENTS, st.floats(-30, 30))
def test_a_turned_patient_keeps_her_angles(tubes, turn):
    assert angles(replace(tubes, turn=turn).draw()) == pytest.approx(angles(tubes.draw()), abs=12)


def test_turning_changes_little_in_the_middle():
    changes = [
        angles(replace(tubes, turn=turn).draw()) - angles(tubes.draw())
        for tubes in SHAPES
        for turn in (-25, -10, 10, 25)
    ]
    assert np.median(np.abs(changes), axis=0).max() < 2.5
    assert np.abs(np.mean(changes, axis=0)).max() < 1.5


@pytest.mark.parametrize("tubes", SHAPES[1:4])
def test_pixels_of_another_size_change_little(tubes):
    mask = tubes.draw()
    assert angles(np.kron(mask, np.ones((2, 2), np.uint8)), (0.5, 0.5)) == pytest.approx(angles(mask), abs=1.5)
    assert angles(np.repeat(mask, 2, 0), (0.5, 1.0)) == pytest.approx(angles(mask), abs=1.5)
    assert angles(tubes.draw(0.6), (0.6, 0.6)) == pytest.approx(angles(mask), abs=4)


def test_a_shifted_patient_is_the_same():
    first = angles(Tubes().draw())
    assert angles(Tubes(shift=(7, -11)).draw()) == pytest.approx(first, abs=1e-6)
    assert angles(Tubes(shift=(3.5, -4.4)).draw()) == pytest.approx(first, abs=3)


def test_without_a_vagina_version_is_against_the_body():
    mask = Tubes(turn=20).draw()
    mask[mask == Label.VAGINA] = Label.BACKGROUND
    measured = measure(mask, MM)
    assert measured.basis is Basis.BODY
    assert measured.axes.vagina is None
    cervix = Tubes().vagina + Tubes().version + 20
    assert measured.version_deg == pytest.approx(cervix - VAGINA_TILT_DEG, abs=4)
    assert measured.confidence < measure(Tubes(turn=20).draw(), MM).confidence + 1e-9


@pytest.mark.parametrize("tubes", SHAPES[:4] + SHAPES[5:8], ids=lambda tubes: f"{tubes.version} {tubes.flexion}")
def test_without_labels_of_cervix_and_vagina_the_bend_is_found(tubes):
    mask = tubes.draw()
    mask[mask == Label.VAGINA] = Label.BACKGROUND
    mask[mask == Label.CERVIX] = Label.MYOMETRIUM
    assert angles(mask) == pytest.approx([tubes.version, tubes.flexion], abs=6)


@pytest.mark.parametrize("tubes", SHAPES[:4] + SHAPES[5:8], ids=lambda tubes: f"{tubes.version} {tubes.flexion}")
def test_without_a_cavity_the_wall_leads(tubes):
    mask = tubes.draw()
    mask[mask == Label.ENDOMETRIUM] = Label.MYOMETRIUM
    assert angles(mask) == pytest.approx([tubes.version, tubes.flexion], abs=9)
    mask[mask == Label.CERVIX] = Label.MYOMETRIUM
    assert "neither cervix nor cavity" in measure(mask, MM).reason


def test_the_cavity_leads_past_a_myoma():
    mask = Tubes().draw()
    rows, columns = np.argwhere(mask == Label.MYOMETRIUM).T
    down, back = np.indices(mask.shape)
    myoma = (np.hypot(down - rows.min() - 3, back - columns.mean() - 8) < 13) & np.isin(mask, [0, Label.MYOMETRIUM])
    grown = np.where(myoma, Label.MYOMA, mask).astype(np.uint8)
    assert (grown == Label.MYOMA).sum() > 300
    assert angles(grown) == pytest.approx(angles(mask), abs=4)


def test_of_a_volume_the_slice_with_most_of_the_cavity_is_measured():
    plain = Tubes().draw()
    side = np.where(plain == Label.ENDOMETRIUM, Label.MYOMETRIUM, plain)
    volume = np.stack([np.zeros_like(plain), side, plain, side]).astype(np.uint8)
    measured = measure(volume, (4.0, 1.0, 1.0))
    assert measured.slice_index == 2
    assert measured.version_deg == measure(plain, MM).version_deg
    assert measure(volume[:2], (4.0, 1.0, 1.0)).slice_index == 1


def test_axes_lie_on_the_pixels_of_the_mask():
    mask = Tubes().draw(0.5)
    measured = measure(mask, (0.5, 0.5))
    labels = [mask[tuple(np.rint(point).astype(int))] for point in (*measured.axes.cervix, *measured.axes.corpus)]
    assert labels == [Label.CERVIX, Label.CERVIX, Label.ENDOMETRIUM, Label.ENDOMETRIUM]
    assert mask[tuple(np.rint(measured.axes.vagina[0]).astype(int))] == Label.VAGINA
    assert measured.axes.cervix[0] == pytest.approx(measured.axes.centreline[0])


def pieces():
    mask = Tubes().draw()
    crumbs = mask.copy()
    crumbs[5:20, 5:30] = Label.MYOMETRIUM
    unlabelled = np.where(mask == Label.CERVIX, Label.MYOMETRIUM, mask).astype(np.uint8)
    edge = mask[np.flatnonzero(np.isin(mask, [Label.MYOMETRIUM, Label.CERVIX]).any(1))[0] :]
    myoma = mask.copy()
    myoma[(mask == Label.MYOMETRIUM) & (np.indices(mask.shape)[0] < 70)] = Label.MYOMA
    return {"myoma": myoma, "crumbs": crumbs, "unlabelled cervix": unlabelled, "at the edge": edge}


@pytest.mark.parametrize(("name", "mask"), pieces().items(), ids=pieces())
def test_confidence_falls_for_broken_masks(name, mask):
    assert 0 < measure(mask, MM).confidence < 0.9 * measure(Tubes().draw(), MM).confidence


def test_confidence_falls_towards_the_cuts():
    for sd in (4.0, 12.5):
        for flexion in (50, -50):
            towards = [probability(version, flexion, sd) for version in (70, 30, 20, 15, 11)]
            assert towards == sorted(towards, reverse=True)
            back = [probability(version, flexion, sd) for version in (-40, -20, -10, -6)]
            assert back == sorted(back, reverse=True)
        bend = [probability(60, flexion, sd) for flexion in (60, 45, 35, 31)]
        assert bend == sorted(bend, reverse=True)
        assert probability(10, 60, sd) == pytest.approx(0.5, abs=0.01)
    assert probability(60, 60, 4.0) > 0.99
    assert probability(60, 0, 4.0) > 0.99
    assert probability(20, 60, 12.5) < probability(20, 60, 4.0)


def test_the_less_of_the_vagina_the_less_sure():
    seen = [version_sd(Chord(np.array([float(length), 0.0]), np.zeros(2))) for length in (32, 24, 16, 12)]
    assert seen == sorted(seen)
    assert seen[-1] <= version_sd(None)


def test_confidence_on_masks_is_least_near_the_cuts():
    far, near = (measure(Tubes(version, flexion).draw(), MM) for version, flexion in ((60, 55), (60, 33)))
    assert near.confidence < 0.85 < far.confidence


def test_what_cannot_be_measured_says_why():
    nothing = measure(np.zeros((20, 20), np.uint8), MM)
    assert (nothing.orientation, nothing.confidence) == (Orientation.AMBIGUOUS, 0.0)
    assert nothing.reason == "no uterus in the mask"
    speck = np.zeros((60, 60), np.uint8)
    speck[20:30, 20:30] = Label.CERVIX
    assert "mm long, expected 30 to 200" in measure(speck, MM).reason
    halves = np.zeros((90, 90), np.uint8)
    halves[:, 10:30] = halves[:, 60:80] = Label.MYOMETRIUM
    assert measure(halves, MM).reason == "the largest piece holds 50% of the uterus, expected 60%"
    assert measure(halves, MM).version_deg is None


@pytest.mark.parametrize(
    ("shape", "spacing"), [((9,), (1.0,)), ((9, 9), (1.0,)), ((9, 9), (0.0, 1.0)), ((9, 9), (1.0, float("nan")))]
)
def test_what_is_no_mask_is_refused(shape, spacing):
    with pytest.raises(ScanError, match="mask: found"):
        measure(np.ones(shape, np.uint8), spacing)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.floats(0, 9),
    st.lists(st.sampled_from([*Label]), min_size=1, max_size=4),
    st.sampled_from([0.5, 1.0, 1.7, 4.0]),
)
def test_any_mask_gets_an_answer(seed, shape, coarse, labels, step):
    rng = np.random.default_rng(seed)
    rank = gaussian_filter(rng.random(shape), coarse).ravel().argsort().argsort().reshape(shape)
    mask = np.array([0, *labels], np.uint8)[rank * (len(labels) + 1) // rank.size]
    measured = measure(mask, (step, 1.0))
    assert 0 <= measured.confidence <= 1
    assert (measured.reason is None) == (measured.version_deg is not None) == (measured.axes is not None)
    if measured.reason is None:
        assert np.isfinite([measured.version_deg, measured.flexion_deg]).all()
        assert np.isfinite(measured.axes.centreline).all()


@pytest.mark.parametrize(("angle", "expected"), [(0, 0), (190, -170), (-181, 179), (180, -180), (360, 0)])
def test_angles_wrap(angle, expected):
    assert wrapped(angle) == expected
