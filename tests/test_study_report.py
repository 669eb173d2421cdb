"""The report: what it says comes from the files of the study, and files that are missing or damaged are named."""

import base64
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import made_up_study
import numpy as np
import pytest
from conftest import ROOT
from hatchling.builders.wheel import WheelBuilder
from PIL import Image
from sklearn.metrics import f1_score

from fingerspell.errors import FingerspellError
from fingerspell.evaluation.predictions import Predictions
from fingerspell.report import drawing, gather, page, pictures, words
from tools import report as tool

PARTS = (
    "summary", "datasets", "experiments", "comparisons", "cross", "robustness", "calibration", "explanations",
    "costs", "limits", "run",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return made_up_study.make(tmp_path)


def text(html: str) -> str:
    """What a reader sees of some HTML, on one line."""
    apart = re.sub(r"(?=</(?:td|th|p|h\d|dt|dd|li|summary|text|title|figcaption)>)", " ", html)
    return " ".join(re.sub(r"<[^>]*>", "", apart).replace("&#39;", "'").split())


def part(html: str, name: str) -> str:
    return html.partition(f'<section id="{name}"')[2].partition("</section>")[0]


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def in_process(root: Path, module: str) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, "-m", module], cwd=root, env=environment, capture_output=True, text=True)


# What it says


def test_all_parts_are_told_in_their_order(root):
    html = page.render(gather.study(root))
    assert tuple(re.findall(r'<section id="(\w+)"', html)) == PARTS
    assert tuple(re.findall(r'<li><a href="#(\w+)"', html)) == PARTS
    for name in PARTS:
        assert ('class="missing"' in part(html, name)) == (name == "costs"), name
    assert "<tbody>\n</tbody>" not in html


def test_the_summary_is_written_from_the_numbers(root):
    told = dict(words.summary(gather.study(root)))
    assert text(told["American alphabet"]) == (
        "Of 2 experiments, asl_cnn reads most of its own test images: 0.800 (0.050–0.980). But of 34.5% of them it "
        "learnt from a near-duplicate. Of 1 experiment that did not, asl_cnn_grouped is best: 0.200 (0.050–0.980)."
    )
    assert text(told["Arabic alphabet"]) == (
        "Of 1 experiment, arasl_cnn reads most of its own test images: 0.625 (0.050–0.980). But of 21.8% of them it "
        "learnt from a near-duplicate."
    )
    assert text(told["What random splits hide"]) == (
        "The same network scores 0.800 with images divided at random (asl_cnn), but 0.200 with whole capture bursts "
        "held out (asl_cnn_grouped), 60.0 points less."
    )
    assert text(told["Across datasets"]) == (
        "2 experiments read images of their own dataset with a median accuracy of 0.500, and those of datasets that "
        "they did not learn from with 0.125. asl_cnn loses most: 0.800 becomes 0.125 on photos. Best elsewhere is "
        "asl_cnn, with 0.125 in the mean."
    )
    assert text(told["Disturbed images"]) == (
        "Of 2 disturbances, blur costs most: 50.0 points at its strongest, in the mean of 2 experiments. Under all of "
        "them asl_cnn still reads most: 0.375, undisturbed 0.600. Before drawn places, not plain grey, the same hands "
        "are read 20.0 points less often."
    )
    assert text(told["Confidences"]) == (
        "They are off by 0.210 as they come, in the mean of 1 experiment, and by 0.080 after temperature scaling."
    )
    assert "covers 22% of a scene, 37% in asl_cnn" in text(told["Where models look"])


def test_other_numbers_give_other_sentences(root):
    change(root / "metrics/asl_cnn.json", leakage_pixels=0.0)
    change(root / "metrics/arasl_cnn.json", source="original")
    for name in made_up_study.ROBUST:
        change(
            root / f"metrics/robustness/{name}.json", clean=0.1, disturbances={"blur": [{"level": 1, "accuracy": 0.1}]}
        )
    study = gather.study(root)
    told = dict(words.summary(study))
    assert text(told["Disturbed images"]).startswith("None of 1 disturbance costs accuracy. Under all of them asl_cnn ")
    assert text(told["American alphabet"]).endswith("(0.050–0.980). It learnt from no near-duplicate of them.")
    assert "The images of asl_cnn and asl_cnn_grouped are hands that the project draws itself" in text(
        words.source(study)
    )


