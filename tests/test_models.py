"""The registry, the networks behind it, and the settings that they refuse."""

from pathlib import Path

import numpy as np
import pytest

from fingerspell import config, models
from fingerspell.errors import FingerspellError

PARAMS = config.load(Path(__file__).parent.parent / "params.yaml")


def of_kind(kind: str) -> list[str]:
    return [name for name in models.names() if models.find(name).ARCHITECTURE.kind == kind]


def test_the_models_of_the_study_are_registered():
    known = {"cnn", "arasl_cnn", "vgg16", "resnet50", "autoencoder_forest", "autoencoder_logistic"}
    assert known <= set(models.names())


def test_the_real_parameters_suit_their_models():
    for name, experiment in PARAMS.experiments.items():
        models.check(name, experiment)


@pytest.mark.parametrize(
    "name, change, words",
    [
        ("asl_cnn", {"model": "lenet"}, ("no model 'lenet'", "cnn")),
        ("asl_cnn", {"image_size": 8}, ("asl_cnn.image_size", "8", "at least 16")),
        ("asl_vgg16", {"image_size": 31}, ("asl_vgg16.image_size", "31", "at least 32")),
        ("asl_autoencoder_forest", {"image_size": 50}, ("image_size is 50", "multiples of 8")),
        ("asl_cnn", {"weights": "imagenet"}, ("asl_cnn.weights", "no backbone")),
        ("asl_vgg16", {"fine_tune": None}, ("asl_vgg16.fine_tune", "is a backbone")),
        ("asl_cnn", {"trains_on": "codes"}, ("asl_cnn.trains_on", "prepared")),
        ("asl_autoencoder_forest", {"trains_on": "prepared"}, ("trains_on must be codes",)),
        ("asl_autoencoder_forest", {"grid": None}, ("grid must be set",)),
        (
            "asl_vgg16",
            {"augment": PARAMS.experiment("asl_vgg16").augment.model_copy(update={"rotate": 5})},
            ("rotate", "fine_tune: false"),
        ),
    ],
)
def test_a_setting_that_does_not_suit_is_refused_by_its_key(name, change, words):
    with pytest.raises(FingerspellError) as raised:
        models.check(name, PARAMS.experiment(name).model_copy(update=change))
    assert all(word in str(raised.value) for word in words), str(raised.value)


@pytest.mark.parametrize("name", of_kind("network"))
@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_answers_probabilities_for_stored_pixels(name, channels):
    network = models.find(name).build(32, channels, 5, 0.1)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, channels), np.uint8)
    answer = network.predict_on_batch(pixels)
    assert answer.shape == (4, 5)
    assert np.allclose(answer.sum(axis=1), 1, atol=1e-5)


@pytest.fixture(scope="module", params=of_kind("backbone"))
def backbone(request):
    module = models.find(request.param)
    return request.param, module, module.backbone(32, 3, None)


def test_a_backbone_is_given_the_range_that_it_expects(backbone):
    """The mistake behind the study's 0.149: pixels in 0–1 reached a network that expects 0–255."""
    import keras

    name, _, network = backbone
    pixels = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), np.uint8)
    inner = network.get_layer(name)
    # BGR less the mean of ImageNet's pixels, as both papers' weights expect it.
    by_hand = pixels[..., ::-1].astype(np.float32) - np.float32([103.939, 116.779, 123.68])
    expected = keras.ops.convert_to_numpy(inner(by_hand, training=False))
    if expected.ndim == 4 and len(network.output_shape) == 2:
        expected = expected.mean(axis=(1, 2))
    assert np.allclose(network.predict_on_batch(pixels), expected, rtol=1e-3, atol=1e-4)
    assert not np.allclose(network.predict_on_batch(pixels / 255), expected, rtol=1e-1, atol=1e-2)


def test_a_head_fits_its_backbone(backbone):
    _, module, network = backbone
    head = module.head(network.output_shape[1:], 7, 0.1)
    features = network.predict_on_batch(np.zeros((2, 32, 32, 3), np.uint8))
    assert head.predict_on_batch(features).shape == (2, 7)


def test_grey_images_reach_a_backbone_as_equal_colours():
    module = models.find("vgg16")
    grey, colour = (module.backbone(32, channels, None) for channels in (1, 3))
    colour.set_weights(grey.get_weights())
    pixels = np.random.default_rng(2).integers(0, 256, (2, 32, 32, 1), np.uint8)
    assert np.allclose(grey.predict_on_batch(pixels), colour.predict_on_batch(np.repeat(pixels, 3, axis=3)), atol=1e-4)


def test_the_decoder_mirrors_the_encoder():
    from fingerspell.models import autoencoder

    network, encoder = autoencoder.build(32, 3)
    pixels = np.random.default_rng(3).integers(0, 256, (2, 32, 32, 3), np.uint8)
    assert encoder.predict_on_batch(pixels).shape == (2, 512)
    restored = network.predict_on_batch(pixels)
    assert restored.shape == pixels.shape
    assert restored.min() >= 0 and restored.max() <= 1
