"""One capture burst: a signer, a scene and a light that drift a little from frame to frame.

The hand is drawn anew for every few frames; between them only the camera moves, shakes and turns. That is
what makes neighbours of a capture near-duplicates, and drawing cheap.
"""

import zlib
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from fingerspell.datasets.rendered import poses_american, poses_arabic, scenes
from fingerspell.datasets.rendered.camera import Sensor, aim, develop, encode_light, grain
from fingerspell.datasets.rendered.flesh import solid, trace
from fingerspell.datasets.rendered.packing import EMPTY, Burst, Shot, encode
from fingerspell.datasets.rendered.shading import Light, Skin, shade, skin
from fingerspell.datasets.rendered.skeleton import Build, Pose, build, closed, varied


@dataclass(frozen=True)
class Style:
    """What sets a collection's pictures apart.

    side: of the picture while it is drawn, in pixels; detail: pixels of the hand's own drawing per pixel of
    the picture; signers: how many people; left: the share of them who sign with the left hand; fill: share of
    the picture that the hand takes (low, high); by_burst, by_frame: degrees by which the sign varies;
    turn: degrees by which frames of one drawing are turned.
    """

    side: int
    detail: float
    signers: int
    left: float
    fill: tuple[float, float]
    by_burst: float
    by_frame: float
    turn: float


STYLES = {
    "asl_alphabet": Style(200, 0.58, 6, 0.0, (0.42, 0.72), 3.5, 1.5, 2.0),
    "synthetic_asl": Style(256, 0.45, 60, 0.0, (0.55, 0.85), 3.5, 2.0, 6.0),
    "arasl": Style(64, 1.1, 40, 0.12, (0.6, 0.92), 4.0, 1.5, 2.0),
    "asl_photos": Style(224, 0.55, 8, 0.1, (0.45, 0.8), 4.0, 1.5, 5.0),
}
POSES = {
    "asl_alphabet": poses_american.POSES,
    "synthetic_asl": poses_american.POSES,
    "arasl": poses_arabic.POSES,
    "asl_photos": poses_american.POSES,
}
FRAMES_PER_DRAWING = 3
MARGIN = 0.1  # of the side, drawn beyond every edge so that the camera can move


@dataclass(frozen=True)
class Frame:
    """One finished image: member, encoded bytes, and its row of the table of hands."""

    member: str
    data: bytes
    row: list[str]


def stream(seed: int, *names: object) -> np.random.Generator:
    """Return the random numbers that belong to these names, the same in every process."""
    return np.random.default_rng([seed, *(zlib.crc32(str(name).encode()) for name in names)])


@dataclass(frozen=True)
class Signer:
    """A person: name, proportions, skin, whether sleeves are long, and the hand that signs."""

    name: str
    figure: Build
    surface: Skin
    sleeved: bool
    left: bool


def signer(dataset: str, number: int, seed: int) -> Signer:
    """Return a collection's signer; their skin tones are spread evenly over the whole range."""
    style, rng = STYLES[dataset], stream(seed, dataset, "signer", number)
    tone = (0.15 + number * 0.618) % 1
    return Signer(f"s{number:02d}", build(rng), skin(rng, tone), rng.uniform() < 0.5, rng.uniform() < style.left)


def draw_burst(dataset: str, burst: Burst, seed: int) -> list[Frame]:
    """Draw every shot of a burst."""
    style = STYLES[dataset]
    rng = stream(seed, dataset, burst.label, burst.number)
    # Signers take turns from burst to burst, so that every one of them shows every sign.
    turn = burst.number + zlib.crc32(burst.label.encode())
    person = signer(dataset, turn % style.signers, seed)
    largest = max(burst.shots, key=lambda shot: shot.width)
    side = 160 if style.side == 64 < largest.width else style.side
    scene = _Scene(dataset, side, seed, rng)
    hand = None if burst.label in EMPTY else _Hand(dataset, burst.label, side, person, rng)
    frames = []
    for number, shot in enumerate(burst.shots):
        scene.drift(rng)
        picture, keypoints = scene.background.copy(), None
        if hand is not None:
            if shot.width < shot.height:
                hand.fill, hand.place = style.fill[0], np.full(2, 0.5)
            if number % FRAMES_PER_DRAWING == 0:
                hand.draw(scene, rng)
            keypoints = hand.paste(picture, scene, rng)
        picture = develop(picture, scene.sensor, rng)
        if dataset == "asl_alphabet":
            _blue_frame(picture)
        frames.append(Frame(shot.member, encode(picture, shot), _row(shot, burst, person, keypoints, side)))
    return frames