def test_published_images_are_not_called_drawn(root):
    for name in made_up_study.EXPERIMENTS:
        change(root / f"metrics/{name}.json", source="original")
    html = page.render(gather.study(root))
    assert "All images are published photographs" in part(html, "summary")
    assert "drawn hands are simpler" not in part(html, "limits").lower()


def test_the_table_of_experiments_holds_what_was_measured(root):
    shown = part(page.render(gather.study(root)), "experiments")
    row = re.search(r'<th scope="row"><a href="#experiment-asl_cnn">.*?</tr>', shown, re.S)
    assert text(row[0]) == "asl_cnn 0.800 0.050–0.980 0.500 1.000 0.120 10 34.5% random cnn asl_alphabet drawn"


def test_intervals_are_over_images_where_bursts_are_not_known(root):
    (root / "plots/asl_cnn/metrics.json").unlink()
    html = page.render(gather.study(root))
    assert "0.800 (0.100–0.950)" in text(part(html, "summary"))
    assert "95% interval 0.100 to 0.950 if images were independent." in text(html)


def test_a_confusion_matrix_counts_and_marks_arabic(root):
    study = gather.study(root)
    run = study.experiments[2].run
    assert run.counts.tolist() == [[2, 1, 0], [0, 1, 1], [1, 0, 2]]
    html = page.render(study)
    assert '<th scope="row">bb <bdi lang="ar" dir="rtl">ب</bdi></th>' in html
    assert '<tspan lang="ar" dir="rtl">ب</tspan>' in html  # in the chart of F1
    matrix = html.partition('aria-label="Confusion matrix of arasl_cnn"')[2].partition("</table>")[0]
    assert re.findall(r'<td class="wrong h\d">(\d)</td>', matrix) == ["1", "1", "1"]
    assert re.findall(r'<td class="number">(.*?)</td>', matrix) == ["67%", "50%", "67%"]


def test_f1_is_that_of_scikit_learn(root):
    random = np.random.default_rng(3)
    pairs = random.integers(0, 3, (60, 2)).tolist()
    table = made_up_study.experiment(root, "asl_cnn", ["A", "B", "nothing"], ["A", "B", "nothing"], pairs)
    found = gather.study(root).experiments[0].run.f1
    assert list(found.values()) == pytest.approx(f1_score(table.labels, table.predicted, average=None))


def test_a_class_without_test_images_has_no_f1(root):
    made_up_study.experiment(root, "asl_cnn", ["A", "B", "C"], ["A", "B", "C"], [(0, 0), (0, 2), (1, 1)])
    found = gather.study(root).experiments[0].run
    assert found.f1 == {"A": pytest.approx(2 / 3), "B": 1.0}
    assert '<td class="number">–</td></tr>' in page.render(gather.study(root))


def test_one_image_of_one_class_is_told(root):
    made_up_study.experiment(root, "asl_cnn", ["A", "B"], ["A", "B"], [(0, 1)])
    html = page.render(gather.study(root))
    assert "arasl_cnn" in text(part(html, "summary")) and "asl_cnn_grouped reads most" in text(part(html, "summary"))
    matrix = html.partition('aria-label="Confusion matrix of asl_cnn"')[2].partition("</table>")[0]
    assert text(matrix).endswith("A 1 0% B –")


def test_parameters_that_are_off_are_left_out(root):
    told = dict(page.settings(gather.study(root).experiments[1].settings))
    assert told["split.method"] == "grouped" and told["clean.copies"] == "true" and told["split.burst"] == "50"
    assert "augment.flip" not in told and "fine_tune" not in told and "split.gap" not in told


# The same bytes, and what is told of one run alone


def test_the_same_study_gives_the_same_bytes(root, tmp_path_factory):
    first = page.render(gather.study(root))
    again = page.render(gather.study(made_up_study.make(tmp_path_factory.mktemp("again"))))
    assert first == again


