"""Evaluate every experiment of the same alphabet on one external set: photographs that no dataset holds.

Figures are computed from the tables of predictions as they were written.
"""

from pathlib import Path

from fingerspell import config, external, files
from fingerspell.errors import FingerspellError
from fingerspell.evaluation import compare, metrics
from fingerspell.evaluation.predictions import Predictions
from fingerspell.images import decode, to_array
from fingerspell.models.common import saved
from fingerspell.plots import confusion, sheets, style
from fingerspell.plots.external import own_and_elsewhere
from stages import run

SHOWN = 128  # pixels: side of an image on a sheet


def main(name: str) -> None:
    params = config.load()
    chosen = params.external_set(name)
    experiments = {
        key: one for key, one in params.experiments.items() if external.same_alphabet(one.dataset, chosen.dataset)
    }
    if not experiments:
        raise FingerspellError(f"external.{name}.dataset is {chosen.dataset}, but no experiment reads its alphabet")
    path = Path(chosen.path)
    evaluations: dict[str, external.Evaluation] = {}
    with (
        files.write_aside(Path("data/external") / name) as tables,
        files.write_aside(Path("plots/external") / name) as plots,
    ):
        tables.mkdir()
        plots.mkdir()
        for key in experiments:
            description, predict = saved.load(Path("models") / key)
            evaluations[key] = external.evaluate(path, description, predict)
            evaluations[key].predictions.write(tables / f"{key}.csv")
            _draw(f"{key} on {name}", path, description, evaluations[key], plots / key)
        predictions = {key: Predictions.read(tables / f"{key}.csv") for key in experiments}
        about = {
            key: {"dataset": one.dataset, "split": one.split.method, "model": one.model}
            for key, one in experiments.items()
        }
        rows = compare.table(predictions, about)
        files.write_text(plots / "experiments.csv", compare.table_csv(rows))
        files.write_text(plots / "experiments.md", compare.table_markdown(rows) + _notes(evaluations))
        own = {key: metrics.compute(Predictions.read(Path(f"data/predictions/{key}.csv"))) for key in experiments}
        figures = {key: metrics.compute(table) for key, table in predictions.items()}
        style.save(own_and_elsewhere(own, figures, f"Accuracy on {name}"), plots / "accuracies.png")
    counts = {
        key: {"unmatched": sum(one.unmatched.values()), "unreadable": len(one.unreadable)}
        for key, one in evaluations.items()
    }
    files.write_json(Path(f"metrics/external/{name}.json"), {key: figures[key] | counts[key] for key in experiments})


def _draw(title: str, path: Path, description: dict, evaluation: external.Evaluation, folder: Path) -> None:
    table = evaluation.predictions
    letters = dict(zip(description["classes"], description["letters"]))
    wrong = sheets.mistakes(table)
    with external.open_set(path) as images:
        pictures = [to_array(decode(images.read(table.members[row])), SHOWN, description["channels"]) for row in wrong]
    folder.mkdir()
    files.write_text(folder / "confusion.csv", confusion.confusion_table(table))
    style.save(confusion.confusion_matrix(table, letters, title=title), folder / "confusion.png")
    style.save(sheets.mistakes_sheet(pictures, table, wrong, title=f"{title}: mistakes"), folder / "mistakes.png")


def _notes(evaluations: dict[str, external.Evaluation]) -> str:
    """Say under the table what was left out; experiments with the same classes leave out the same."""
    said: dict[str, list[str]] = {}
    for key, one in evaluations.items():
        for note in external.left_out(one):
            said.setdefault(note, []).append(key)
    lines = [f"- {note} ({', '.join(keys) if len(keys) < len(evaluations) else 'all'})" for note, keys in said.items()]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


if __name__ == "__main__":
    run(main)
