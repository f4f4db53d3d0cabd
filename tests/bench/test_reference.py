"""The real side: frozen, whole, spread over patients; UMD found or asked for."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from synthuterus_bench.bench.parts import by_turns, read_split
from synthuterus_bench.bench.reference import load_reference, phantom_cohort, read_reference
from synthuterus_bench.bench.sets import whole_patients
from synthuterus_bench.cohorts.store import load_cohort
from synthuterus_bench.cohorts.writer import CohortWriter
from synthuterus_bench.errors import CohortError
from synthuterus_bench.vocab import Split


def test_every_patient_has_one_image_before_any_has_two():
    units = np.repeat([0, 1, 2], [4, 1, 4])
    order = by_turns(units)
    assert sorted(order) == [*range(9)]
    assert [*units[order]] == [0, 1, 2, 0, 2, 0, 2, 0, 2]
    assert [*order[units[order] == 0]] == [0, 2, 1, 3]
    assert [*order[units[order] == 2]] == [7, 5, 8, 6]
    assert [*by_turns(units, 1)] == [0, 4, 7]
    assert len(by_turns(np.empty(0, np.int64))) == 0


def test_first_images_of_patients_show_every_place():
    units = np.repeat(np.arange(8), 4)
    first = by_turns(units, 2).reshape(2, 8) % 4
    assert [*np.bincount(first[0])] == [2, 2, 2, 2]
    assert set(np.abs(first[0] - first[1])) == {2}


def test_compared_are_whole_patients_of_every_class():
    labels, units = np.array([0, 0, 0, 0, 1, 1]), np.array([5, 7, 5, 7, 9, 9])
    assert [*whole_patients(labels, units, 1)] == [0, -1, 0, -1, 1, 1]
    assert [*whole_patients(labels, units, 3)] == [0, 0, 0, 0, 1, 1]


def test_held_out_patients_have_as_many_images_as_the_suite_takes(cohort, suite):
    one = suite.model_copy(update={"images_per_patient": 1})
    every, single = (read_reference(cohort, each).test for each in (suite, one))
    assert len(single.labels) == len(np.unique(single.units)) == len(every.labels) // 2
    assert len(read_reference(cohort, one).train.labels) == len(read_reference(cohort, suite).train.labels)


def test_another_phantom_than_the_frozen_one_is_refused(suite, tmp_path):
    tiny = suite.model_copy(update={"phantom_scans": 48, "phantom_digest": "f" * 64})
    with pytest.raises(CohortError, match="expected the frozen ffffffffffff of suite small"):
        phantom_cohort(tiny, tmp_path)
    drawn = phantom_cohort(tiny.model_copy(update={"phantom_digest": None}), tmp_path)
    frozen = tiny.model_copy(update={"phantom_digest": drawn.manifest.digest})
    assert load_reference("phantom", frozen, tmp_path).public


def test_scans_altered_since_they_were_written_are_seen(cohort, suite, tmp_path):
    writer = CohortWriter(tmp_path / "altered", cohort.manifest)
    for number, scan in enumerate(cohort.scans()):
        writer.add(replace(scan, pixels=scan.pixels + 1) if number == 3 else scan)
    altered = writer.close()
    shutil.copy(cohort.root / "cohort.json", altered.root / "cohort.json")
    with pytest.raises(CohortError, match="altered since it was written"):
        read_reference(load_cohort(altered.root), suite)


def test_umd_is_found_in_the_cache_or_asked_for(cohort, suite, tmp_path):
    with pytest.raises(CohortError, match=r"found no .*umd-roi, expected UMD there") as error:
        load_reference("umd", suite, tmp_path)
    assert "cohort umd --download" in str(error.value.hint)
    place = tmp_path / "references" / "umd-roi"
    shutil.copytree(cohort.root, place)
    with pytest.raises(CohortError, match="found a cohort of phantom-v1, expected one of umd"):
        load_reference("umd", suite, tmp_path)
    manifest = place / "cohort.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"name":"phantom-v1"', '"name":"umd"'))
    real = load_reference("umd", suite, tmp_path)
    assert (real.name, real.public) == ("umd", True)
    assert not load_reference(str(cohort.root), suite).public


def test_a_split_tells_digests_of_all_its_scans(cohort, suite):
    read = read_split(cohort, Split.TEST, suite)
    assert len(read.scans) == cohort.manifest.splits[Split.TEST]
    assert len(read.images) == len(read.part.labels)
