"""The published names, quirks included, are understood; strays are not taken for images."""

import pytest

from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.errors import FingerspellError

ASL, SYNTHETIC, ARASL = DATASETS["asl_alphabet"], DATASETS["synthetic_asl"], DATASETS["arasl"]


@pytest.mark.parametrize(
    ("dataset", "name", "label", "part", "number"),
    [
        (ASL, "asl_alphabet_train/asl_alphabet_train/A/A17.jpg", "A", "train", 17),
        (ASL, "asl_alphabet_train/asl_alphabet_train/del/del3000.jpg", "del", "train", 3000),
        (ASL, "asl_alphabet_train/B/B2.JPG", "B", "train", 2),
        (ASL, "asl_alphabet_test/asl_alphabet_test/A_test.jpg", "A", "test", None),
        (ASL, "asl_alphabet_test/asl_alphabet_test/nothing_test.jpg", "nothing", "test", None),
        (SYNTHETIC, "Train_Alphabet/Blank/0f3a-77.png", "Blank", "train", None),
        (SYNTHETIC, "Test_Alphabet/Z/0012.png", "Z", "test", 12),
        (ARASL, "ArASL_Database_54K_Final/ain/AIN (1).JPG", "ain", "train", 1),
        (ARASL, "ArASL_Database_54K_Final/aleff/Aleff (1672).jpg", "aleff", "train", 1672),
        (ARASL, "mine/ArASL_Database_54K_Final/zay/ZAY (7).jpeg", "zay", "train", 7),
    ],
)
def test_published_names(dataset, name, label, part, number):
    assert dataset.parse(name) == catalogue.Member(name, label, part, number)


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        (ASL, "asl_alphabet_test/asl_alphabet_test/what_test.jpg"),
        (ASL, "asl_alphabet_test/asl_alphabet_test/A.jpg"),
        (ASL, "A/A1.jpg"),
        (ASL, "asl_alphabet_train/asl_alphabet_train/A/notes.txt"),
        (ASL, "__MACOSX/asl_alphabet_train/asl_alphabet_train/A/A1.jpg"),
        (ASL, "asl_alphabet_train/asl_alphabet_train/A/._A1.jpg"),
        (SYNTHETIC, "Synthetic ASL Alphabet overview.png"),
        (SYNTHETIC, "Train_Alphabet/overview.png"),
        (ARASL, "ArASL_Database_54K_Final/alif/ALIF (1).jpg"),
        (ARASL, "ArASL_Database_54K_Final/ain/old/AIN (1).jpg"),
        (ARASL, ""),
    ],
)
def test_strays(dataset, name):
    assert dataset.parse(name) is None


def test_published_sizes():
    assert (ASL.images, SYNTHETIC.images, ARASL.images) == (29 * 3000 + 28, 27 * 1000, 54_049)
    assert [len(dataset.classes) for dataset in DATASETS.values()] == [29, 27, 32]


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_entries_are_complete(dataset):
    assert list(dataset.classes) == sorted(dataset.counts["train"])
    assert set(dataset.folders) == set(dataset.counts)
    assert dataset.empty is None or dataset.empty in dataset.classes
    assert bool(dataset.kaggle) != bool(dataset.mendeley)
    assert len(set(dataset.letters.values())) == len(dataset.classes)


def test_unknown_dataset_is_refused_by_name():
    with pytest.raises(FingerspellError, match=r"asl_alphabett.*choose one of asl_alphabet, synthetic_asl, arasl"):
        catalogue.find("asl_alphabett")
