"""Evaluate one experiment on one external set: photographs that no dataset holds."""

from pathlib import Path

from stages.environment import choose_kernels
from stages.runner import run

from fingerspell import config, files
from fingerspell.datasets.class_folders import open_set
from fingerspell.evaluation import metrics
from fingerspell.external import asking, photographs
from fingerspell.images import decode, to_array
from fingerspell.plots import confusion, style
from fingerspell.plots.predictions import mistakes, mistakes_sheet

SHOWN = 128  # pixels: side of an image on a sheet


def main(name: str) -> None:
    params = config.load()
    chosen = params.external_set(name)
    choose_kernels(params.experiment(chosen.experiment).precision)
    path = Path(chosen.path)
    with asking.opened(Path("models") / chosen.experiment) as (description, predict):
        evaluation = photographs.evaluate(path, description, predict)
    table, letters = evaluation.predictions, dict(zip(description["classes"], description["letters"]))
    wrong = mistakes(table)
    with open_set(path) as images:
        pictures = [to_array(decode(images.read(table.members[row])), SHOWN, description["channels"]) for row in wrong]
    table.write(Path(f"data/external/{name}.csv"))
    title = f"{chosen.experiment} on {files.shown(path.name)}"
    with files.write_aside(Path("plots/external") / name) as folder:
        folder.mkdir()
        files.write_text(folder / "confusion.csv", confusion.confusion_table(table))
        files.write_text(folder / "not-counted.md", "".join(f"- {note}\n" for note in photographs.left_out(evaluation)))
        style.save(confusion.confusion_matrix(table, letters, title=title), folder / "confusion.png")
        style.save(mistakes_sheet(pictures, table, wrong, title=f"{title}: mistakes"), folder / "mistakes.png")
    counts = {"unmatched": sum(evaluation.unmatched.values()), "unreadable": len(evaluation.unreadable)}
    files.write_json(Path(f"metrics/external/{name}.json"), metrics.compute(table) | counts | {"source": "external"})


if __name__ == "__main__":
    run(main)
