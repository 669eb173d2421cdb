"""No image is lost or counted twice, no burst is cut, and nothing depends on the order of the rows."""

import random
from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerspell.audit.table import Row
from fingerspell.config import Clean, Protocol
from fingerspell.errors import FingerspellError
from fingerspell.splits import manifest, protocols


def images(label, count, part="train", bursts=None, clusters=None):
    """Rows of one class, numbered from 1; `bursts` gives the burst of each, `clusters` its near-duplicates."""
    return [
        Row(
            f"{part}/{label}/{label}{n}.jpg",
            label,
            part,
            n,
            "",
            bursts[n - 1] if bursts else "",
            pixels_sha=f"{part}{label}{n}",
            cluster=clusters[n - 1] if clusters else None,
        )
        for n in range(1, count + 1)
    ]


def split(rows, seed=1, classes="all", clean=("unreadable",), sample_size=None, undersample=False, **settings):
    """Divide rows; `clean` names what is left out, `settings` are those of `split` in the parameters."""
    protocol = Protocol(
        classes=classes,
        clean=Clean(**{name: name in clean for name in Clean.model_fields}),
        split=settings,
        sample_size=sample_size,
        undersample=undersample,
    )
    return protocols.split(rows, protocol, seed)


def rows_of(**counts):
    return [row for label, count in counts.items() for row in images(label, count)]


def counted(found):
    return Counter((one.split, one.label) for one in found.assignments)


def members(found, name):
    return {one.member for one in found.assignments if one.split == name}


# -- properties -----------------------------------------------------------------------------------------

fractions = st.sampled_from([0.05, 0.1, 0.2, 0.25, 0.4, 0.5])
seeds = st.integers(0, 2**31 - 1)


@st.composite
def captured(draw):
    """Classes of bursts of unequal sizes, down to the smallest that can be divided, and a test part."""
    rows = []
    for label in ("a", "b", "c")[: draw(st.integers(2, 3))]:
        sizes = draw(st.lists(st.integers(1, 12), min_size=3, max_size=12))
        bursts = [f"{label}-{burst:02d}" for burst, size in enumerate(sizes) for _ in range(size)]
        rows += images(label, len(bursts), bursts=bursts)
        rows += images(label, draw(st.integers(0, 2)), part="test")
    return rows


@settings(max_examples=100)
@given(
    rows=captured(),
    seed=seeds,
    method=st.sampled_from(["random", "first", "grouped"]),
    test=fractions,
    validation=fractions,
    sample_size=st.sampled_from([None, 2, 5, 100]),
    undersample=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_nothing_is_lost_or_doubled_and_order_does_not_matter(
    rows, seed, method, test, validation, sample_size, undersample, order
):
    asked = dict(
        seed=seed, method=method, test=test, test_images=1, validation=validation, sample_size=sample_size,
        undersample=undersample,
    )  # fmt: skip
    try:
        found = split(rows, **asked)
    except FingerspellError:
        assert method == "grouped" and sample_size is not None  # a sample may leave one burst only
        return
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert split(shuffled, **asked) == found

    used = [one.member for one in found.assignments]
    assert len(used) == len(set(used))
    assert len(used) + sum(found.left_out.values()) == len(rows)
    labels = {row.member: row.label for row in rows}
    assert all(labels[one.member] == one.label for one in found.assignments)
    assert set(counted(found)) == {(name, label) for name in manifest.SPLITS for label in set(labels.values())}
    if method == "grouped":
        where = defaultdict(set)
        for one in found.assignments:
            where[one.group].add(one.split)
        assert all(len(names) == 1 for names in where.values())
    if undersample:
        for name in manifest.SPLITS:
            assert len({count for (split_name, _), count in counted(found).items() if split_name == name}) == 1


@settings(max_examples=100)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=6, max_size=30),
    seed=seeds,
    test=st.sampled_from([0.1, 0.2, 0.3]),
)
def test_grouped_keeps_the_fraction_within_one_burst(sizes, seed, test):
    bursts = [f"{burst:02d}" for burst, size in enumerate(sizes) for _ in range(size)]
    rows = images("a", len(bursts), bursts=bursts) + images("b", 9)
    found = counted(split(rows, seed=seed, method="grouped", test=test, burst=3))
    assert abs(found["test", "a"] - test * len(bursts)) <= max(sizes)
    training = len(bursts) - found["test", "a"]
    assert abs(found["validation", "a"] - 0.2 * training) <= max(sizes)


