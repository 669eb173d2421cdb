"""Weights of backbones: those that Keras publishes and no others, or a person's own; nothing else passes for them."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from loopback import serving

from fingerspell.datasets import at_hand, http, imagenet
from fingerspell.errors import FingerspellError
from fingerspell.models.common import backbones, registry
from stages import weights as stage

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
BACKBONES = {name: registry.find(name) for name in registry.names() if hasattr(registry.find(name), "IMAGENET")}
VGG16, RESNET50 = BACKBONES["vgg16"], BACKBONES["resnet50"]
FILES = {module.IMAGENET[0].rpartition("/")[2]: name.encode() * 500 for name, module in BACKBONES.items()}
VGG16_FILE = VGG16.IMAGENET[0].rpartition("/")[2]


@pytest.fixture
def server(monkeypatch):
    """Keras's storage, with small files in the place of the large ones."""
    monkeypatch.delenv(at_hand.VARIABLE, raising=False)
    monkeypatch.setattr(http, "CHUNK", 1000)
    monkeypatch.setattr(http, "BACKOFF", 0)
    for module in BACKBONES.values():
        place = module.IMAGENET[0]
        md5 = hashlib.md5(FILES[place.rpartition("/")[2]]).hexdigest()
        monkeypatch.setattr(module, "IMAGENET", (place, md5))
    with serving() as server:
        server.files = dict(FILES)
        yield server


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    return folder


def collect(server, folder, *chosen):
    imagenet.collect(list(chosen or ("vgg16", "resnet50")), folder, folder.parent / "archives", server.url)


