"""The published names, quirks included, are understood; strays are not taken for images."""

import pytest

from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.errors import FingerspellError

ASL, SYNTHETIC, ARASL = DATASETS["asl_alphabet"], DATASETS["synthetic_asl"], DATASETS["arasl"]
PHOTOS, AASL, AMERICAN = DATASETS["asl_photos"], DATASETS["aasl"], DATASETS["american"]


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
        (PHOTOS, "ASLAlphabets-9702c7a7/train/A/A0.jpg", "A", "train", 0),
        (PHOTOS, "train/Nothing/Nothing999.jpg", "nothing", "train", 999),
        (PHOTOS, "Del/Del10.jpg", "del", "train", 10),
        (AASL, "RGB ArSL dataset/Teh_Marbuta/7.jpg", "toot", "train", 7),
        (AASL, "RGB ArSL dataset/Zah/Zah_12.JPG", "dha", "train", 12),
        (AASL, "Ain/one.png", "ain", "train", None),
        (AMERICAN, "asl_alphabet/asl_alphabet_train/asl_alphabet_train/A/A17.jpg", "A", "train", 17),
        (AMERICAN, "asl_alphabet/asl_alphabet_test/asl_alphabet_test/space_test.jpg", "space", "test", None),
        (AMERICAN, "asl_photos/ASLAlphabets-9702c7a7/train/Space/Space17.jpg", "space", "train", 10**9 + 17),
        (AMERICAN, "asl_photos/Space/Space0.jpg", "space", "train", 10**9),
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
        (PHOTOS, "ASLAlphabets-9702c7a7/test/A/A0.jpg"),
        (PHOTOS, "ASLAlphabets-9702c7a7/A/A0.jpg"),
        (PHOTOS, "train/A0.jpg"),
        (PHOTOS, "A0.jpg"),
        (AASL, "RGB ArSL dataset/Hamza/1.jpg"),
        (AMERICAN, "asl_alphabet_train/asl_alphabet_train/A/A17.jpg"),
        (AMERICAN, "asl_photos/test/A/A0.jpg"),
        (AMERICAN, "asl_alphabet/A/A17.jpg"),
        (AMERICAN, "arasl/ArASL_Database_54K_Final/ain/AIN (1).JPG"),
        (AMERICAN, "asl_photos"),
        (AMERICAN, ""),
    ],
)
def test_strays(dataset, name):
    assert dataset.parse(name) is None


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
@pytest.mark.parametrize("name", ["", ".", "/", "..", "x.jpg", "asl_alphabet/", "asl_photos/."])
def test_no_path_is_too_short(dataset, name):
    assert dataset.parse(name) is None


def test_published_sizes():
    assert (ASL.images, SYNTHETIC.images, ARASL.images) == (29 * 3000 + 28, 27 * 1000, 54_049)
    assert (PHOTOS.images, AASL.images, AMERICAN.images) == (29_000, 7_857, 29 * 4000 + 28)
    classes = {name: len(dataset.classes) for name, dataset in DATASETS.items()}
    assert classes == {
        **{"asl_alphabet": 29, "synthetic_asl": 27, "arasl": 32},
        **{"asl_photos": 29, "aasl": 31, "american": 29},
    }


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_entries_are_complete(dataset):
    assert dataset.name == next(name for name, one in DATASETS.items() if one is dataset)
    assert (list(dataset.classes) == sorted(dataset.counts.get("train", ()))) != bool(dataset.total)
    assert not dataset.counts or dataset.collections or set(dataset.folders) == set(dataset.counts)
    assert dataset.empty is None or dataset.empty in dataset.classes
    assert [bool(way) for way in (dataset.kaggle, dataset.mendeley, dataset.github, dataset.collections)].count(
        True
    ) == 1
    assert len(set(dataset.letters.values())) == len(dataset.classes)


def test_aasl_has_the_classes_of_arasl_but_one_whatever_its_folders_are_called():
    assert set(ARASL.classes) - set(AASL.classes) == {"ya"} and set(AASL.aliases.values()) == set(AASL.classes)
    assert all(AASL.letters[label] == ARASL.letters[label] for label in AASL.classes)
    for folder, label in AASL.aliases.items():
        assert AASL.parse(f"RGB ArSL dataset/{folder.title()}/1.jpg").label == label


def test_a_union_joins_counts_and_classes_and_names_every_source():
    assert AMERICAN.counts["train"] == dict.fromkeys(ASL.classes, 4000)
    assert AMERICAN.counts["test"] == ASL.counts["test"]
    assert AMERICAN.classes == ASL.classes == PHOTOS.classes and AMERICAN.empty == "nothing"
    for one in (ASL, PHOTOS):
        for of_one, of_both in (
            (one.title, AMERICAN.title),
            (one.publisher, AMERICAN.publisher),
            (one.licence, AMERICAN.licence),
            (one.citation, AMERICAN.citation),
        ):
            assert of_one in of_both


def test_unknown_dataset_is_refused_by_name():
    with pytest.raises(FingerspellError, match=r"asl_alphabett.*choose one of asl_alphabet, synthetic_asl, arasl"):
        catalogue.find("asl_alphabett")
