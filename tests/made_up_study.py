"""A finished study, made up: every file that the report reads, of three experiments with three classes each."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import yaml
from conftest import ROOT
from PIL import Image

from fingerspell.datasets.published import catalogue
from fingerspell.evaluation.predictions import Predictions

# Experiment → labels and letters, and for each test image its class and what it is read as.
EXPERIMENTS = {
    "asl_cnn": (["A", "B", "nothing"], None, "AA AA AB BB BB BA nn nn nn nn"),
    "asl_cnn_grouped": (["A", "B", "nothing"], None, "AA AB AB AB AB AB AB AB nn BA"),
    "arasl_cnn": (["ain", "bb", "taa"], ["ع", "ب", "ت"], "aa aa ab bb bt tt tt ta"),
}
LEAKAGE = {"asl_cnn": 0.345, "asl_cnn_grouped": 0.0, "arasl_cnn": 0.218}
ROBUST = ("asl_cnn", "arasl_cnn")


def make(root: Path) -> Path:
    """Write the study below a folder and return it."""
    params(root)
    for name in ("asl_alphabet", "arasl"):
        dataset(root, name)
    for name, (classes, letters, answers) in EXPERIMENTS.items():
        initials = {label[0]: at for at, label in enumerate(classes)}
        pairs = [(initials[truth], initials[guess]) for truth, guess in answers.split()]
        experiment(root, name, classes, letters or classes, pairs)
    evidence(root)
    comparison(root)
    return root


def params(root: Path) -> None:
    """The project's own parameters, cut down."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    values["datasets"] = {name: values["datasets"][name] for name in ("asl_alphabet", "arasl")}
    values["experiments"] = {name: values["experiments"][name] for name in EXPERIMENTS}
    for key in ("autoencoders", "compositions", "crops", "exports", "external"):
        values[key] = {}
    values["landmarks"] = ["arasl"]
    values["evidence"] = {"comparisons": [], "images": 10, "robustness": [*ROBUST], "explanations": ["asl_cnn"]}
    write(root / "params.yaml", yaml.safe_dump(values, sort_keys=False))


def dataset(root: Path, name: str) -> None:
    """What is known of a dataset, its archive without images, two pictures."""
    found = {"images": 463, "classes": 29, "unreadable": 0, "copies": 2, "two_labels": 1, "near_images": 160}
    found |= {"near_clusters": 70, "largest_cluster": 3, "near_two_labels": 0, "unlike": 20}
    write(root / f"metrics/audit/{name}.json", found)
    write(root / f"metrics/landmarks/{name}.json", {"images": 463, "found": 0.918})
    archive = catalogue.find(name).archive
    source = {"source": "rendered", "archive": archive, "sha256": 64 * "a", "size": 1}
    write(root / f"data/raw/{name}/source.json", source)
    with zipfile.ZipFile(root / f"data/raw/{name}/{archive}", "w"):
        pass
    picture(root / f"plots/{name}.png")
    picture(root / f"plots/audit/{name}/near.png")


def experiment(
    root: Path, name: str, classes: list[str], letters: list[str], pairs: list[tuple[int, int]], surest: float = 0.9
) -> Predictions:
    """All that an experiment leaves; pairs: of each test image its class and what it is read as.

    The images lie in the archive of its dataset. Of those that are read alike the first is read most surely.
    """
    dataset = "arasl" if name.startswith("arasl") else "asl_alphabet"
    members = [f"{classes[truth]}/{name}-{at}.png" for at, (truth, _) in enumerate(pairs)]
    probabilities = np.full((len(pairs), len(classes)), 0.0)
    for at, (_, guess) in enumerate(pairs):
        sure = surest - 0.01 * (at % 30)
        probabilities[at] = (1 - sure) / (len(classes) - 1)
        probabilities[at, guess] = sure
    table = Predictions(members, np.array([truth for truth, _ in pairs]), probabilities, tuple(classes))
    table.write(root / f"data/predictions/{name}.csv")
    with zipfile.ZipFile(root / f"data/raw/{dataset}/{catalogue.find(dataset).archive}", "a") as archive:
        for at, member in enumerate(members):
            if member not in archive.namelist():
                archive.writestr(member, png(at))
    metrics = {"accuracy": round(float(table.correct.mean()), 6), "accuracy_low": 0.1, "accuracy_high": 0.95}
    metrics |= {"macro_f1": 0.5, "top3_accuracy": 1.0, "expected_calibration_error": 0.12, "test_images": len(table)}
    metrics |= {"leakage_pixels": LEAKAGE[name], "leakage_hash": 0.1, "source": "rendered"}
    write(root / f"metrics/{name}.json", metrics)
    bursts = {"bursts": 7, "accuracy_bursts_low": 0.05, "accuracy_bursts_high": 0.98, "log_loss": 1.0}
    write(root / f"plots/{name}/metrics.json", bursts)
    history = "epoch,loss,accuracy,val_loss,val_accuracy\n1,2.5,0.2,2.6,0.1\n2,nan,0.4,2.1,0.3\n3,1.2,0.6,1.9,0.35\n"
    write(root / f"plots/history/{name}.csv", history)
    write(root / f"models/{name}/model.json", description(name, dataset, classes, letters, len(pairs)))
    write(root / f"models/{name}/model.weights.h5", "weights")
    return table


