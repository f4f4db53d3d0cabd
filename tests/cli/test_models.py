import json

from synthuterus_bench.cli import run
from synthuterus_bench.generators.catalogue import SHIPPED, every_id


def test_every_model_is_listed_with_what_it_needs(capsys):
    assert run(["--json", "models"]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {row["id"]: row for row in found["models"]}
    assert list(rows) == [str(one) for one in every_id()]
    assert [row["id"] for row in found["autoencoders"]] == ["ae2d", "vae2d"]
    assert [name for name, row in rows.items() if row["shipped"]] == [*SHIPPED]
    assert all(("checkpoint" in row["needs"]) is not row["shipped"] for row in rows.values())
    latent = {name for name, row in rows.items() if name.startswith("ldm2d") and not row["shipped"]}
    assert {name for name, row in rows.items() if "autoencoder" in row["needs"]} == latent
    assert [row["id"] for row in found["autoencoders"] if row["shipped"]] == ["vae2d"]
    assert {name.split("-")[1] for name, row in rows.items() if "localiser" in row["needs"]} == {"uncond", "text"}
    assert rows["ddpm3d-uncond-full"]["draws"] == [24, 256, 256]


def test_shipped_models_show_what_was_measured(capsys):
    assert run(["--json", "models"]) == 0
    found = json.loads(capsys.readouterr().out)["models"]
    measured = {row["id"]: row["measured"] for row in found}
    assert all((measured[name] is not None) is (name in SHIPPED) for name in measured)
    assert run(["models"]) == 0
    text = capsys.readouterr().out
    for name in SHIPPED:
        for quantity, value in measured[name]["quality"].items():
            assert quantity.endswith((" low", " high")) or f"{value:g}" in text


def test_the_list_fits_a_narrow_terminal_and_names_no_repository(capsys):
    assert run(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert not any("huggingface" in line or "openai/" in line for line in lines)
