"""Cards of models and collections: Hugging Face's format, and nothing but what model.json, catalogue and audit say."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT

from benchmarks import originals
from fingerspell.datasets.published import catalogue
from fingerspell.inference import released
from fingerspell.inference.predictor import DESCRIPTION
from tools import dataset_cards, front_matter, release

COLLECTIONS = [name for name, dataset in catalogue.DATASETS.items() if not dataset.collections]
MODELS = {name: released.FOLDER / name / "README.md" for name in released.names()}
CARDS = MODELS | {name: ROOT / dataset_cards.CARDS / f"{name}.md" for name in COLLECTIONS}
# Of https://huggingface.co/docs/hub/repositories-licenses those that can occur here
LICENCES = {"mit", "apache-2.0", "gpl-2.0", "cc-by-4.0", "cc-by-sa-4.0", "other"}
BOUNDS = {"n<1K": (0, 1e3), "1K<n<10K": (1e3, 1e4), "10K<n<100K": (1e4, 1e5), "100K<n<1M": (1e5, 1e6)}


def header(path: Path) -> dict:
    """Return the front matter of a card, as Hugging Face reads it: YAML between the first two lines of three dashes."""
    found = re.match(r"---\n(.*?)\n---\n", path.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"{path} has no front matter"
    return yaml.safe_load(found[1])


def described(name: str) -> dict:
    return json.loads((released.FOLDER / name / DESCRIPTION).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MODELS)
def test_the_card_of_a_model_is_what_its_description_gives(name):
    assert MODELS[name].read_text(encoding="utf-8") == release.card(described(name)), (
        "run `python -m tools.release --cards`"
    )


def test_all_cards_of_models_are_written_anew(tmp_path, monkeypatch):
    for name in MODELS:
        shutil.copytree(released.FOLDER / name, tmp_path / name)
        (tmp_path / name / "README.md").write_text("old")
    monkeypatch.setattr(released, "FOLDER", tmp_path)
    release.cards()
    for name, path in MODELS.items():
        assert (tmp_path / name / "README.md").read_bytes() == path.read_bytes()


def test_every_collection_has_its_card_and_no_card_is_without_one():
    assert sorted(COLLECTIONS) == sorted(dataset_cards.about())
    assert {path.stem for path in (ROOT / dataset_cards.CARDS).glob("*.md")} == set(COLLECTIONS)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_the_card_of_a_collection_is_what_catalogue_and_audit_give(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert CARDS[name].read_text(encoding="utf-8") == dataset_cards.card(name), "run `python -m tools.dataset_cards`"


@pytest.mark.parametrize("name", CARDS)
def test_every_link_of_a_card_leads_somewhere(name):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", CARDS[name].read_text(encoding="utf-8")):
        assert "://" in target or (CARDS[name].parent / target).exists(), target


# The front matter, by https://github.com/huggingface/hub-docs/blob/main/modelcard.md and datasetcard.md


@pytest.mark.parametrize("name", CARDS)
def test_a_header_tells_language_licence_and_tags(name):
    found = header(CARDS[name])
    assert all(re.fullmatch("[a-z]{2,3}", code) for code in found["language"])
    assert found["license"] in LICENCES and ("license_link" in found) == (found["license"] == "other")
    assert {"sign-language", "fingerspelling"} < set(found["tags"])


@pytest.mark.parametrize("name", MODELS)
def test_the_header_of_a_model_holds_its_figures_as_a_model_index(name):
    found, description = header(MODELS[name]), described(name)
    assert (found["pipeline_tag"], found["library_name"]) == ("image-classification", "litert")
    assert set(found["datasets"]) <= set(COLLECTIONS)
    [model] = found["model-index"]
    assert model["name"] == name and len(model["results"]) == len(description["figures"])
    for result, figures in zip(model["results"], description["figures"].values()):
        assert result["task"]["type"] == found["pipeline_tag"] and {"type", "name"} <= result["dataset"].keys()
        values = {metric["name"]: metric["value"] for metric in result["metrics"]}
        assert all(metric["type"] for metric in result["metrics"])
        assert values["Accuracy"] == figures["accuracy"] and values["Macro F1"] == figures["macro_f1"]
        assert values["Top-3 accuracy"] == figures["top3_accuracy"]


def test_what_a_model_learnt_from_is_no_data_set_where_it_was_drawn():
    description = described("asl_reader")
    description["parameters"]["datasets"]["american"]["source"] = "rendered"
    found = release.metadata(description)
    assert "datasets" not in found
    assert "drawn anew" in found["model-index"][0]["results"][0]["dataset"]["name"]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_the_header_of_a_collection_tells_its_task_size_and_page(name):
    found, dataset = header(CARDS[name]), catalogue.find(name)
    assert found["task_categories"] == ["image-classification"] and found["homepage"] == dataset.page
    [size] = found["size_categories"]
    low, high = BOUNDS[size]
    assert low < dataset.images < high


def test_a_header_is_read_as_it_was_written():
    written = {"name": "no", "language": ["no", "ar"], "value": 0.5, "title": "a: b # c", "letter": "ع"}
    text = front_matter.header(written)
    assert text.startswith("---\n") and text.endswith("\n---\n") and "ع" in text
    assert yaml.safe_load(text.strip("-\n")) == written


# What the text says


def test_a_card_tells_what_the_audit_found():
    text, numbers = (
        CARDS["arasl"].read_text(encoding="utf-8"),
        originals.read(ROOT / originals.ORIGINAL)["audit"]["arasl"],
    )
    for said in (
        "All 54,049 images were looked at.",
        f"| pixel-identical copies, beyond the first of each set | {numbers['copies']:,} |",
        f"| clusters of near-duplicates | {numbers['near_clusters']:,} |",
        "| `ain` | ع | 2,114 |",
        "| `arasl_cnn_grouped` | grouped |",
    ):
        assert said in text, said
    assert sum(numbers["of_two_labels"].values()) == numbers["two_labels"]
    assert sum(numbers["of_size"].values()) == numbers["images"]


def test_a_card_says_how_much_of_a_collection_was_looked_at():
    assert "8,728 of 87,028 images were looked at, one in 10" in CARDS["asl_alphabet"].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["synthetic_asl", "aasl"])
def test_the_card_of_what_was_not_at_hand_says_so_and_gives_no_figure_of_an_audit(name):
    text = CARDS[name].read_text(encoding="utf-8")
    assert name not in originals.read(ROOT / originals.ORIGINAL)["audit"]
    assert "Nothing: the archive was not at hand." in text and f"gallery@{name}` looks at every image once" in text
    assert not re.search(r"\d near-duplicate|\| found \|", text)


@pytest.mark.parametrize("name", MODELS)
def test_the_code_of_a_card_reads_a_picture(name, tmp_path, monkeypatch, capsys):
    [code] = re.findall(r"```python\n(.*?)```", MODELS[name].read_text(encoding="utf-8"), re.DOTALL)
    samples = json.loads((released.FOLDER / name / "samples.json").read_text(encoding="utf-8"))
    sample = max(samples, key=lambda file: max(samples[file]))
    shutil.copy(released.FOLDER / name / "samples" / sample, tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    label = Path(sample).stem
    description, said = described(name), capsys.readouterr().out.split()[0]
    assert description["classes"][np.argmax(samples[sample])] == label
    assert said in (label, description["letters"][description["classes"].index(label)])
