"""MediaPipe's landmark network on its own: a square picture of a hand in, landmarks and features out.

The network's last features, of which landmarks, presence and handedness are linear functions, are no output of the
published file; the file is given one more in memory. They tell signs apart better than the landmarks alone.
"""

from dataclasses import dataclass

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from fingerspell.hands import model
from fingerspell.hands.crops import Crop
from fingerspell.hands.layout import LANDMARKS
from fingerspell.quiet import hushed

SIZE = 224  # pixels: side of the picture that it takes


@dataclass(frozen=True)
class Seen:
    """What the network sees in one picture of a hand."""

    landmarks: np.ndarray  # float32 (21, 3): x, y and depth in pixels of the picture
    world: np.ndarray  # float32 (21, 3): metres, from the middle of the hand
    presence: float  # probability that there is a hand, 0–1
    right: float  # probability that it is a right one, where the picture is no mirror image, 0–1
    features: np.ndarray  # float32 (1152,)


class HandNetwork:
    """The network, ready to answer, on one thread; not to be asked from two at once."""

    def __init__(self) -> None:
        """Load it; raises FingerspellError if its file is not there or damaged."""
        with hushed():
            self._network = Interpreter(model_content=_with_features(model.landmark_network()), num_threads=1)
            self._network.allocate_tensors()
        self._input = self._network.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._network.get_output_details()]

    def see(self, picture: np.ndarray) -> Seen:
        """Look at a picture, uint8 (224, 224, 3), RGB."""
        self._network.set_tensor(self._input, picture[None].astype(np.float32) / np.float32(255))
        self._network.invoke()
        landmarks, presence, right, world, features = (self._network.get_tensor(at)[0] for at in self._outputs)
        shape = LANDMARKS, 3
        return Seen(landmarks.reshape(shape), world.reshape(shape), float(presence[0]), float(right[0]), features)

    def look(self, picture: np.ndarray, crop: Crop, mirror: bool = False) -> Seen:
        """Look at what lies in a square of a picture, uint8 (h, w, 3); landmarks are in pixels of the square."""
        return self.see(crop.cut(picture, SIZE, mirror))


def _with_features(network: bytes) -> bytes:
    """Return the file with the features as its last output: what its mean over the last map gives."""
    opened = schema.ModelT.InitFromPackedBuf(network, 0)
    [graph] = opened.subgraphs
    means = [
        operator.outputs[0]
        for operator in graph.operators
        if opened.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.MEAN
    ]
    graph.outputs = [*graph.outputs, means[-1]]
    opened.signatureDefs = None  # they count the outputs
    builder = flatbuffers.Builder(len(network) + 2**16)
    builder.Finish(opened.Pack(builder), b"TFL3")
    return bytes(builder.Output())