def test_the_stage_writes_one_file_without_seconds(root):
    made_up_study.costs(root)
    done = in_process(root, "stages.report")
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in (root / "data/report").iterdir()] == ["index.html"]
    html = (root / "data/report/index.html").read_text(encoding="utf-8")
    assert html == page.render(gather.study(root))
    assert "<code>make report</code> adds them" in part(html, "costs")
    assert "Git revision" not in html and "12.5" not in part(html, "costs")


def test_make_report_adds_seconds_memory_and_machine(root, monkeypatch, capsys):
    made_up_study.costs(root)
    monkeypatch.chdir(root)
    tool.main()
    assert capsys.readouterr().out == f"{root / 'report.html'}\n"
    html = (root / "report.html").read_text(encoding="utf-8")
    shown = text(part(html, "costs"))
    assert "asl_cnn 0.800 12.5 15.8 1.5" in shown  # seconds of training, of all stages, GiB
    assert "arasl_cnn: epochs" in shown and "8 0.850 (0.100–0.900) 577 8.5 1.0 2.0 0.42" in shown
    assert "not in a Git repository" in text(part(html, "run")) and "Processor" in part(html, "run")


def test_a_command_that_fails_says_so_in_one_sentence(root, monkeypatch):
    (root / "metrics/asl_cnn.json").write_text("{")
    done = in_process(root, "tools.report")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("report: metrics/asl_cnn.json: ")
    assert not (root / "report.html").exists()


# What is not there


def test_of_a_study_that_has_not_run_every_part_says_so(tmp_path):
    made_up_study.params(tmp_path)
    html = page.render(gather.study(tmp_path), gather.Machine("unknown"))
    for name in PARTS[:-2]:
        assert 'class="missing"' in part(html, name), name
    assert html.count("<tbody>") == 1 and text(part(html, "experiments")).count("not run") == 6
    assert json.loads(re.search(r'id="mistakes">(.*?)</script>', html)[1]) == {"thumbnails": [], "wrong": {}}


@pytest.mark.parametrize(
    "missing, name",
    [
        ("metrics/cross", "cross"),
        ("metrics/robustness", "robustness"),
        ("metrics/calibration", "calibration"),
        ("metrics/explanations", "explanations"),
        ("plots/comparison", "comparisons"),
        ("metrics/audit/arasl.json", "datasets"),
    ],
)
def test_a_part_without_files_says_what_would_make_them(root, missing, name):
    (root / missing).rename(root / "elsewhere")
    html = page.render(gather.study(root))
    assert "<code>dvc repro" in re.search(r'<p class="missing">.*?</p>', part(html, name))[0]
    assert [one for one in PARTS if 'class="missing"' in part(html, one)] == sorted({name, "costs"}, key=PARTS.index)


@pytest.mark.parametrize(
    "missing",
    [
        "models/asl_cnn/model.json",
        "data/predictions/asl_cnn.csv",
        "data/raw/asl_alphabet/asl-alphabet.zip",
        "metrics/asl_cnn.json",
        "plots/history/asl_cnn.csv",
    ],
)
def test_an_experiment_that_lacks_a_file_is_said_to_have_not_run(root, missing):
    (root / missing).unlink()
    html = part(page.render(gather.study(root)), "experiments")
    details = html.partition('id="experiment-asl_cnn"')[2].partition("</details>")[0]
    assert text(f"<{details}") == (
        f"asl_cnn not run Not there yet: {missing} is not there; dvc repro evaluate@asl_cnn runs the experiment."
    )
    assert "not run" not in html.partition('id="experiment-arasl_cnn"')[2]


# What is damaged


PREDICTIONS = "data/predictions/asl_cnn.csv"


