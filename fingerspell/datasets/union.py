"""Several collections in one archive, each below a folder of its name."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

from fingerspell.datasets.published.archive import Archive
from fingerspell.datasets.published.catalogue import Dataset
from fingerspell.datasets.rendered import packing
from fingerspell.files import read_csv, write_aside, write_csv
from fingerspell.progress import progress


def join(dataset: Dataset, archives: Mapping[str, Path], path: Path) -> None:
    """Write the archive of a union: the labelled images of its collections, uncompressed; always the same bytes.

    archives: name of each collection -> its archive. Raises FingerspellError, and writes nothing, if one is damaged.
    """
    with write_aside(path) as aside, zipfile.ZipFile(aside, "w") as joined:
        for collection in dataset.collections:
            with Archive(archives[collection.name]) as archive:
                members = [name for name in archive.names if collection.parse(name)]
                for name in progress(members, len(members), f"joining {collection.name}"):
                    packing.add(joined, f"{collection.name}/{name}", archive.read(name))


def join_tables(tables: Mapping[str, Path], path: Path) -> None:
    """Write one table of drawn hands (see `rendered.draw`), its members, signers and bursts named as in the union.

    tables: name of each collection -> its table.
    """
    rows: list[dict[str, str]] = []
    for name, table in tables.items():
        for row in read_csv(table):
            named = {"member": f"{name}/{row['member']}"}
            rows.append(row | named | {column: f"{name}-{row[column]}" for column in ("signer", "burst")})
    write_csv(path, rows)