@settings(max_examples=100)
@given(count=st.integers(3, 60), seed=seeds, test=fractions, validation=fractions)
def test_random_keeps_the_fractions_down_to_three_images(count, seed, test, validation):
    found = counted(split(rows_of(a=count, b=3), seed=seed, method="random", test=test, validation=validation))
    assert found["test", "a"] == min(max(1, round(test * count)), count - 2)
    training = count - found["test", "a"]
    assert found["validation", "a"] == min(max(1, round(validation * training)), training - 1)


@st.composite
def alike(draw):
    """Classes of any size from one image on, in which any images may be near-duplicates of one another."""
    rows = []
    for label in ("a", "b", "c")[: draw(st.integers(2, 3))]:
        count = draw(st.integers(1, 40))
        clusters = draw(st.lists(st.none() | st.integers(0, 30), min_size=count, max_size=count))
        rows += images(label, count, clusters=clusters)
    return rows


@settings(max_examples=150)
@given(
    rows=alike(),
    seed=seeds,
    method=st.sampled_from(["random", "first", "grouped", "capture_order"]),
    burst=st.integers(1, 8),
    test=fractions,
    validation=st.sampled_from([0, 0.2, 0.5]),
)
def test_no_cluster_is_cut_and_no_image_lost_whatever_the_sizes(rows, seed, method, burst, test, validation):
    asked = dict(seed=seed, method=method, test=test, test_images=1, validation=validation, burst=burst)
    try:
        found = split(rows, **asked)
    except FingerspellError as error:
        smallest = min(Counter(row.label for row in rows).values())
        # Only classes that are too small, or that hang together by their near-duplicates, may be refused.
        assert smallest < 8 or (method == "grouped" and "needs" in str(error)) or "would have no" in str(error)
        return
    assert len({one.member for one in found.assignments}) == len(found.assignments)
    assert len(found.assignments) + sum(found.left_out.values()) == len(rows)
    where = defaultdict(set)
    if method == "grouped":
        cluster = {row.member: row.cluster for row in rows}
        for one in found.assignments:
            where["group", one.group].add(one.split)
            if cluster[one.member] is not None:
                where["cluster", cluster[one.member]].add(one.split)
        assert all(len(names) == 1 for names in where.values())


@settings(max_examples=100)
@given(counts=st.lists(st.integers(20, 80), min_size=2, max_size=4), seed=seeds, test=fractions)
def test_capture_order_holds_out_the_end_with_a_gap(counts, seed, test):
    rows = [row for label, count in zip("abcd", counts) for row in images(label, count)]
    found = split(rows, seed=seed, method="capture_order", test=test, validation=0.2, gap=0.05)
    number = {row.member: row.number for row in rows}
    places = defaultdict(list)
    for one in found.assignments:
        places[one.label, one.split].append(number[one.member])
    for label, count in zip("abcd", counts):
        gap = round(0.05 * count)
        train, validation, held_out = (sorted(places[label, name]) for name in manifest.SPLITS)
        assert held_out == list(range(count - round(test * count) + 1, count + 1))
        assert validation == list(range(validation[0], held_out[0] - gap))
        assert train == list(range(1, validation[0] - gap))
    assert found.left_out["gap"] == sum(2 * round(0.05 * count) for count in counts)


@settings(max_examples=50)
@given(rows=captured(), seed=seeds, method=st.sampled_from(["random", "first", "grouped"]))
def test_other_classes_do_not_matter(rows, seed, method):
    rows += images("z", 30, bursts=[f"z-{n // 10}" for n in range(30)])
    asked = dict(seed=seed, method=method, test_images=1)
    whole = split(rows, **asked)
    dropped = split(rows, classes={"drop": ["z"]}, **asked)
    assert dropped.assignments == [one for one in whole.assignments if one.label != "z"]
    assert dropped.left_out["dropped_class"] == 30


# -- methods --------------------------------------------------------------------------------------------


def test_first_takes_the_first_by_number_not_by_name():
    found = split(rows_of(a=300, b=300), seed=1, method="first", test_images=100, sample_size=50)
    assert members(found, "test") == {f"train/{c}/{c}{n}.jpg" for c in "ab" for n in range(1, 101)}
    assert found.summary()["images"] == {"train": 80, "validation": 20, "test": 200}
    assert found.left_out["sampled"] == 300