@pytest.mark.parametrize(
    "path, old, new, told",
    [
        (PREDICTIONS, r"A/asl_cnn-0.*\n", "", "holds 9 images with accuracy 0.777778, but .* tells of 10 with 0.8"),
        (PREDICTIONS, r"0\.9\d*", "nan", "not between 0 and 1"),
        (PREDICTIONS, r"A/asl_cnn-0.png,A", "A/asl_cnn-0.png,Z", "line 2: the label 'Z' is none of its classes"),
        (PREDICTIONS, r"member,label,A,B,nothing", "member,label,A,B,C", "'nothing' is none of its classes"),
        (PREDICTIONS, r"(?s).*", "member,label,A\nx,A,1.0\n", "two or more classes"),
        (PREDICTIONS, r"(?s)\n.*", "\n", "no images"),
        ("metrics/asl_cnn.json", r"(?s).*", "{", "the file: "),
        ("metrics/asl_cnn.json", r'"accuracy": [\d.]+', '"accuracy": 1.5', "accuracy: "),
        ("metrics/asl_cnn.json", r'"macro_f1": [\d.]+', '"macro_f1": NaN', "macro_f1: "),
        ("metrics/audit/arasl.json", r'"images": \d+, ', "", "images: "),
        ("metrics/cross/asl_cnn.json", r'"own": true', '"own": 7', "sets.0.own: "),
        ("metrics/robustness/asl_cnn.json", r'"blur": \[.*?\]', '"blur": []', "disturbances.blur: "),
        ("metrics/calibration/asl_cnn.json", r'"confidence": 0.3', '"confidence": 3', "bins.before.0.confidence: "),
        ("metrics/calibration/asl_cnn.json", r'"temperature": 1.5', '"temperature": NaN', "temperature: "),
        ("metrics/explanations/asl_cnn.json", r'"hand_area": [\d.]+', '"hand_area": "all"', "hand_area: "),
        ("plots/asl_cnn/metrics.json", r'"accuracy_bursts_low": [\d.]+', '"accuracy_bursts_low": -1', "bursts_low: "),
        ("plots/comparison/pairs.csv", "18", "eighteen", "0.only_first: "),
        ("plots/history/asl_cnn.csv", "2.5", "much", "no table of epochs"),
        ("plots/history/asl_cnn.csv", "epoch", "age", "epoch or loss is missing"),
        ("data/raw/arasl/source.json", '"rendered"', '"bought"', "source: "),
        ("models/asl_cnn", r'"classes": \[.*?\]', '"classes": ["A"]', "letters are 3, but classes are 1"),
        ("data/raw/asl_alphabet/asl-alphabet.zip", None, "no zip", "no zip archive"),
    ],
)
def test_a_damaged_file_is_named(root, path, old, new, told):
    file = root / path / "model.json" if path.startswith("models") else root / path
    file.write_text(re.sub(old, new, file.read_text(), count=1) if old else new)
    with pytest.raises(FingerspellError, match=f"{re.escape(path)}.*{told}"):
        page.render(gather.study(root))


def test_a_table_of_another_model_is_refused(root):
    table = root / PREDICTIONS
    table.write_text(table.read_text().replace("nothing", "C"))
    with pytest.raises(FingerspellError, match=r"asl_cnn.csv has other classes than .*model.json; run `dvc repro`"):
        gather.study(root)


def test_a_test_image_that_cannot_be_read_is_named(root):
    path = root / "data/raw/asl_alphabet/asl-alphabet.zip"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, b"no image" if name == "A/asl_cnn-2.png" else data)
    with pytest.raises(FingerspellError, match=r"A/asl_cnn-2.png in .*asl-alphabet.zip: the image cannot be decoded"):
        page.render(gather.study(root))


# Pictures


def test_a_cell_shows_its_surest_wrong_answers_and_no_right_ones(root):
    found = pictures.mistakes(gather.study(root).done)
    cells = found["wrong"]["asl_cnn_grouped"]
    names = {place: [found["thumbnails"][at][0] for at, _ in images] for place, images in cells.items()}
    assert names == {
        "0,1": [f"A/asl_cnn_grouped-{at}.png" for at in range(1, 7)],  # of seven
        "1,0": ["B/asl_cnn_grouped-9.png"],
    }
    sure = [confidence for _, confidence in cells["0,1"]]
    assert sure == sorted(sure, reverse=True) and sure[0] == 0.89
    image = Image.open(io.BytesIO(base64.b64decode(found["thumbnails"][0][1])))
    assert (image.format, image.size) == ("WEBP", (48, 36))


