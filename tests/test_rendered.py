"""The rendered hands: sound bones, the published layouts and quirks, the same bytes for the same seed."""

import csv
import hashlib
import io
import zipfile
from collections import Counter
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.datasets.rendered import HEADER, draw, packing
from fingerspell.datasets.rendered.camera import aim
from fingerspell.datasets.rendered.drawing import POSES, draw_burst, signer
from fingerspell.datasets.rendered.flesh import solid, trace
from fingerspell.datasets.rendered.packing import plan
from fingerspell.datasets.rendered.skeleton import (
    FINGERS,
    LIMITS,
    Finger,
    Pose,
    Thumb,
    build,
    closed,
    kinematics,
    limited,
    varied,
)
from fingerspell.errors import FingerspellError

pytestmark = pytest.mark.slow

ARASL_SIZES = DATASETS["arasl"].counts["train"]
SIGNS = [(dataset, label) for dataset in ("asl_alphabet", "arasl") for label in POSES[dataset]]


def angles(pose: Pose):
    """Yield (name of the limit, value) for every joint angle of a pose."""
    for name in FINGERS:
        for field in fields(Finger):
            yield field.name, getattr(getattr(pose, name), field.name)
    for field in fields(Thumb):
        yield ("thumb_mcp" if field.name == "mcp" else field.name), getattr(pose.thumb, field.name)
    yield "wrist_flexion", pose.wrist_flexion
    yield "wrist_deviation", pose.wrist_deviation


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> dict[str, Path]:
    """All collections, two images a class (ArASL: about two), in one process."""
    folder = tmp_path_factory.mktemp("drawn")
    return {name: draw(name, 2, 1, folder / name, workers=1) for name in packing.LAYOUTS}


def table(archive: Path) -> list[dict[str, str]]:
    with open(archive.parent / "hands.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# The bones


@pytest.mark.parametrize(("dataset", "label"), SIGNS)
def test_every_sign_stays_within_the_limits_of_human_joints(dataset, label):
    pose = POSES[dataset][label]
    rng = np.random.default_rng(0)
    for candidate in (pose, varied(pose, rng, 15), closed(pose, build(rng))):
        for name, value in angles(candidate):
            low, high = LIMITS[name]
            assert low <= value <= high, (name, value)


def test_limited_brings_back_what_no_hand_can_do():
    wild = limited(Pose(index=Finger(mcp=170, pip=-90), thumb=Thumb(ip=200)))
    assert (wild.index.mcp, wild.index.pip, wild.thumb.ip) == (
        LIMITS["mcp"][1],
        LIMITS["pip"][0],
        LIMITS["ip"][1],
    )


def test_bones_keep_their_lengths_in_every_pose():
    rng = np.random.default_rng(3)
    figure = build(rng)
    lengths = np.vstack([figure.thumb_bones, figure.bones])
    for dataset, label in SIGNS:
        joints, backs = kinematics(varied(POSES[dataset][label], rng, 8), figure)
        chains = joints[1:].reshape(5, 4, 3)
        bones = np.diff(chains, axis=1)
        assert np.allclose(np.linalg.norm(bones, axis=2), lengths)
        assert np.allclose((bones * backs).sum(2), 0, atol=1e-6)  # the back is square to its bone


def test_flexion_brings_the_fingertip_to_the_palm_and_spread_to_the_thumb():
    straight, _ = kinematics(Pose(index=Finger(0, 0, 0, 0)), build())
    bent, _ = kinematics(Pose(index=Finger(90, 0, 0, 0)), build())
    spread, _ = kinematics(Pose(index=Finger(0, 0, 0, 20)), build())
    assert straight[8, 1] > bent[8, 1]
    assert bent[8, 2] > 8 > straight[8, 2]
    assert spread[8, 0] > straight[8, 0] + 2


@pytest.mark.parametrize("label", ["F", "O"])
def test_the_thumb_touches_where_the_sign_says_so_whoever_signs(label):
    pose = POSES["asl_alphabet"][label]
    for seed in range(5):
        figure = build(np.random.default_rng(seed))
        joints, _ = kinematics(closed(pose, figure), figure)
        tips = [joints[4 * (FINGERS.index(name) + 2)] for name in pose.touch]
        assert np.linalg.norm(joints[4] - np.mean(tips, axis=0)) < 2.6  # centimetres: two half-thicknesses


@pytest.mark.parametrize(("dataset", "label"), SIGNS)
def test_keypoints_lie_on_the_hand_that_is_drawn(dataset, label):
    figure = build()
    hand = solid(closed(POSES[dataset][label], figure), figure, None)
    view = aim(hand.joints, 90, 0.7, np.array([0.5, 0.5]), 60)
    relief = trace(hand, 90, 90, (view.x, view.y), view.scale, view.distance)
    cover = np.zeros((90, 90))
    height, width = relief.alpha.shape
    cover[relief.top : relief.top + height, relief.left : relief.left + width] = relief.alpha
    x, y = view.project(hand.joints).T
    assert (cover[y.astype(int), x.astype(int)] > 0.5).all()
    assert 0.03 < cover.mean() < 0.7  # neither the whole picture nor a stick
    assert np.allclose(np.linalg.norm(relief.normal[relief.alpha > 0.99], axis=1), 1, atol=1e-3)


# The archives


def test_same_seed_same_bytes_whatever_the_number_of_workers(tmp_path, drawn):
    again = draw("arasl", 2, 1, tmp_path / "again", workers=2)
    assert digest(again) == digest(drawn["arasl"])
    for name in ("hands.csv", "ArSL_Data_Labels.csv"):
        assert digest(again.parent / name) == digest(drawn["arasl"].parent / name)


@pytest.mark.parametrize("dataset", packing.LAYOUTS)
def test_another_seed_draws_other_pictures_and_the_same_seed_the_same(dataset):
    burst = plan(dataset, 2, 1)[0]
    one, same, other = (draw_burst(dataset, burst, seed) for seed in (1, 1, 2))
    assert one == same
    assert all(a.data != b.data and a.row[5:] != b.row[5:] for a, b in zip(one, other))


@pytest.mark.parametrize("dataset", packing.LAYOUTS)
def test_the_table_names_every_image_once_and_its_keypoints_lie_about_the_picture(dataset, drawn):
    rows = table(drawn[dataset])
    with zipfile.ZipFile(drawn[dataset]) as archive:
        members = [name for name in archive.namelist() if "/" in name]
        sizes = {name: Image.open(io.BytesIO(archive.read(name))).size for name in members}
    assert list(rows[0]) == HEADER
    assert sorted(row["member"] for row in rows) == sorted(members)
    for row in rows:
        points = [row[name] for name in HEADER[5:]]
        if row["label"] in packing.EMPTY:
            assert row["hand"] == "" and not any(points)
            continue
        assert row["hand"] in ("left", "right")
        share = np.array(points, float).reshape(21, 2) / sizes[row["member"]]
        assert (share > -0.12).all() and (share < 1.12).all()
        assert np.ptp(share, axis=0).max() > 0.25


def test_asl_alphabet_has_the_published_layout(drawn):
    assert drawn["asl_alphabet"].name == "asl-alphabet.zip"
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    train, test = "asl_alphabet_train/asl_alphabet_train", "asl_alphabet_test/asl_alphabet_test"
    expected = {f"{train}/{c}/{c}{n}.jpg" for c in (*letters, "del", "nothing", "space") for n in (1, 2)}
    expected |= {f"{test}/{c}_test.jpg" for c in (*letters, "nothing", "space")}
    with zipfile.ZipFile(drawn["asl_alphabet"]) as archive:
        assert set(archive.namelist()) == expected
        picture = Image.open(io.BytesIO(archive.read(f"{train}/A/A1.jpg")))
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (200, 200), "RGB")
        edge = np.asarray(picture)[0, 5:-5].mean(0)
        assert edge[2] > 180 and edge[:2].max() < 60  # the blue frame
    assert {row["hand"] for row in table(drawn["asl_alphabet"])} == {"right", ""}