def _row(shot: Shot, burst: Burst, person: Signer, keypoints: np.ndarray | None, side: int) -> list[str]:
    row = [shot.member, burst.label, person.name, burst.name]
    if keypoints is None:
        return row + [""] * 43
    pixels = keypoints * (max(shot.width, shot.height) / side) - shot.corner
    return [*row, "left" if person.left else "right", *(f"{v:.1f}" for v in pixels.ravel())]


class _Hand:
    """The signing hand of a burst: drawn on a transparent sheet, then pasted into frames."""

    def __init__(self, dataset: str, label: str, side: int, person: Signer, rng: np.random.Generator) -> None:
        self.style, self.side, self.person = STYLES[dataset], side, person
        self.pose: Pose = varied(POSES[dataset][label], rng, self.style.by_burst)
        self.cuff = float(rng.uniform(4, 10)) if person.sleeved else None
        self.place, self.fill = rng.uniform(0.05, 0.95, 2), float(rng.uniform(*self.style.fill))

    def draw(self, scene: "_Scene", rng: np.random.Generator) -> None:
        """Draw the hand a little elsewhere and in a slightly different pose than before."""
        figure = self.person.figure
        self.place = np.clip(self.place + rng.normal(0, 0.08, 2), 0.0, 1.0)
        self.fill = float(np.clip(self.fill + rng.normal(0, 0.015), *self.style.fill))
        hand = solid(closed(varied(self.pose, rng, self.style.by_frame), figure), figure, self.cuff)
        detail, margin = self.style.detail, MARGIN * self.side
        view = aim(hand.joints, self.side, self.fill, self.place, scene.distance)
        length = round((self.side + 2 * margin) * detail)
        centre = ((view.x + margin) * detail, (view.y + margin) * detail)
        self.keypoints = view.project(hand.joints)
        pixels = np.zeros((length, length, 4), np.uint8)
        relief = trace(hand, length, length, centre, view.scale * detail, view.distance)
        if relief is not None:
            lamp = scene.light
            if self.person.left:  # the sheet is mirrored afterwards
                lamp = replace(lamp, direction=lamp.direction * (-1, 1, 1))
            window = pixels[relief.top :, relief.left :][: relief.alpha.shape[0], : relief.alpha.shape[1]]
            window[..., :3] = encode_light(shade(relief, hand, self.person.surface, lamp, view.scale * detail))
            window[..., 3] = np.round(255 * relief.alpha)
        if self.person.left:
            pixels = pixels[:, ::-1]
            self.keypoints = (self.side, 0) + self.keypoints * (-1, 1)
        sheet = Image.fromarray(np.ascontiguousarray(pixels))
        self.outline = sheet.getchannel("A")
        self.sheet = scene.defocus(sheet.convert("RGBa"), detail)  # premultiplied: the rim blends without a fringe

    def paste(self, picture: Image.Image, scene: "_Scene", rng: np.random.Generator) -> np.ndarray:
        """Paste the hand into the picture, the camera shaken a little; return keypoints (21, 2) in pixels."""
        side, detail = self.side, self.style.detail
        angle, zoom = np.deg2rad(rng.normal(0, self.style.turn)), np.exp(rng.normal(0, 0.012))
        shift = np.clip(rng.normal(0, 0.012, 2), -0.03, 0.03) * side
        matrix = zoom * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        middle = np.full(2, side / 2)
        back = np.linalg.inv(matrix)  # from a pixel of the picture to one of the sheet
        offset = (middle + MARGIN * side - back @ (middle + shift)) * detail

        def turned(sheet: Image.Image, offset: np.ndarray) -> Image.Image:
            data = (*(back[0] * detail), offset[0], *(back[1] * detail), offset[1])
            return sheet.transform((side, side), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)

        if scene.shadow > 0:
            dark = turned(self.outline, offset - scene.shadow_shift * detail)
            dark = dark.filter(ImageFilter.GaussianBlur(side / 22))
            picture.paste((0, 0, 0), mask=dark.point([round(a * scene.shadow) for a in range(256)]))
        layer = turned(self.sheet, offset).convert("RGBA")
        picture.paste(layer, mask=layer)
        moved: np.ndarray = (self.keypoints - middle) @ matrix.T + middle + shift
        return moved


