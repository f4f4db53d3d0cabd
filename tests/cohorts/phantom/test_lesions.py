import numpy as np

from synthuterus_bench.cohorts.phantom.draw import Drawing, draw_scans
from synthuterus_bench.cohorts.phantom.lesions import Lesion, draw_lesions, largest_figo
from synthuterus_bench.cohorts.phantom.population import SAMPLE
from synthuterus_bench.cohorts.phantom.presets import Member, Priors
from synthuterus_bench.cohorts.window import from_window
from synthuterus_bench.vocab import CLASSES, LESIONS, Label, Split, View


def test_healthy_unless_asked_for():
    found = {priors.lesions: False for priors in (Priors(), Priors(lesions=True))}
    for priors in (Priors(), Priors(lesions=True)):
        for index in range(6):
            member = Member(SAMPLE, index, Split.TRAIN, CLASSES[index % 4], priors)
            scan = draw_scans(member, Drawing(1, View.ROI, 2, 2))[0]
            found[priors.lesions] |= bool(np.isin(scan.mask, LESIONS).any())
            if (scan.mask == Label.MYOMA).sum() > 30:
                z = from_window(scan.pixels)
                assert z[scan.mask == Label.MYOMA].mean() < z[scan.mask == Label.FAT].mean()
                assert scan.figo in ("2", "4", "6")
    assert found == {False: False, True: True}


def test_the_type_is_that_of_the_largest_myoma():
    small, large = Lesion(0.5, 1, 0.5, 0, 5, "2"), Lesion(0.5, 1, 0.9, 0, 15, "6")
    cyst = Lesion(0.5, 1, 0.5, 0, 20, None)
    assert largest_figo((small, cyst, large)) == "6"
    assert largest_figo((cyst,)) is None


def test_sizes_stay_in_their_ranges():
    rng = np.random.default_rng(0)
    drawn = [lesion for _ in range(200) for lesion in draw_lesions(rng)]
    assert all(4 <= one.radius <= 26 for one in drawn if one.figo)
    assert all(one.radius <= 4.5 for one in drawn if not one.figo)
