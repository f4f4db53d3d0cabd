import io
import re
from dataclasses import replace

import numpy as np
import pytest
import yaml
from PIL import Image

from synthuterus_bench.errors import DataError, UsageError
from synthuterus_bench.release.card import CARD_FILES, licence_of, size_category, write_card
from synthuterus_bench.release.measured import measured
from synthuterus_bench.release.parts import read_parts
from synthuterus_bench.release.plot import draw_composition
from synthuterus_bench.vocab import Licence
from tests.board.samples import entry
from tests.release.made import add_selftest, change_log, make_release, sign


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("card") / "synthuterus", scans=12)


def card(folder):
    return (folder / "README.md").read_text(encoding="utf-8")


def words(folder):
    return " ".join(card(folder).split())


def of(release, **changes):
    """An entry of the images of ``release``."""
    digest = read_parts(release)[0].manifest.digest
    made = entry(**changes)
    return made.model_copy(update={"dataset": made.dataset.model_copy(update={"manifest_sha256": digest})})


def test_the_head_is_what_the_hub_reads(release):
    head = yaml.safe_load(card(release).split("---\n")[1])
    assert (head["license"], head["pretty_name"], head["size_categories"]) == ("cc-by-4.0", "SynthUterus ROI", ["n<1K"])
    assert head["configs"] == [
        {"config_name": "roi", "default": True, "data_files": [{"split": "train", "path": "roi/train-*.parquet"}]}
    ]
    assert {"synthetic", "phantom"} <= set(head["tags"])


def test_the_table_counts_the_rows(release):
    assert "| field strength | av-af | av-rf | rv-af | rv-rf | all |\n|---|---|---|---|---|---|\n" in card(release)
    rows = re.findall(r"^\| (0\.55|1\.5|3) T \| (.*) \|$", card(release), re.M)
    counts = {field: [int(cell) for cell in cells.split(" | ")] for field, cells in rows}
    assert counts == {"0.55": [1, 1, 1, 1, 4], "1.5": [1, 1, 1, 1, 4], "3": [1, 1, 1, 1, 4]}
    (part,) = read_parts(release)
    assert sum(part.counts.values()) == part.rows == 12


def test_privacy_is_told_as_the_log_has_it(release):
    said = words(release)
    assert "**Filtered, not proven private.**" in said
    assert "each of 13 candidates was compared with all 100 training images" in said
    assert "Rejected and replaced: 1 (tau 1). The largest similarity allowed is 0.95, the largest kept 0.61" in said
    assert "Self-test" not in said


def test_a_reference_that_is_not_the_training_data_is_said(tmp_path):
    made = make_release(tmp_path / "synthuterus", reference_is_training_data=False)
    assert "images of another cohort (digest `dddddddddddd`), **not the generator's training images**" in words(made)


def test_a_selftest_becomes_a_table(tmp_path):
    made = make_release(tmp_path / "synthuterus")
    add_selftest(made)
    sign(made, card=True)
    assert "| flip | 99 of 100 |  |  |" in card(made)
    assert "Of 1,000 images of other patients 3 rejected" in words(made)


def test_patients_are_not_called_a_phantom(tmp_path):
    made = make_release(tmp_path / "synthuterus", training_preset=None, training_cohort="ward `7`\n# x | y")
    assert "phantom" not in card(made)
    assert "| `ward 7 # x y` |" in card(made)
    croissant = (made / "croissant.json").read_text(encoding="utf-8")
    assert "learned from scans of patients" in croissant
    assert "another cohort" not in croissant


def test_classes_that_were_measured_are_called_so(tmp_path):
    changes = {"classes": "measured", "localiser_sha256": "f" * 64}
    made = make_release(tmp_path / "synthuterus", "ddpm2d-uncond-roi", **changes)
    assert "were **measured** on each image" in words(made)
    assert "| ambiguous | all |" in card(made)


def test_entries_fill_the_table_of_results(release):
    one = of(release)
    write_card(release, [one])
    said = words(release)
    assert f"entry `{one.id[:12]}`" in said
    ok = next(result for result in one.results if result.value is not None)
    assert ok.metric in said
    assert f"{ok.value:.3g}" in said
    missing = next((result for result in one.results if result.value is None), None)
    assert missing is None or missing.reason in said
    write_card(release)
    assert "## Measured" not in card(release)


def test_an_entry_writes_no_markup_into_the_card(release):
    one = of(release)
    evil = "<script>x</script> | [a](http://b) `c`\n# d"
    result = one.results[0].model_copy(update={"value": None, "ci": None, "status": "failed", "reason": evil})
    one = one.model_copy(update={"results": [result], "suite": one.suite.model_copy(update={"reference": evil})})
    table = measured(one, read_parts(release))
    assert table.rows[0][1][0] == "failed: script x /script a (http://b) c d"
    assert table.reference == "script x /script a (http://b) c d"


def test_an_entry_of_other_images_is_refused(release):
    with pytest.raises(UsageError, match="found one of other images"):
        measured(entry(), read_parts(release))


def test_a_licence_can_be_chosen_and_configs_must_agree(release, tmp_path):
    made = make_release(tmp_path / "synthuterus", licence="cc0-1.0")
    assert card(made).startswith("---\nlicense: cc0-1.0\n")
    assert (made / "LICENSE").read_text(encoding="utf-8").startswith("Creative Commons CC0 1.0 Universal")
    assert '"https://creativecommons.org/publicdomain/zero/1.0/"' in (made / "croissant.json").read_text(
        encoding="utf-8"
    )
    parts = [*read_parts(made), *read_parts(release)]
    with pytest.raises(DataError, match=r"cc-by-4\.0, cc0-1\.0"):
        licence_of(parts)
    assert licence_of(parts[:1]) is Licence.CC0_1_0


@pytest.mark.parametrize(("rows", "name"), [(999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (10**6, "n>1M")])
def test_size_categories(rows, name):
    assert size_category(rows) == name


def test_the_same_release_gives_the_same_card_whatever_matplotlib_is_set_to(release):
    import matplotlib as mpl

    before = {name: (release / name).read_bytes() for name in CARD_FILES}
    with mpl.rc_context({"figure.dpi": 300, "font.size": 30, "axes.facecolor": "red"}):
        write_card(release)
    assert {name: (release / name).read_bytes() for name in CARD_FILES} == before


def test_the_plot_shows_every_field_strength_in_its_colour(release):
    (part,) = read_parts(release)
    pixels = np.asarray(Image.open(io.BytesIO(draw_composition([part]))))
    areas = [(pixels == np.array(colour)).all(-1).sum() for colour in ((185, 214, 232), (90, 162, 201), (11, 95, 125))]
    assert min(areas) > 5000
    assert max(areas) < 1.25 * min(areas), "equal counts have equal bars, but for their numbers"
    fewer = replace(part, counts=part.counts.__class__({key: n for key, n in part.counts.items() if key[1] != 1.5}))
    pixels = np.asarray(Image.open(io.BytesIO(draw_composition([fewer]))))
    assert not (pixels == np.array((90, 162, 201))).all(-1).any()


def test_a_log_that_lacks_what_the_card_tells_is_refused(tmp_path):
    made = make_release(tmp_path / "synthuterus")
    change_log(made, lambda records: records[0].pop("seed"))
    with pytest.raises(DataError, match=r"lacks what a card tells: .*seed"):
        write_card(made)
