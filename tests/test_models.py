"""The networks of the registry: what they state is so, what is frozen stays, and weights come back."""

import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fingerspell.errors import FingerspellError
from fingerspell.models.common import backbones, registry

pytestmark = pytest.mark.slow

CLASSES = 5


def of_kind(kind: str) -> list[str]:
    return [name for name in registry.names() if registry.find(name).ARCHITECTURE.kind == kind]


# -- every network, and every backbone with its head ----------------------------------------------------


@dataclass
class Built:
    name: str
    module: ModuleType
    model: object  # all of it: pixels in, probabilities out
    came_frozen: bool

    @property
    def body(self):
        """What turns pixels into features or, for a network, into probabilities."""
        return self.model.layers[0] if self.module.ARCHITECTURE.kind == "backbone" else self.model

    @property
    def inner(self):
        """What applies the declared range, or is given it."""
        return backbones.inner(self.body) if self.body is not self.model else self.model


def assemble(name: str, size: int, channels: int):
    import keras

    module = registry.find(name)
    if module.ARCHITECTURE.kind == "network":
        return module.build(size, channels, CLASSES, 0)
    backbone = module.backbone(size, channels, None)
    return keras.Sequential([backbone, module.head(backbone.output_shape[1:], CLASSES, 0)])


@pytest.fixture(scope="module", params=of_kind("network") + of_kind("backbone"))
def built(request):
    import keras

    keras.utils.set_random_seed(1)
    built = Built(request.param, registry.find(request.param), assemble(request.param, 32, 3), False)
    built.came_frozen = built.body is not built.model and not built.body.trainable_weights
    return built


def pixels(size: int, channels: int, number: int = 4) -> np.ndarray:
    return np.random.default_rng(size).integers(0, 256, (number, size, size, channels), np.uint8)


def answer(model, images: np.ndarray, training: bool = False) -> np.ndarray:
    import keras

    return keras.ops.convert_to_numpy(model(images, training=training))


def step(model) -> list[tuple[object, np.ndarray]]:
    """Take one training step and return (variable, gradient) for all that are trained."""
    import keras

    class Watched(keras.optimizers.SGD):
        def apply(self, gradients, variables=None):
            seen.extend(zip(model.trainable_variables, map(keras.ops.convert_to_numpy, gradients), strict=True))
            return super().apply(gradients, variables)

    seen: list = []
    model.compile(Watched(0.1), "sparse_categorical_crossentropy", run_eagerly=True, jit_compile=False)
    model.train_on_batch(pixels(32, 3), np.arange(4))
    return seen


def test_it_answers_probabilities(built):
    features = found = answer(built.body, pixels(32, 3))
    if built.body is not built.model:
        found = answer(built.model.layers[1], features)
    assert found.shape == (4, CLASSES) and features.dtype == found.dtype == np.float32
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert len(np.unique(features.reshape(4, -1), axis=0)) == 4, "they depend on the image"


def test_the_stated_number_of_parameters_is_right(built):
    stated = built.module.ARCHITECTURE
    body = built.body  # the number of a backbone does not depend on its input
    if stated.kind == "network":
        body = built.module.build(stated.recommended_size, 3, 29, 0)
    assert body.count_params() == stated.parameters


DEVIATION, MEAN = np.float32([0.229, 0.224, 0.225]), np.float32([0.485, 0.456, 0.406])
RANGES = {  # what an architecture may declare: from RGB pixels
    "0–1, scaled inside": lambda rgb: rgb / 255,
    "−1–1, scaled inside": lambda rgb: rgb / 127.5 - 1,
    "0–1, less the ImageNet mean, over its deviation (scaled inside)": lambda rgb: (rgb / 255 - MEAN) / DEVIATION,
    "0–255, BGR, less the ImageNet mean (subtracted inside)": lambda rgb: (
        rgb[..., ::-1] - np.float32([103.939, 116.779, 123.68])
    ),
}


