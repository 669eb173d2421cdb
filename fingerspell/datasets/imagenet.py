"""Weights of the backbones: random, trained on ImageNet and published with Keras, or a file of one's own.

A folder of weights holds `source.json` and, unless they are random, one file for each backbone that they suit,
`<model>.h5`; a file of one's own, `any.*`, is offered to whichever backbone asks for it.
"""

import shutil
from pathlib import Path

from fingerspell.datasets import at_hand, http
from fingerspell.errors import FingerspellError
from fingerspell.files import sha256, write_json
from fingerspell.models.common import registry

BASE = "https://storage.googleapis.com/tensorflow/keras-applications"
SUFFIXES = (".weights.h5", ".h5", ".keras")  # that Keras can read, the longest first


def collect(source: str | list[str], folder: Path, archives: Path, base: str = BASE) -> None:
    """Fill an empty `folder` with the weights that `source` names.

    `source`: `none` for random ones, the path of a file, or a list of backbones, for their weights of ImageNet. These
    are taken from the folder that FINGERSPELL_ARCHIVES names or from `archives`, else fetched into it; either way
    their MD5 must be the one that Keras states. Raises FingerspellError.
    """
    files = {}
    if source != "none":
        files = _own(source) if isinstance(source, str) else _imagenet(source, archives, base)
    for name, path in files.items():
        http.require_room(folder, path.stat().st_size)
        shutil.copyfile(path, folder / name)
    hashes = {name: sha256(folder / name) for name in sorted(files)}
    write_json(folder / "source.json", {"source": source, "sha256": hashes})


def _own(source: str) -> dict[str, Path]:
    path = Path(source)
    suffix = next((suffix for suffix in SUFFIXES if path.name.endswith(suffix)), None)
    if suffix is None or not path.is_file():
        raise FingerspellError(
            f"{source} is no source of weights; write none, a list of backbones such as [vgg16], or the path of a "
            f"file that ends with {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        )
    return {f"any{suffix}": path}


def _imagenet(chosen: list[str], archives: Path, base: str) -> dict[str, Path]:
    modules = {name: registry.find(name) for name in registry.names()}
    backbones = [name for name, module in modules.items() if module.ARCHITECTURE.kind == "backbone"]
    for name in chosen:
        if name not in backbones:
            raise FingerspellError(f"weights lists {name!r}, which is no backbone; there are {', '.join(backbones)}")
    if not chosen:
        raise FingerspellError("weights lists no backbone; write none for random weights")
    archives.mkdir(parents=True, exist_ok=True)
    return {f"{name}.h5": _file(modules[name].IMAGENET, archives, base) for name in chosen}


def _file(published: tuple[str, str], archives: Path, base: str) -> Path:
    place, md5 = published
    file = http.RemoteFile(place.rpartition("/")[2], f"{base}/{place}", digest=f"md5:{md5}")
    if path := at_hand.find(file.name, at_hand.search_folders(archives)):
        if not http.matches(file, path):
            raise FingerspellError(
                f"{path} is not the file that Keras publishes (its MD5 differs); delete it to have it fetched"
            )
        return path
    path = archives / file.name
    at_hand.recorded(path)
    print(f"downloading {file.name} from {file.url}")
    try:
        http.download(file, path, lambda arrived: at_hand.record(path, arrived))
    except FingerspellError as error:
        raise FingerspellError(f"{error}; or download {file.url} in a browser and put it into {archives}") from error
    return path
