from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.phantom.layout import clear_of_bone, make_layout
from synthuterus_bench.cohorts.phantom.patient import MARGIN_DEG, draw_exam
from synthuterus_bench.cohorts.phantom.population import SAMPLE
from synthuterus_bench.cohorts.phantom.presets import CENTRAL, Member
from synthuterus_bench.cohorts.phantom.render import place_of
from synthuterus_bench.cohorts.phantom.truth import angles_at, direction
from synthuterus_bench.vocab import CLASSES, Split


@pytest.mark.parametrize(("end", "angle"), [((0, 10), 0), ((-10, 0), 90), ((10, 0), -90), ((-10, 10), 45)])
def test_angles_lean_forward_when_positive(end, angle):
    assert direction(np.array([[0, 0], end], float)) == pytest.approx(angle)


def test_every_central_slice_lies_inside_its_class():
    for index in range(80):
        orientation = CLASSES[index % 4]
        exam = draw_exam(Member(SAMPLE, index, Split.TRAIN, orientation), 3)
        assert clear_of_bone(exam.layout)
        for k in CENTRAL:
            assert angles_at(exam.anatomy, exam.layout, place_of(k)).orientation(MARGIN_DEG) is orientation


def test_without_warp_tilt_and_size_change_no_angle():
    anatomy = draw_exam(Member(SAMPLE, 0, Split.TRAIN, CLASSES[0]), 3).anatomy
    flat = replace(anatomy, state=replace(anatomy.state, warp_mm=0.0, tilt_deg=0.0))
    turned = replace(flat, state=replace(flat.state, tilt_deg=17.0), pelvis=replace(flat.pelvis, scale=1.1))
    angles = [angles_at(one, make_layout(one), 0.0) for one in (flat, turned)]
    assert angles[0].version_deg == pytest.approx(angles[1].version_deg)
    assert angles[0].flexion_deg == pytest.approx(angles[1].flexion_deg)
    assert angles[0].version_deg == pytest.approx(flat.uterus.version_deg, abs=3)