def test_the_declared_range_is_the_one_applied(built, monkeypatch):
    """The mistake behind the study's 0.149: pixels in 0–1 reached a network that expects 0–255."""
    import keras

    scaling = (keras.layers.InputLayer, keras.layers.Rescaling, keras.layers.Normalization)
    first = next(layer for layer in built.inner.layers if not isinstance(layer, scaling))
    arrived, call = [], first.call
    monkeypatch.setattr(first, "call", lambda x, **more: arrived.append(x) or call(x, **more))
    images = pixels(32, 3)
    answer(built.model, images)
    expected = RANGES[built.module.ARCHITECTURE.input_range](images.astype(np.float32))
    assert np.abs(keras.ops.convert_to_numpy(arrived[0]) - expected).max() < 1e-6 * np.ptp(expected)


def moved(model, before: list[np.ndarray]) -> set[int]:
    """Return which variables of a model differ from what they were."""
    return {id(variable) for variable, old in zip(model.weights, before) if (np.asarray(variable) != old).any()}


def test_frozen_means_frozen(built):
    if built.body is built.model:
        assert not built.came_frozen
        return
    assert built.came_frozen
    built.body.trainable = False
    images = pixels(32, 3)
    assert (answer(built.body, images, training=True) == answer(built.body, images)).all(), "no dropout either"
    before = built.model.get_weights()
    trained = step(built.model)
    head = {id(variable) for variable in built.model.layers[1].weights}
    assert {id(variable) for variable, _ in trained} < head
    assert set() < moved(built.model, before) <= head, "the head and nothing else, no statistics either"


# The first layer of the last stage, and what is trained from there on; the normalisation is not.
LAST_STAGE = {
    "vgg16": ("block5_conv1", r"block5_conv[123]"),
    "vgg19": ("block5_conv1", r"block5_conv[1234]"),
    "resnet50": ("conv5_block1_1_conv", r"conv5_block[123]_[0-3]_conv"),
    "resnet50v2": ("conv5_block1_1_conv", r"conv5_block[123]_[0-3]_conv"),
    "mobilenetv3_small": ("expanded_conv_8_expand", r"expanded_conv_(8|9|10)_(?!.*bn).*|conv_1"),
    "mobilenetv3_large": ("expanded_conv_12_expand", r"expanded_conv_1[234]_(?!.*bn).*|conv_1"),
    "efficientnetv2_b0": ("block6a_expand_conv", r"block6[a-h]_(?!.*bn).*|top_conv"),
}


def suggested(backbone) -> list[str]:
    with pytest.raises(
        FingerspellError, match=r"fine_tune.from_layer is 'nonsense', but .* first layer of a"
    ) as raised:
        backbones.unfreeze(backbone, "nonsense")
    return re.split(", ", str(raised.value).partition("such as ")[2])


@pytest.mark.parametrize("built", of_kind("backbone"), indirect=True)
def test_what_is_unfrozen_learns_and_nothing_else(built):
    import keras

    first, expected = LAST_STAGE.get(built.name, (suggested(built.body)[0], None))
    backbones.unfreeze(built.body, first)
    before = built.model.get_weights()
    trained = {id(variable) for variable, _ in step(built.model)}
    layers = {layer.name: layer for layer in built.inner.layers if layer.weights}
    learning = {name for name, layer in layers.items() if trained & {id(variable) for variable in layer.weights}}
    assert first in learning
    assert not any(isinstance(layers[name], keras.layers.BatchNormalization) for name in learning)
    if expected:
        assert learning == {name for name in layers if re.fullmatch(expected, name)}
    changed = moved(built.model, before)
    assert changed & trained & {id(variable) for variable in built.body.weights}
    assert changed <= trained | {id(variable) for variable in built.model.layers[1].weights}


