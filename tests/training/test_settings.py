import pytest
import yaml

from synthuterus_bench.errors import UsageError
from synthuterus_bench.training.config import AutoencoderConfig, GeneratorConfig, LoopConfig
from synthuterus_bench.training.settings import Layer, dump_settings, merge, parse_assignments, read_mapping


def test_later_layers_are_stronger():
    config = merge(LoopConfig, [Layer("a", {"steps": 5, "batch": 2}), Layer("b", {"steps": 7}), Layer("c", {})])
    assert (config.steps, config.batch, config.lr) == (7, 2, LoopConfig().lr)


def test_files_may_be_yaml_or_json(tmp_path):
    (tmp_path / "a.yaml").write_text("lr: 1e-4\nprecision: no\nperceptual: off\nchannels: [32, 64]\nbalance: false\n")
    (tmp_path / "a.json").write_text('{"lr": 1e-4, "precision": "no", "perceptual": "off", "channels": [32, 64],'
                                     '"balance": false}')  # fmt: skip
    one, other = (read_mapping(tmp_path / f"a.{kind}") for kind in ("yaml", "json"))
    assert one == other
    config = merge(GeneratorConfig, [Layer("file", one)])
    assert (config.lr, config.precision, config.perceptual, config.balance) == (1e-4, "no", "off", False)


def test_assignments_are_yaml_values():
    found = parse_assignments(["steps=1e3", "channels=[16, 32]", "slices=central3", "precision=no", "lr=2.5E-05"])
    assert found == {"steps": 1000.0, "channels": [16, 32], "slices": "central3", "precision": "no", "lr": 2.5e-5}
    assert merge(GeneratorConfig, [Layer("--set", found)]).steps == 1000
    for bad in ("steps", "=3", "channels=[1"):
        with pytest.raises(UsageError, match="--set"):
            parse_assignments([bad])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"batch": 0}, "there: batch is 0, expected greater than or equal to 1"),
        ({"average": 1}, "there: average is 1, expected less than 1"),
        ({"drop_class": 1.0}, "there: drop_class is 1.0, expected less than 1"),
        ({"prediction": "noise"}, "there: prediction is noise, expected 'epsilon', 'v_prediction' or 'sample'"),
        ({"steps": 1.5}, "there: steps is 1.5, expected a valid integer"),
        ({"channels": "x"}, "there: channels is x, expected a list"),
        ({"channels": [64, 70]}, r"there: channels is \[64, 70\], expected one width a level, all multiples of 16"),
        ({"bacth": 3}, "there: no setting 'bacth', expected one of: accumulate, attention"),
    ],
)
def test_bad_settings_are_named_with_what_is_allowed(values, said):
    with pytest.raises(UsageError, match=said) as error:
        merge(GeneratorConfig, [Layer("here", {"seed": 1}), Layer("there", values)])
    if "bacth" in values:
        assert error.value.hint == "did you mean batch?"


def test_files_that_hold_no_settings_are_named(tmp_path):
    for text in ("", "[1, 2]", "{", "1: 2", "just words"):
        (tmp_path / "bad.yaml").write_text(text)
        with pytest.raises(UsageError, match=r"bad\.yaml: "):
            read_mapping(tmp_path / "bad.yaml")
    with pytest.raises(UsageError, match=r"gone\.yaml: not readable"):
        read_mapping(tmp_path / "gone.yaml")


@pytest.mark.parametrize("config", [GeneratorConfig(lr=1e-5, precision="no"), AutoencoderConfig(), LoopConfig()])
def test_what_is_printed_can_be_read_again(config, tmp_path):
    text = dump_settings(config)
    (tmp_path / "mine.yaml").write_text(text)
    assert merge(type(config), [Layer("mine", read_mapping(tmp_path / "mine.yaml"))]) == config
    assert merge(type(config), [Layer("mine", yaml.safe_load(text))]) == config, "other readers of YAML agree"
    assert all(": " in line for line in text.splitlines()), "one line a setting"