def test_the_number_of_test_images_is_bounded_and_every_cell_has_one_first():
    labels, guesses = np.zeros(40, int), np.repeat([1, 2, 3], [30, 5, 5])
    table = Predictions([str(at) for at in range(40)], labels, np.eye(4)[guesses], tuple("ABCD"))
    rows = pictures.shown(table, 8)
    assert len(rows) == 8 and set(table.predicted[rows[:3]]) == {1, 2, 3}
    assert len(pictures.shown(table, 100)) == 16


def test_an_image_that_two_experiments_read_wrong_is_there_once(root):
    names = ("asl_cnn", "asl_cnn_grouped")
    table = made_up_study.experiment(root, "asl_cnn", ["A", "B"], ["A", "B"], [(0, 1)])
    (root / "data/predictions/asl_cnn_grouped.csv").write_bytes((root / PREDICTIONS).read_bytes())
    for path in ("metrics/{}.json", "models/{}/model.json"):
        (root / path.format(names[1])).write_bytes((root / path.format(names[0])).read_bytes())
    found = pictures.mistakes(gather.study(root).done[:2])
    assert [name for name, _ in found["thumbnails"]] == table.members


# One file, safe to open


def test_names_cannot_leave_their_place(root):
    evil = '</script><script>alert("x")</script>'
    made_up_study.experiment(root, "asl_cnn", ["A", evil], ["A", evil], [(0, 1), (1, 1)])
    change(root / "metrics/cross/asl_cnn.json", sets=[])
    html = page.render(gather.study(root))
    assert evil not in html and html.count("<script") == html.count("</script>") == 2
    assert "&lt;/script&gt;" in html


def test_nothing_on_the_page_comes_from_elsewhere(root):
    html = page.render(gather.study(root))
    asked = re.findall(r'(?:src|href|data|poster|srcset|action)="([^"#][^"]*)"', html)
    assert asked and all(one.startswith(("data:", "https://")) for one in asked)
    assert set(re.findall(r'<(\w+) [^>]*="https?://', html)) == {"a"}
    assert not re.search(r"url\(|@import|<link rel=\"stylesheet\"|<script src", html)
    script = re.search(r"<script>(.*?)</script>", html, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in html.replace("&#39;", "'")


def test_the_wheel_holds_templates_script_and_style():
    packed = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    folder = ROOT / "fingerspell/report"
    for path in (*folder.glob("templates/*"), folder / "report.js", folder / "report.css"):
        assert path.relative_to(ROOT).as_posix() in packed


# Drawing


def test_a_curve_is_broken_where_training_diverged():
    history = [{"epoch": at, "loss": loss} for at, loss in enumerate((3.0, float("nan"), 2.0, 1.0), start=1)]
    svg = drawing.learning(history, "loss")
    assert re.search(r' d="M[\d. ]+M[\d. ]+L[\d. ]+"', svg) and "nan" not in svg.partition(">")[2].lower()


@pytest.mark.parametrize("history", [[{"epoch": 1.0, "loss": 0.0}], [{"epoch": 1.0, "loss": float("nan")}]])
def test_one_epoch_is_drawn(history):
    assert "<svg" in drawing.learning(history, "loss")


@pytest.mark.parametrize("end", [0.01, 0.5, 0.99])
def test_names_of_curves_that_end_together_stand_apart_and_inside(end):
    series = {f"experiment_{at}": [(0, 0.5), (5, end)] for at in range(5)}
    svg = drawing.levels(series, "blur")
    heights = sorted(float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)" text-anchor="start">experiment', svg))
    assert len(heights) == 5 and heights[-1] <= 190
    assert min(np.diff(heights)) >= drawing.LINE - 0.2


def test_names_of_points_do_not_lie_on_one_another():
    points = [(f"experiment_{at}", 10.0 + at / 10, 0.5 + at / 200) for at in range(5)]
    svg = drawing.scatter(points, "seconds")
    boxes = [
        (float(x), float(y) - 11, float(x) + drawing.LETTER * len(name), float(y) + 2)
        for x, y, name in re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="start">(experiment_\d)', svg)
    ]
    assert len(boxes) == 5
    for at, one in enumerate(boxes):
        assert one[0] >= 0 and one[2] <= drawing.WIDTH + 1
        assert not any(drawing._overlap(one, other) for other in boxes[at + 1 :])
