"""Write a card for every published collection into docs/datasets/, in Hugging Face's format.

    python -m tools.dataset_cards

Facts come from the catalogue, figures from what the audit found in the originals (docs/results/original.json). What is
said by hand stands in dataset_cards.yaml.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from benchmarks import originals
from fingerspell import config, files
from fingerspell.datasets.published import catalogue
from fingerspell.datasets.published.catalogue import Dataset
from tools import front_matter

CARD, TOLD = (Path(__file__).with_name(name) for name in ("dataset_card.md", "dataset_cards.yaml"))
CARDS = Path("docs/datasets")
SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}
FOUND = {  # of an audit's numbers -> what it counts
    "unreadable": "unreadable images",
    "stray": "files that are no labelled image",
    "copies": "pixel-identical copies, beyond the first of each set",
    "copy_groups": "sets of pixel-identical images",
    "two_labels": "pixel-identical pairs under two labels",
    "near_pairs": "pairs of near-duplicates (at most 6 of 255 grey levels apart at 32×32 pixels, root mean square)",
    "near_images": "images with a near-duplicate",
    "near_clusters": "clusters of near-duplicates",
    "largest_cluster": "images in the largest cluster",
    "near_two_labels": "pairs of near-duplicates under two labels",
    "unlike": "images whose outlines are far from those of their class",
}


@dataclass(frozen=True)
class About:
    """What is said of a collection by hand."""

    summary: str
    kind: str
    shown: str
    unknown: str
    splitting: str
    limits: Sequence[str]
    annotations: str | None = None


def main() -> None:
    for name in about():
        files.write_text(CARDS / f"{name}.md", card(name))


def about() -> dict[str, About]:
    """Return what is said of each collection by hand."""
    return {name: About(**told) for name, told in yaml.safe_load(TOLD.read_text(encoding="utf-8")).items()}


def card(name: str) -> str:
    """Return the card of a collection in Markdown."""
    dataset, told, run = catalogue.find(name), about()[name], originals.read(originals.ORIGINAL)
    return Template(CARD.read_text(encoding="utf-8")).substitute(
        header=front_matter.header(metadata(dataset, told)),
        name=name,
        title=dataset.title,
        summary=_wrapped(told.summary),
        publisher=dataset.publisher,
        version="the newest version" if dataset.version == "newest" else f"version {dataset.version[:8]}",
        page=dataset.page,
        images=", ".join(f"{sum(part.values()):,} {named}" for named, part in dataset.counts.items())
        or f"{dataset.images:,}",
        count=len(dataset.classes),
        classes=", ".join(f"`{label}`" for label in dataset.classes),
        kind=told.kind,
        licence=dataset.licence,
        archive=dataset.archive,
        alphabet=dataset.alphabet.capitalize(),
        structure=_structure(dataset),
        counts=_counts(dataset),
        shown=_wrapped(f"- **Shown**: {told.shown}", "  "),
        unknown=_wrapped(f"- **Not known**: {told.unknown}", "  "),
        audit=_audit(dataset, run["audit"].get(name)),
        splitting="\n\n".join([_wrapped(told.splitting), *_protocols(run, name)]),
        fetched=_fetched(dataset),
        command=_command(dataset, "download"),
        limits="\n".join(f"- {one}" for one in told.limits),
        citation=dataset.citation,
    )


def metadata(dataset: Dataset, told: About) -> dict[str, Any]:
    """Return what the header of a card says."""
    return {
        "pretty_name": dataset.title,
        "language": front_matter.LANGUAGES[dataset.alphabet],
        **front_matter.licence(dataset),
        "task_categories": [front_matter.TASK],
        "task_ids": ["multi-class-image-classification"],
        "size_categories": [next(size for most, size in SIZES.items() if dataset.images < most)],
        "source_datasets": ["original"],
        **({"annotations_creators": [told.annotations]} if told.annotations else {}),
        "tags": ["sign-language", "fingerspelling", front_matter.TAGS[dataset.alphabet]],
        "homepage": dataset.page,
    }


def _structure(dataset: Dataset) -> str:
    single = {"test": "one file a class"} if dataset.flat_test else {}
    parts = [
        f"the {part} part in `{folder}/`, {single.get(part, 'a folder a class')}"
        for part, folder in dataset.folders.items()
    ]
    told = [f"One zip: {'; '.join(parts)}. The name of the folder or file is the label."]
    told += [f"`{dataset.empty}` shows no sign."] if dataset.empty else []
    told += [f"Beside the archive: `{file}`." for file in dataset.extra_files]
    return _wrapped(" ".join(told))


def _counts(dataset: Dataset) -> str:
    """Say how many images there are of each class: in a sentence for each part, or a table where they are unequal."""
    if not dataset.counts:
        return f"Its publisher tells {dataset.images:,} images, and not how many of each class."
    told = []
    for part, counts in dataset.counts.items():
        if len(set(counts.values())) == 1:
            lacks, each = sorted(set(dataset.classes) - set(counts)), next(iter(counts.values()))
            but = f", none of {', '.join(f'`{label}`' for label in lacks)}" if lacks else ""
            told.append(f"- {part}: {each:,} of each class{but}")
        else:
            lines = ["| class | sign | images |", "|---|---|--:|"]
            told += lines + [f"| `{label}` | {dataset.letters[label]} | {count:,} |" for label, count in counts.items()]
    return "\n".join(told)


def _audit(dataset: Dataset, numbers: dict[str, Any] | None) -> str:
    """Return what an audit found in the original, or that there was none."""
    if numbers is None:
        return (
            "Nothing: the archive was not at hand. What is said here is what its publisher tells. With the archive,\n"
            f"`{_command(dataset, 'gallery')}` looks at every image once."
        )
    seen, alike, pairs = numbers["images"], numbers["near_images"], originals.two_labels(numbers)
    told = [
        f"All {seen:,} images were looked at"
        if seen == dataset.images
        else f"{seen:,} of {dataset.images:,} images were looked at, one in {round(dataset.images / seen)}: among all "
        "there may be more that are alike",
        originals.sizes(numbers),
        f"{alike / seen:.0%} of all have a near-duplicate" if alike else "None has a near-duplicate",
        *([f"Pixel-identical under two labels are {pairs}"] if pairs else []),
    ]
    lines = [f"| {what} | {numbers[key]:,} |" for key, what in FOUND.items()]
    lines.append(f"| images with the collection's usual edge | {numbers['framed']:.1%} |")
    return "\n".join([_wrapped(f"{'. '.join(told)}."), "", "| found | |", "|---|--:|", *lines])


def _protocols(run: dict[str, Any], name: str) -> list[str]:
    """Return the table of what a split costs on this collection, where one network was tested under several."""
    of = {key: one for key, one in run["experiments"].items() if one["settings"]["dataset"] == name}
    table = originals.protocols_markdown({"experiments": of}).rstrip("\n")
    return [table] if table.count("\n") > 1 else []


def _fetched(dataset: Dataset) -> str:
    if dataset.kaggle:
        version = dataset.kaggle.split("/")[2:]
        told = f"From Kaggle, {f'version {version[0]}' if version else 'the newest version'}, without an account where "
        told += "that is allowed"
    elif dataset.mendeley:
        told = (
            f"From Mendeley Data, version {dataset.mendeley[1]}, whose interface states size and SHA-256 of each file"
        )
    else:
        assert dataset.github is not None  # the third of three
        told = f"From GitHub, at commit {dataset.github[1]}"
    told += f". It has {dataset.size:,} bytes" if dataset.size else ""
    return _wrapped(f"{told}{f', and the SHA-256 `{dataset.sha256}`' if dataset.sha256 else ''}.")


def _command(dataset: Dataset, stage: str) -> str:
    """Return the command that runs a stage on the original."""
    change = (
        f"datasets.{dataset.name}.source=original"
        if dataset.name in config.load().datasets
        else f"'+datasets.{dataset.name}="
        "{source: original, path: fingerspell/datasets/rendered, images_per_class: 1}'"
    )
    return f"dvc exp run -S {change} {stage}@{dataset.name}"


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    main()