def test_asl_photos_has_the_published_layout_and_our_labels(drawn):
    archive, dataset = drawn["asl_photos"], DATASETS["asl_photos"]
    assert archive.name == "asl-photos.zip"
    folders = (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "Del", "Nothing", "Space")
    with zipfile.ZipFile(archive) as opened:
        assert set(opened.namelist()) == {f"train/{name}/{name}{n}.jpg" for name in folders for n in (0, 1)}
        picture = Image.open(io.BytesIO(opened.read("train/Del/Del0.jpg")))
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (224, 224), "RGB")
    assert all(row["label"] == dataset.parse(row["member"]).label for row in table(archive))


def test_asl_photos_is_of_several_people_in_many_rooms_whose_hands_are_mostly_right():
    bursts = [burst for burst in plan("asl_photos", 30, 20) if burst.label in ("nothing", "L")]
    frames = {burst.name: draw_burst("asl_photos", burst, 20)[0] for burst in bursts}
    hands = [frame.row for name, frame in frames.items() if name.startswith("L")]
    assert len({row[2] for row in hands}) > 5
    signing = Counter("left" if signer("asl_photos", n, 20).left else "right" for n in range(200))
    assert 0 < signing["left"] < signing["right"] / 4
    rooms = [
        np.asarray(Image.open(io.BytesIO(frame.data)).resize((16, 16)), float)
        for name, frame in frames.items()
        if name.startswith("nothing")
    ]
    assert all(np.abs(one - other).mean() > 10 for i, one in enumerate(rooms) for other in rooms[:i])