def there(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", BACKBONES)
def test_addresses_and_hashes_are_those_of_keras(name, monkeypatch):
    """Keras is asked for the weights of ImageNet, and what it would fetch is held against what is stated."""
    from keras.src.utils import file_utils

    asked = {}

    class Enough(Exception):
        pass

    def get_file(name, address, file_hash, **_):
        asked["address"], asked["md5"] = address, file_hash
        raise Enough

    def build(application, *_, **__):
        with pytest.raises(Enough):
            application(include_top=False, weights="imagenet", input_shape=(224, 224, 3))

    monkeypatch.setattr(file_utils, "get_file", get_file)
    monkeypatch.setattr(backbones, "build", build)
    BACKBONES[name].backbone(224, 3, None)
    place, md5 = BACKBONES[name].IMAGENET
    assert asked == {"address": f"{imagenet.BASE}/{place}", "md5": md5}


def test_every_backbone_has_published_weights():
    kinds = {name: registry.find(name).ARCHITECTURE.kind for name in registry.names()}
    assert set(BACKBONES) == {name for name, kind in kinds.items() if kind == "backbone"}


def test_the_weights_of_the_listed_backbones_arrive_and_no_others(server, folder):
    collect(server, folder, "vgg16", "mobilenetv3_small")
    assert there(folder) == ["mobilenetv3_small.h5", "source.json", "vgg16.h5"]
    assert (folder / "vgg16.h5").read_bytes() == FILES[VGG16_FILE]
    places = {f"/{BACKBONES[name].IMAGENET[0]}" for name in ("vgg16", "mobilenetv3_small")}
    assert {one.path for one in server.requests} == places
    told = json.loads((folder / "source.json").read_text())
    assert told["source"] == ["vgg16", "mobilenetv3_small"]
    assert told["sha256"]["vgg16.h5"] == hashlib.sha256(FILES[VGG16_FILE]).hexdigest()


@pytest.mark.parametrize(
    "chosen, words",
    [
        (["vgg16", "vgg61"], r"weights lists 'vgg61', which is no backbone; there are .*resnet50, .*vgg16"),
        (["cnn"], r"weights lists 'cnn', which is no backbone"),
        ([], r"weights lists no backbone; write none for random weights"),
    ],
)
def test_a_list_of_anything_but_backbones_is_refused_before_any_is_fetched(server, folder, tmp_path, chosen, words):
    with pytest.raises(FingerspellError, match=words):
        imagenet.collect(chosen, folder, tmp_path / "archives", server.url)
    assert server.requests == [] and there(folder) == []


def test_what_was_fetched_is_not_fetched_again(server, folder, tmp_path):
    collect(server, folder)
    server.requests.clear()
    collect(server, folder)
    assert server.requests == []
    (tmp_path / "archives" / VGG16_FILE).write_bytes(b"other")
    with pytest.raises(FingerspellError, match=rf"{VGG16_FILE} is not what was fetched"):
        collect(server, folder)


def test_a_wrong_hash_is_an_error_and_nothing_is_kept(server, folder, tmp_path):
    server.files = dict.fromkeys(FILES, b"not what Keras means")
    with pytest.raises(
        FingerspellError, match=r"is not the published file \(its size or MD5 differs\) and was deleted"
    ):
        collect(server, folder)
    assert there(tmp_path / "archives") == there(folder) == []


def test_a_download_that_breaks_off_goes_on_without_a_known_size(server, folder, tmp_path):
    server.cuts = [1_500]
    collect(server, folder)
    (tmp_path / "archives" / VGG16_FILE).rename(tmp_path / "archives" / f"{VGG16_FILE}.partial")
    server.requests.clear()
    collect(server, folder)
    assert server.asked(VGG16_FILE) == [f"bytes={len(FILES[VGG16_FILE])}-"], "whole already, and not checked yet"


def test_a_refusal_says_which_file_to_put_where(server, folder, tmp_path):
    server.status = 403
    with pytest.raises(FingerspellError) as error:
        collect(server, folder)
    for part in ("answered 403", f"{server.url}/vgg16/", "in a browser", str(tmp_path / "archives")):
        assert part in str(error.value)


def test_a_file_put_there_by_hand_is_used_if_it_is_the_published_one(server, folder, tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    mine.mkdir()
    monkeypatch.setenv(at_hand.VARIABLE, str(mine))
    for name, data in FILES.items():
        (mine / name).write_bytes(data)
    collect(server, folder)
    assert server.requests == [] and there(folder) == ["resnet50.h5", "source.json", "vgg16.h5"]
    (mine / VGG16_FILE).write_bytes(b"other")
    with pytest.raises(FingerspellError, match=rf"{VGG16_FILE} is not the file that Keras publishes .*delete it"):
        collect(server, folder)


@pytest.mark.parametrize("name", ["mine.h5", "mine.weights.h5", "mine.keras"])
def test_a_file_of_ones_own_is_taken_over(folder, tmp_path, name):
    (tmp_path / name).write_bytes(b"weights")
    imagenet.collect(str(tmp_path / name), folder, tmp_path / "archives")
    assert there(folder) == [name.replace("mine", "any"), "source.json"]
    assert (folder / name.replace("mine", "any")).read_bytes() == b"weights"


@pytest.mark.parametrize("source", ["imagenet", "no/such.h5", "params.yaml"])
def test_a_source_that_is_none_is_refused(folder, tmp_path, source):
    with pytest.raises(
        FingerspellError, match=rf"{source} is no source of weights; write none, a list of .*\[vgg16\], or the path"
    ):
        imagenet.collect(source, folder, tmp_path / "archives")


def test_the_stage_writes_a_folder_or_nothing(tmp_path, monkeypatch):
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    values["weights"]["mine"] = "no/such.h5"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    stage.main("none")
    assert json.loads((tmp_path / "data/weights/none/source.json").read_text()) == {"source": "none", "sha256": {}}
    with pytest.raises(FingerspellError, match=r"no/such\.h5 is no source of weights"):
        stage.main("mine")
    with pytest.raises(FingerspellError, match=r"there is no entry of weights 'imagenet'"):
        stage.main("imagenet")
    assert there(tmp_path / "data/weights") == ["none"]


# -- loading --------------------------------------------------------------------------------------------


def backbone(folder):
    import keras

    keras.utils.set_random_seed(1)
    return VGG16.backbone(32, 3, folder)


def first_kernel(network):
    return backbones.inner(network).layers[1].get_weights()[0]


def test_none_is_random(folder, tmp_path):
    imagenet.collect("none", folder, tmp_path)
    assert (first_kernel(backbone(folder)) == first_kernel(backbone(None))).all()


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5"])
def test_the_weights_of_the_folder_are_those_of_the_backbone(folder, tmp_path, suffix):
    """Keras publishes in its old format (.h5), and writes in its new one."""
    import keras

    keras.utils.set_random_seed(2)
    network = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    path = tmp_path / f"mine{suffix}"
    network.save(path) if suffix == ".h5" else network.save_weights(path)
    imagenet.collect(str(path), folder, tmp_path)
    expected = network.layers[1].get_weights()[0]
    assert (first_kernel(backbone(folder)) == expected).all()
    with pytest.raises(
        FingerspellError, match=r"any\.(weights\.)?h5 does not hold weights of resnet50 .*under weights\."
    ):
        RESNET50.backbone(32, 3, folder)


def test_weights_that_are_not_there_are_named(folder, tmp_path):
    with pytest.raises(FingerspellError, match=r"nowhere holds no weights; run `python -m stages\.weights nowhere`"):
        backbone(tmp_path / "nowhere")
    (folder / "source.json").write_text('{"source": ["vgg16", "vgg19"]}')
    (folder / "vgg16.h5").write_bytes(b"nothing of the kind")
    with pytest.raises(FingerspellError, match=r"vgg16\.h5 does not hold weights of vgg16"):
        backbone(folder)
    with pytest.raises(FingerspellError, match=r"weights has weights for vgg16, vgg19 alone; add resnet50 to the list"):
        RESNET50.backbone(32, 3, folder)