@pytest.mark.parametrize("built", of_kind("backbone"), indirect=True)
def test_a_layer_to_begin_with_is_named_where_there_is_none(built):
    names = suggested(built.body)
    assert len(names) == 3
    for name in names:
        backbones.unfreeze(built.body, name)
    last = built.inner.layers[-1].name
    with pytest.raises(FingerspellError, match=f"from_layer is '{last}', but .* nothing to train"):
        backbones.unfreeze(built.body, last)


def test_every_trainable_parameter_gets_a_gradient(built):
    if built.body is not built.model:
        backbones.unfreeze(built.body, next(layer for layer in built.inner.layers if layer.weights).name)
    gradients = step(built.model)
    assert {id(variable) for variable, _ in gradients} == {id(one) for one in built.model.trainable_variables}
    silent = [one.path for one, gradient in gradients if not (np.isfinite(gradient).all() and gradient.any())]
    assert not silent


def come_back(old, new, path: Path) -> None:
    old.save_weights(path)
    new.load_weights(path)
    assert all((mine == yours).all() for mine, yours in zip(old.get_weights(), new.get_weights(), strict=True))


def test_weights_come_back(built, tmp_path):
    """Those of a backbone suit any size, grey images and half precision; its features are float32 all the same."""
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        body = built.module.backbone(512, 1, None) if built.came_frozen else assemble(built.name, 512, 1)
    finally:
        keras.config.set_dtype_policy("float32")
    assert body.outputs[0].dtype == "float32"
    assert body.input_shape == (None, 512, 512, 1)
    if built.came_frozen:
        assert backbones.inner(body).outputs[0].dtype == "bfloat16"
        come_back(built.body, body, tmp_path / "backbone.weights.h5")
        head = built.module.head(built.body.output_shape[1:], CLASSES, 0)
        come_back(built.model.layers[1], head, tmp_path / "head.weights.h5")
        return
    assert body.output_shape == (None, CLASSES)
    fresh = assemble(built.name, 32, 3)
    come_back(built.model, fresh, tmp_path / "model.weights.h5")
    assert (answer(fresh, pixels(32, 3)) == answer(built.model, pixels(32, 3))).all()


@pytest.mark.parametrize("name", ["vgg16", *of_kind("network")])
def test_grey_images_are_taken_by_a_backbone_as_equal_colours(name):
    grey = assemble(name, 32, 1)
    found = answer(grey, pixels(32, 1))
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    if name == "vgg16":  # what the backbones share does it
        colour = assemble(name, 32, 3)
        colour.set_weights(grey.get_weights())
        assert np.allclose(found, answer(colour, np.repeat(pixels(32, 1), 3, axis=3)), atol=1e-5)


# -- the autoencoder behind the classifiers -------------------------------------------------------------


def test_the_decoder_mirrors_the_encoder():
    from fingerspell.models import autoencoder

    network, encoder = autoencoder.build(32, 3)
    images = pixels(32, 3)
    assert answer(encoder, images).shape == (4, 512)
    restored = answer(network, images)
    assert restored.shape == images.shape
    assert restored.min() >= 0 and restored.max() <= 1


def test_a_code_tells_of_its_own_place_alone():
    from fingerspell.models import autoencoder

    encoder = autoencoder.build(32, 3)[1]
    images = pixels(32, 3)
    changed = images.copy()
    changed[:, 8:16, 16:24] = 255 - changed[:, 8:16, 16:24]
    differs = (answer(encoder, images) != answer(encoder, changed)).reshape(4, 4, 4, 32)
    assert differs[:, 1, 2].any(axis=-1).all()
    differs[:, 1, 2] = False
    assert not differs.any()


@pytest.mark.parametrize("name", of_kind("classifier"))
def test_the_codes_come_from_what_is_stated(name):
    from fingerspell.models import autoencoder

    stated = registry.find(name).ARCHITECTURE
    encoder = autoencoder.build(stated.recommended_size, 3)[1]
    assert encoder.count_params() == stated.parameters
    assert stated.input_range == "0–1, scaled inside" and encoder.layers[1].scale == 1 / 255