def test_synthetic_asl_has_the_published_layout(drawn):
    assert drawn["synthetic_asl"].name == "synthetic-asl-alphabet.zip"
    with zipfile.ZipFile(drawn["synthetic_asl"]) as archive:
        names = archive.namelist()
        strays = [name for name in names if "/" not in name]
        counts = Counter(tuple(name.split("/")[:2]) for name in names if "/" in name)
        png = Image.open(io.BytesIO(archive.read(next(name for name in names if "/" in name))))
        png.load()
        assert Image.open(io.BytesIO(archive.read(strays[0]))).size[0] > 200
    assert len(strays) == 1
    labels = (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "Blank")
    assert counts == {(part, label): 1 for part in ("Train_Alphabet", "Test_Alphabet") for label in labels}
    assert (png.format, png.size, png.mode) == ("PNG", (512, 512), "RGB")


def test_synthetic_asl_is_parted_nine_to_one():
    counts = Counter(burst.name.split("-")[1] for burst in plan("synthetic_asl", 20, 0) for _ in burst.shots)
    assert counts == {"train": 27 * 18, "test": 27 * 2}


def test_arasl_has_the_published_layout_and_odd_sizes(drawn):
    assert drawn["arasl"].name == "ArASL_Database_54K_Final.zip"
    shapes: dict[str, Counter] = {}
    with zipfile.ZipFile(drawn["arasl"]) as archive:
        names = archive.namelist()
        for name in names:
            picture = Image.open(io.BytesIO(archive.read(name)))
            shapes.setdefault(name.split("/")[1], Counter())[(*picture.size, picture.mode)] += 1
    assert set(shapes) == set(ARASL_SIZES)
    assert {name.rsplit(".", 1)[1] for name in names} == {"jpg", "JPG"}
    assert "ArASL_Database_54K_Final/ain/AIN (1).JPG" in names
    assert "ArASL_Database_54K_Final/nun/Nun (2).jpg" in names
    for label, sizes in shapes.items():
        odd = {"kaaf": (256, 256, "L"), "meem": (256, 256, "L"), "haa": (768, 1024, "RGB")}.get(label)
        assert (64, 64, "L") in sizes
        assert (odd in sizes) if odd else len(sizes) == 1
    lines = (drawn["arasl"].parent / "ArSL_Data_Labels.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["#,File_Name,Class", "1,AIN (1).JPG,ain"]
    assert len(lines) == len(names) + 1


def test_arasl_classes_have_the_published_proportions():
    counts = Counter(burst.label for burst in plan("arasl", 60, 0) for _ in burst.shots)
    share = {label: counts[label] / counts.total() for label in counts}
    published = sum(ARASL_SIZES.values())
    assert published == 54049
    assert all(abs(share[label] - size / published) < 0.0006 for label, size in ARASL_SIZES.items())
    assert abs(counts.total() / 32 - 60) < 1


def test_bursts_follow_the_numbers_and_change_hands():
    bursts = [burst for burst in plan("asl_alphabet", 40, 0) if burst.label == "A" and "train" in burst.name]
    numbers = [int(Path(shot.member).stem[1:]) for burst in bursts for shot in burst.shots]
    assert numbers == list(range(1, 41))
    assert len({burst.name for burst in bursts}) == len(bursts) > 2
    assert len({draw_burst("asl_alphabet", burst, 0)[0].row[2] for burst in bursts}) > 2


@pytest.mark.parametrize("dataset", ["asl_alphabet", "arasl"])
def test_neighbours_of_a_burst_are_more_alike_than_strangers(dataset):
    label = "L" if dataset == "asl_alphabet" else "laam"
    bursts = [burst for burst in plan(dataset, 30, 5) if burst.label == label and "train" in burst.name][:3]
    pictures = [
        [
            np.asarray(Image.open(io.BytesIO(f.data)).convert("L").resize((32, 32)), float)
            for f in draw_burst(dataset, b, 5)
        ]
        for b in bursts
    ]
    near = np.mean([np.abs(a - b).mean() for burst in pictures for a, b in pairwise(burst)])
    far = np.mean([np.abs(a[0] - b[0]).mean() for i, a in enumerate(pictures) for b in pictures[:i]])
    assert near < 0.5 * far
    assert near > 0.2  # alike, not identical


def test_a_wrong_request_is_refused_by_name_and_leaves_nothing(tmp_path):
    with pytest.raises(FingerspellError, match="'isl'"):
        draw("isl", 10, 0, tmp_path / "x")
    with pytest.raises(FingerspellError, match="images_per_class is 1"):
        draw("arasl", 1, 0, tmp_path / "x")
    with pytest.raises(FingerspellError, match=r"aasl cannot be drawn; set datasets\.aasl\.source to original"):
        draw("aasl", 10, 0, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_an_interrupted_drawing_leaves_nothing(tmp_path, monkeypatch):
    def stop(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(packing, "add", stop)
    with pytest.raises(KeyboardInterrupt):
        draw("arasl", 2, 0, tmp_path, workers=1)
    assert list(tmp_path.iterdir()) == []