def test_official_uses_the_publishers_part_and_notes_a_class_without():
    rows = rows_of(a=20, b=20, gone=20) + images("a", 5, "test") + images("b", 3, "test")
    found = split(rows, seed=1, method="official")
    assert members(found, "test") == {row.member for row in rows if row.part == "test"}
    assert found.summary()["classes"]["gone"] == {"train": 16, "validation": 4, "test": 0}
    assert len(found.notes) == 1 and "'gone'" in found.notes[0]
    assert not {one.group for one in found.assignments if one.split == "test"} & {
        one.group for one in found.assignments if one.split != "test"
    }
    level = counted(split(rows, seed=1, method="official", undersample=True))
    assert (level["test", "a"], level["test", "b"], level["test", "gone"]) == (3, 3, 0)


def test_official_test_images_are_used_by_no_other_method():
    rows = rows_of(a=20, b=20) + images("a", 5, "test")
    found = split(rows, seed=1, method="random")
    assert found.left_out["official_test"] == 5
    assert len(found.assignments) == 40


def test_grouped_counts_bursts_along_the_capture_where_none_are_recorded():
    rows = images("a", 100) + images("b", 100)
    found = split(rows, seed=1, method="grouped", burst=10)
    blocks = defaultdict(set)
    for one in found.assignments:
        number = int(one.member.split("/")[-1][1:-4])
        blocks[one.label, (number - 1) // 10].add((one.group, one.split))
    assert len(blocks) == 20 and all(len(found_in) == 1 for found_in in blocks.values())
    assert found.summary()["groups"] == {"train": 12, "validation": 4, "test": 4}


def test_a_group_ends_where_nothing_alike_lies_on_both_sides():
    # Images 9 to 12 are alike: the first burst of ten goes on to the twelfth. Image 2 is alike to 55, far away.
    clusters = [None] * 60
    clusters[8:12] = [7] * 4
    clusters[1] = clusters[54] = 8
    rows = images("a", 60, clusters=clusters) + images("b", 60)
    found = split(rows, seed=1, method="grouped", burst=10)
    number = {row.member: row.number for row in rows}
    groups = defaultdict(set)
    for one in found.assignments:
        if one.label == "a":
            groups[one.group].add(number[one.member])
    assert sorted(map(sorted, groups.values())) == [
        sorted({*range(1, 13), *range(53, 61)}),
        *(list(range(first, first + 10)) for first in (13, 23, 33, 43)),
    ]


def test_cleaning_leaves_out_what_it_names():
    a, b = images("a", 20), images("b", 20)
    same = "0123456789abcdef"
    a[2] = replace(a[2], pixels_sha=same)  # one picture, twice as "a" …
    a[5] = replace(a[5], pixels_sha=same)
    a[7] = replace(a[7], pixels_sha="f" * 16)  # … and one under two labels
    b[7] = replace(b[7], pixels_sha="f" * 16)
    b[9] = replace(b[9], error="truncated", pixels_sha="")
    b[10] = replace(b[10], error="truncated", pixels_sha="")
    rows = [*a, *b]
    kept = split(rows, seed=1, method="random")
    assert (len(kept.assignments), kept.left_out["unreadable"]) == (38, 2)
    found = split(rows, seed=1, method="random", clean={"copies", "contradictions", "unreadable"})
    assert {reason: count for reason, count in found.left_out.items() if count} == {
        "copy": 1, "contradiction": 2, "unreadable": 2,
    }  # fmt: skip
    gone = {row.member for row in rows} - {one.member for one in found.assignments}
    assert gone == {a[5].member, a[7].member, b[7].member, b[9].member, b[10].member}
    with pytest.raises(FingerspellError, match=r"b10\.jpg cannot be read \(truncated\) and 1 more"):
        split(rows, seed=1, method="random", clean=set())


@pytest.mark.parametrize("number", [1, 99, None])
def test_of_copies_the_publishers_test_image_stays_wherever_it_stood_in_the_recording(number):
    rows = images("a", 9) + images("b", 9) + images("a", 1, "test") + images("b", 1, "test")
    rows[18] = replace(rows[18], number=number, pixels_sha=rows[3].pixels_sha)
    found = split(rows, method="official", clean={"copies"})
    assert rows[18].member in members(found, "test") and found.left_out["copy"] == 1
    assert rows[3].member not in {one.member for one in found.assignments}


def test_of_other_copies_the_first_of_the_recording_stays_under_every_label():
    rows = rows_of(a=12, b=12)
    for at in (9, 1, 4, 14):  # the last one of another class, where it is no copy but a contradiction
        rows[at] = replace(rows[at], pixels_sha="f" * 16)
    found = split(rows[::-1], method="random", clean={"copies"})
    gone = {row.member for row in rows} - {one.member for one in found.assignments}
    assert gone == {rows[4].member, rows[9].member} and found.left_out["copy"] == 2


def test_an_unreadable_image_is_left_out_and_shifts_no_burst():
    rows = images("a", 40) + images("b", 40)
    whole = split(rows, seed=1, method="grouped", burst=10)
    broken = [Row(**{**vars(row), "error": "truncated"}) if row.member.endswith("a5.jpg") else row for row in rows]
    found = split(broken, seed=1, method="grouped", burst=10)
    assert found.left_out["unreadable"] == 1
    groups = {one.member: one.group for one in whole.assignments}
    assert all(groups[one.member] == one.group for one in found.assignments)
    assert len(found.assignments) == 79


@pytest.mark.parametrize("method", ["random", "grouped"])
def test_a_greedy_test_fraction_leaves_something_to_train_on(method):
    found = split(rows_of(a=30, b=30), seed=1, method=method, test=0.99, burst=10)
    assert all(counts["train"] and counts["validation"] for counts in found.summary()["classes"].values())


def test_the_seed_matters():
    rows = rows_of(a=50, b=50)
    one, other = (split(rows, seed=seed, method="random") for seed in (1, 2))
    assert members(one, "test") != members(other, "test")


def test_classes_are_kept_by_name():
    found = split(rows_of(a=9, b=9, c=9), seed=1, method="random", classes=["c", "a"])
    assert set(found.summary()["classes"]) == {"a", "c"}
    assert found.left_out["dropped_class"] == 9


def test_a_sample_larger_than_the_class_keeps_all_and_says_so():
    found = split(rows_of(a=10, b=100), seed=1, method="random", sample_size=50)
    assert found.summary()["classes"] == {
        "a": {"train": 6, "validation": 2, "test": 2},
        "b": {"train": 40, "validation": 10, "test": 20},
    }
    assert len(found.notes) == 1 and "sample_size 50" in found.notes[0]


def test_no_validation_when_none_is_asked_for():
    assert split(rows_of(a=10, b=10), seed=1, method="random", validation=0).summary()["images"] == {
        "train": 16, "validation": 0, "test": 4,
    }  # fmt: skip
    found = split(rows_of(a=10, b=10), seed=1, method="grouped", validation=0, burst=5, test=0.5)
    assert found.summary()["images"] == {"train": 10, "validation": 0, "test": 10}


# -- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "official"}, "no test images apart"),
        (
            {"method": "first", "test_images": 10},
            "'a' would have no training images; change split.test_images",
        ),
        (
            {"method": "first", "test_images": 9},
            "'a' would have no validation images; change split.validation",
        ),
        ({"method": "random", "test": 0}, "'a' would have no test images; change split.test"),
        ({"method": "grouped"}, "needs 3 groups in every class, but 'a' has 1"),
        ({"method": "grouped", "burst": 5, "validation": 0.2}, "'a' has 2"),
        (
            {"method": "grouped", "burst": 2, "sample_size": 1},
            "'a' would have no validation images; change sample_size",
        ),
        (
            {"method": "random", "classes": ["a", "A", "é"]},
            "classes names 'A', 'é', which the dataset does not have",
        ),
        ({"method": "random", "classes": {"drop": ["del"]}}, "classes names 'del'"),
        ({"method": "random", "classes": {"drop": ["a"]}}, "keep at least two"),
    ],
)
def test_impossible_wishes_are_refused_by_name(asked, message):
    with pytest.raises(FingerspellError) as error:
        split(rows_of(a=10, b=10), seed=1, **asked)
    assert message in str(error.value)


# -- manifest -------------------------------------------------------------------------------------------


def test_manifest_is_sorted_and_reads_back(tmp_path):
    found = split(rows_of(a=30, b=30), seed=1, method="random")
    path = tmp_path / "manifest.csv"
    shuffled = random.Random(1).sample(found.assignments, len(found.assignments))
    manifest.write(path, shuffled)
    assert manifest.read(path) == found.assignments
    lines = path.read_text().splitlines()
    assert lines[0] == "member,label,group,split"
    assert [line.split(",")[3] for line in lines[1:]] == ["train"] * 38 + ["validation"] * 10 + ["test"] * 12


@pytest.mark.parametrize(
    "text", ["", "a,b\n", "member,label,group,split\nx,y\n", "member,label,group,split\na,b,c,d\n"]
)
def test_a_foreign_manifest_is_refused(tmp_path, text):
    path = tmp_path / "manifest.csv"
    path.write_text(text)
    with pytest.raises(FingerspellError, match=r"manifest\.csv is no manifest.*run the split again"):
        manifest.read(path)
