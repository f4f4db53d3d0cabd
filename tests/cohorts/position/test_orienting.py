from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.cohorts.position.orienting import examination, measure_all, orient_cohort
from synthuterus_bench.cohorts.position.overlay import MAX_TILES, check_path, overlay_png, said, tiles, write_overlays
from synthuterus_bench.cohorts.record import Manifest, Scan
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError, DataError
from synthuterus_bench.vocab import Label, Orientation, Split, View
from tests.cohorts.position.tubes import Tubes

PLAIN = Tubes(side=128).draw()


def scan(name, mask=PLAIN, patient=None, **facts):
    pixels = np.where(np.zeros(PLAIN.shape) if mask is None else mask, 30000, 9000).astype(np.uint16)
    spacing = (4.0, 1.0, 1.0)[-pixels.ndim :]
    return Scan(name, pixels, spacing, Split.TRAIN, "tubes", View.ROI, patient, mask=mask, **facts)


def write(folder, scans):
    dims = scans[0].pixels.ndim
    manifest = Manifest(name="tubes", view=View.ROI, dims=dims, intensity="window", splits={}, digest="")
    writer = CohortWriter(folder, manifest)
    for one in scans:
        writer.add(one)
    return writer.close()


def without_cavity(mask):
    return np.where(mask == Label.ENDOMETRIUM, Label.MYOMETRIUM, mask).astype(np.uint8)


def test_rows_get_class_angles_basis_and_confidence(tmp_path):
    back = Tubes(version=-40, flexion=-50, side=128).draw()
    cohort = write(tmp_path / "in", [scan("a"), scan("b", back)])
    made = orient_cohort(cohort, tmp_path / "out")
    first, second = load_cohort(tmp_path / "out").scans()
    assert (first.orientation, second.orientation) == (Orientation.AV_AF, Orientation.RV_RF)
    assert first.version_deg == pytest.approx(60, abs=4)
    assert second.flexion_deg == pytest.approx(-50, abs=4)
    assert first.angle_basis == "vagina"
    assert 0.9 < first.orientation_confidence <= 1
    assert np.array_equal(first.pixels, next(cohort.scans()).pixels)
    assert made.cohort.manifest.digest != cohort.manifest.digest
    assert made.as_json()["orientations"] == {"av-af": 1, "rv-rf": 1}
    assert made.as_text() == "1 av-af, 1 rv-rf; examinations measured: 2 against vagina"


def test_images_of_a_session_share_what_the_one_with_most_cavity_shows(tmp_path):
    other = without_cavity(Tubes(version=-40, flexion=-50, side=128).draw())
    scans = [
        scan("a-0", other, "a", session="1"),
        scan("a-1", PLAIN, "a", session="1"),
        scan("a-2", other, "a", session="2"),
        scan("a-3", None, "a", session="1"),
    ]
    made = orient_cohort(write(tmp_path / "in", scans), tmp_path / "out")
    rows = [*made.cohort.scans()]
    assert [row.orientation for row in rows] == ["av-af", "av-af", "rv-rf", "av-af"]
    assert rows[0].version_deg == rows[1].version_deg == rows[3].version_deg
    assert {one.scan_id for one in made.found.values()} == {"a-1", "a-2"}


def test_volumes_are_examinations_of_their_own():
    volume = replace(scan("v", patient="a"), pixels=np.zeros((2, 9, 9), np.uint16))
    assert examination(volume) == ("v", None)
    assert examination(scan("i", patient="a", session="2")) == ("a", "2")
    assert examination(scan("i")) == ("i", None)


def test_kept_rows_stay_as_they_are(tmp_path):
    scans = [scan("a", orientation=Orientation.RV_AF, version_deg=-20.0, angle_basis="drawn"), scan("b")]
    made = orient_cohort(write(tmp_path / "in", scans), tmp_path / "out", keep=True)
    first, second = made.cohort.scans()
    assert (first.orientation, first.version_deg, first.angle_basis) == ("rv-af", -20.0, "drawn")
    assert second.orientation is Orientation.AV_AF
    assert made.kept == 1


def test_what_cannot_be_measured_is_told_and_ambiguous(tmp_path):
    told = []
    scans = [
        scan("a", orientation=Orientation.AV_AF),
        scan("b", np.ones((128, 128), np.uint8), orientation=Orientation.AV_AF),
    ]
    scans.append(scan("c", None, orientation=Orientation.AV_RF))
    made = orient_cohort(write(tmp_path / "in", scans), tmp_path / "out", tell=told.append)
    rows = {row.scan_id: row for row in made.cohort.scans()}
    assert told == ["b: not measured, no uterus in the mask"]
    assert (rows["b"].orientation, rows["b"].orientation_confidence) == ("ambiguous", 0.0)
    assert rows["c"].orientation is Orientation.AV_RF
    assert made.bare == 1
    assert "1 examinations not measured; 1 scans without a mask left as they were" in made.as_text()


def test_a_cohort_without_masks_is_refused_and_leaves_nothing(tmp_path):
    cohort = write(tmp_path / "in", [scan("a", None)])
    with pytest.raises(CohortError, match="found no masks"):
        orient_cohort(cohort, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_the_number_of_workers_changes_nothing(tmp_path):
    cohort = write(tmp_path / "in", [scan("a"), scan("b", Tubes(version=-30, side=128).draw())])
    one, two = (orient_cohort(cohort, tmp_path / str(n), workers=n).cohort.manifest for n in (1, 2))
    assert one == two


def test_overlays_are_the_same_bytes_twice_and_show_the_axes(tmp_path):
    cohort = write(tmp_path / "in", [scan("a"), scan("b", without_cavity(PLAIN))])
    page = [*tiles(cohort, measure_all(cohort).values())]
    picture = overlay_png(page)
    assert picture == overlay_png(page)
    assert [tile.title for tile in page] == ["a", "b"]
    assert "av-af" in said(page[0].measured)
    bare = [replace(tile, measured=replace(tile.measured, axes=None)) for tile in page]
    assert overlay_png(bare) != picture


def test_a_sheet_holds_twelve_and_a_folder_all(tmp_path):
    cohort = write(tmp_path / "in", [scan(f"s{number:02d}") for number in range(MAX_TILES + 1)])
    found = measure_all(cohort)
    assert write_overlays(cohort, found.values(), tmp_path / "axes.png") == MAX_TILES
    assert write_overlays(cohort, found.values(), tmp_path / "axes") == MAX_TILES + 1
    assert (tmp_path / "axes" / "s12.png").is_file()
    with pytest.raises(DataError, match="a folder with files in it"):
        check_path(tmp_path / "axes")


def test_the_overlay_of_a_volume_is_of_the_slice_measured(tmp_path):
    volume = np.stack([without_cavity(PLAIN), PLAIN, np.zeros_like(PLAIN)])
    cohort = write(tmp_path / "in", [scan("v", volume)])
    [tile] = tiles(cohort, measure_all(cohort).values())
    assert np.array_equal(tile.mask, PLAIN)
    assert tile.picture.shape == PLAIN.shape