def description(name: str, dataset: str, classes: list[str], letters: list[str], images: int) -> dict:
    """A `model.json`."""
    return {
        "experiment": name, "model": "cnn", "dataset": dataset, "classes": classes, "letters": letters,
        "image_size": 32, "channels": 3, "resample": "bilinear", "precision": "float32", "dropout": 0.3,
        "seeds": [20], "augment": {"flip": False}, "tta_scales": [1.0], "tta_rotations": [0.0], "composition": None,
        "packages": {"keras": "3.15.1", "numpy": "2.4.6"}, "images": {"train": 290, "validation": 58, "test": images},
    }  # fmt: skip


def evidence(root: Path) -> None:
    """What trained models were asked beside their own test images."""
    interval = {"accuracy_low": 0.05, "accuracy_high": 0.9}
    for name in EXPERIMENTS:
        accuracy = json.loads((root / f"metrics/{name}.json").read_text())["accuracy"]
        own = {"set": "arasl" if name.startswith("ar") else "asl_alphabet", "kind": "rendered", "own": True}
        cells = [own | {"images": 10, "classes": 3, "accuracy": accuracy} | interval]
        if not name.startswith("ar"):
            far = {"set": "photos", "kind": "external", "own": False, "images": 12, "classes": 3, "accuracy": 0.125}
            empty = {"set": "none", "kind": "external", "own": False, "images": 0, "classes": 0, "accuracy": None}
            cells += [far | interval, empty | {"accuracy_low": None, "accuracy_high": None}]
        write(root / f"metrics/cross/{name}.json", {"experiment": name, "alphabet": "american", "sets": cells})
    for name in ROBUST:
        levels = {
            "blur": [{"level": at, "amount": at, "accuracy": 0.6 - 0.1 * at} for at in range(1, 6)],
            "motion_blur": [{"level": at, "amount": at, "accuracy": 0.6 - 0.05 * at} for at in range(1, 6)],
        }
        nobody = {"images": 0, "accuracy": None, "accuracy_low": None, "accuracy_high": None}
        found = {"experiment": name, "images": 10, "clean": 0.6, **interval, "disturbances": levels, "mean": 0.375}
        found |= {"background": {"images": 8, "plain": 0.5, "scenes": 0.3, "difference": -0.2}}
        found |= {"skin": [{"lightness": [40.2, 55.0], "images": 5, "accuracy": 0.4} | interval]}
        found |= {"hand": {"left": nobody, "right": {"images": 10, "accuracy": 0.6} | interval}}
        write(root / f"metrics/robustness/{name}.json", found)
        bins = [{"confidence": 0.3, "accuracy": 0.4, "images": 3}, {"confidence": 0.9, "accuracy": 0.7, "images": 7}]
        validated = name == "asl_cnn"  # the other one has no validation images
        write(
            root / f"metrics/calibration/{name}.json",
            {
                "experiment": name,
                "validation_images": 58 if validated else 0,
                "temperature": 1.5 if validated else None,
                "expected_calibration_error": {"before": 0.21, "after": 0.08 if validated else None},
                "log_loss": {"before": 1.2, "after": 0.9 if validated else None},
                "withheld": [{"share": 0.0, "accuracy": 0.7}, {"share": 0.2, "accuracy": 0.8}],
                "bins": {"before": bins, "after": bins if validated else None},
            },
        )
    shares = {"on_hand": 0.371, "on_hand_right": 0.488, "on_hand_wrong": None, "on_hand_untrained": 0.255}
    shares |= {"experiment": "asl_cnn", "images": 10, "accuracy": 0.5, "hand_area": 0.217, "pointing": 0.539}
    write(root / "metrics/explanations/asl_cnn.json", shares)
    for kind in ("scenes", "right"):
        picture(root / f"plots/explanations/asl_cnn/{kind}.png")


def comparison(root: Path) -> None:
    """Experiments side by side."""
    write(root / "plots/comparison/sentences.md", "- `asl_cnn_grouped` is worse than `asl_cnn`: 0.200 against 0.800.\n")
    columns = "first,second,shared,first_accuracy,second_accuracy,only_first,only_second,p,p_holm\n"
    pair = "asl_cnn,asl_cnn_grouped,{},0.86,0.44,18,3,{},{}\n"
    rows = pair.format(1036, 1e-30, 3.3e-29) + pair.format(900, 0.02, 0.04)
    write(root / "plots/comparison/pairs.csv", columns + rows)


def costs(root: Path) -> None:
    """What differs from run to run."""
    for stage, seconds in {"train-asl_cnn": 12.5, "evaluate-asl_cnn": 3.25, "train-arasl_cnn": 20.0}.items():
        write(root / f"logs/{stage}.json", {"seconds": seconds, "peak_bytes": 3 * 2**29})
    row = "arasl_cnn,epochs,{},0.{}5,0.1,0.9,577,{}.5,1073741824,2000000,0.42\n"
    columns = "experiment,swept,value,accuracy,accuracy_low,accuracy_high,train_images,train_seconds,peak_bytes"
    rows = "".join(row.format(value, value, value) for value in (2, 4, 8))
    write(root / "docs/results/sweeps.csv", f"{columns},model_bytes,ms_per_image\n{rows}")


def write(path: Path, value: object) -> None:
    """Write text, or a value as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), encoding="utf-8")


def picture(path: Path) -> None:
    """Write a PNG of 60×40 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(0, (60, 40)))


def png(seed: int, size: tuple[int, int] = (80, 60)) -> bytes:
    """Return a PNG of one colour."""
    data = io.BytesIO()
    Image.new("RGB", size, tuple(np.random.default_rng(seed).integers(0, 256, 3).tolist())).save(data, "png")
    return data.getvalue()
