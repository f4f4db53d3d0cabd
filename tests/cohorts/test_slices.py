from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.record import Manifest
from synthuterus_bench.cohorts.slices import read_slices
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError
from synthuterus_bench.vocab import SliceChoice, Split


@pytest.fixture
def written(cohort, tmp_path):
    scan = next(cohort.scans(Split.TRAIN))

    def write(pixels, dims=2, intensity="window", places=None):
        writer = CohortWriter(tmp_path / "written", Manifest(
            name="n", view="roi", dims=dims, intensity=intensity, splits={}, digest=""))  # fmt: skip
        for index, one in enumerate(pixels):
            place = places[index] if places else None
            spacing = (4.0, 1.0, 1.0)[3 - dims :]
            writer.add(replace(scan, scan_id=f"s{index}", pixels=one, mask=None, slice_mm=place, spacing_mm=spacing))
        return writer.close()

    return write


def numbered(count):
    ramp = np.arange(64, dtype=np.uint16).reshape(8, 8)
    return [ramp + 100 * index for index in range(count)]


def test_all_images_are_taken_in_stored_order(cohort):
    found = read_slices(cohort, Split.TRAIN)
    pixels, scans = cohort.arrays(Split.TRAIN)
    assert np.array_equal(found.pixels, pixels)
    assert found.patients == [scan.patient_id for scan in scans]


@pytest.mark.parametrize(("slices", "expected"), [("all", [0, 1, 2, 3]), ("central3", [1, 2, 3]), ("mid", [2])])
def test_central_images_by_their_place(written, slices, expected):
    found = read_slices(written(numbered(4), places=[-6.0, -2.0, 2.0, 6.0]), Split.TRAIN, SliceChoice(slices))
    assert [int(picture[0, 0]) // 100 for picture in found.pixels] == expected
    assert found.scans == [f"s{index}" for index in expected]
    assert found.places.tolist() == expected


@pytest.mark.parametrize(("slices", "expected"), [("all", [0, 1, 2, 4]), ("central3", [1, 2]), ("mid", [2])])
def test_slices_of_volumes_without_empty_ones(written, slices, expected):
    volume = np.stack(numbered(5))
    volume[3] = 0
    found = read_slices(written([volume, volume], dims=3), Split.TRAIN, SliceChoice(slices))
    assert [int(picture[0, 0]) // 100 for picture in found.pixels] == 2 * expected
    assert found.places.tolist() == expected + [5 + place for place in expected]


def test_images_that_cannot_be_chosen_are_named(written, cohort):
    with pytest.raises(CohortError, match="s0: no slice_mm"):
        read_slices(written(numbered(4)), Split.TRAIN, SliceChoice.CENTRAL3)


def test_few_images_need_no_place(written):
    assert len(read_slices(written(numbered(3)), Split.TRAIN, SliceChoice.CENTRAL3).pixels) == 3


def test_imported_and_empty_are_refused(written):
    found = written(numbered(1), intensity="native")
    with pytest.raises(CohortError, match="imported cohort"):
        read_slices(found, Split.TRAIN)


def test_an_empty_split_is_named(written):
    with pytest.raises(CohortError, match="no scans in split test"):
        read_slices(written(numbered(1)), Split.TEST)