class _Scene:
    """Background, light and camera of a burst."""

    def __init__(self, dataset: str, side: int, seed: int, rng: np.random.Generator) -> None:
        angle, height = rng.uniform(-1.3, 1.3), rng.uniform(-0.1, 0.9)
        direction = np.array([np.sin(angle), height, 0.35 + 0.6 * np.cos(angle)])
        self.distance = float(rng.uniform(40, 75))
        self.shadow, self.shadow_shift = 0.0, np.zeros(2)
        lamp, room, warmth = rng.uniform(0.6, 1.1), rng.uniform(0.2, 0.4), rng.normal(0, 0.06)
        if dataset == "asl_alphabet":
            day = rng.uniform(0.65, 1.05)
            shift = (float(rng.uniform(-0.08, 0.1)), float(rng.uniform(-0.06, 0.1)))
            light = scenes.attic(side, stream(seed, dataset, "room"), shift, day)
            lamp, room = lamp * day * rng.uniform(0.5, 1.2), room * day
            direction = np.array([rng.uniform(-0.9, 0.9), 0.75, rng.uniform(0.0, 0.9)])  # the window is above
            blur, noise = rng.uniform(0.3, 0.7), rng.uniform(1.5, 4)
        elif dataset == "arasl":
            light = scenes.studio(side, rng)
            self.shadow = float(rng.uniform(0, 0.4))
            self.shadow_shift = np.clip(rng.normal(0, 0.05, 2), -MARGIN, MARGIN) * side
            blur, noise = rng.uniform(0.2, 0.5) * side / 64, rng.uniform(0.5, 2.5)
        else:
            light = scenes.clutter(side, rng)
            blur, noise = rng.uniform(0.0, 0.6), 0.0
        self.blur = float(blur)
        self.background = self.defocus(Image.fromarray(encode_light(light)), 1.0)
        self.light = Light(
            direction / np.linalg.norm(direction),
            (lamp * np.array([1 + warmth, 1, 1 - warmth])).astype(np.float32),
            (room * np.array([1 - warmth, 1, 1 + warmth])).astype(np.float32),
        )
        gain = rng.uniform(0.85, 1.15) * (1 + rng.normal(0, 0.02, 3))
        self.sensor = Sensor(gain, grain(side, noise, rng))

    def defocus(self, picture: Image.Image, detail: float) -> Image.Image:
        """Blur a drawing that has `detail` pixels per pixel of the picture."""
        radius = self.blur * detail
        return picture.filter(ImageFilter.GaussianBlur(radius)) if radius > 0.25 else picture

    def drift(self, rng: np.random.Generator) -> None:
        """Let the exposure wander as automatic exposure does."""
        self.sensor = replace(self.sensor, gain=np.clip(self.sensor.gain * rng.normal(1, 0.012), 0.6, 1.4))


def _blue_frame(picture: Image.Image) -> None:
    w, h = picture.size
    for box in ((0, 0, w, 2), (0, h - 2, w, h), (0, 0, 2, h), (w - 2, 0, w, h)):
        picture.paste((4, 4, 225), box)
