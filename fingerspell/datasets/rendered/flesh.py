"""The flesh around the bones: one smooth solid of tapered capsules, traced to depth, normals and materials.

The solid is a signed distance field (sphere tracing: Hart 1996, https://doi.org/10.1007/s003710050084).
Capsules of the palm melt into each other and into the first bone of every finger; neighbouring fingers only
touch, so the crease between them stays.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from fingerspell.datasets.rendered.skeleton import Build, Pose, forearm, kinematics, orientation

_FIRST_PALM = 15  # capsules 0-14 are the bones of thumb and fingers, three each, the thumb first
SLEEVE_PART = 25  # capsules from here on are cloth
_FAR = np.float32(-60.0)
_PALM_BLEND, _JOINT_BLEND = np.float32(0.34), np.float32(0.1)  # centimetres over which capsules melt


@dataclass(frozen=True)
class Solid:
    """Capsules in the viewer's frame (centimetres, z to the viewer), `count` of them.

    start, end (count, 3); r0, r1 (count,) radii at both ends; back (count, 3) unit vectors out of the back of
    the hand; joints (21, 3); frame (3, 3) takes the frame of the hand to the viewer's; cuff: how far down the
    forearm the sleeve begins, in centimetres, or None; arm (3,) the forearm's direction.
    """

    start: np.ndarray
    end: np.ndarray
    r0: np.ndarray
    r1: np.ndarray
    back: np.ndarray
    joints: np.ndarray
    frame: np.ndarray
    cuff: float | None
    arm: np.ndarray


@dataclass(frozen=True)
class Relief:
    """What the camera sees of a solid, in a window of the picture.

    top, left: the window's place in pixels; alpha (h, w) coverage in 0..1; depth (h, w) centimetres toward
    the viewer; normal (h, w, 3); palmar (h, w): 1 where the surface faces as the palm does, -1 at the back;
    part (h, w): number of the nearest capsule, -1 for none; along (h, w): 0..1 along that capsule;
    place (h, w, 3): the point in the frame of the hand.
    """

    top: int
    left: int
    alpha: np.ndarray
    depth: np.ndarray
    normal: np.ndarray
    palmar: np.ndarray
    part: np.ndarray
    along: np.ndarray
    place: np.ndarray


def solid(pose: Pose, build: Build, cuff: float | None) -> Solid:
    """Put flesh on the pose."""
    joints, backs = kinematics(pose, build)
    t = build.thickness
    start: list[np.ndarray] = []
    end: list[np.ndarray] = []
    r0: list[float] = []
    r1: list[float] = []
    back: list[np.ndarray] = []

    def add(a: np.ndarray, b: np.ndarray, ra: float, rb: float, up: np.ndarray) -> None:
        start.append(a)
        end.append(b)
        r0.append(ra * t)
        r1.append(rb * t)
        back.append(up)

    girth = {0: (1.32, 1.1, 1.03, 0.84), 1: (1.08, 0.98, 0.87, 0.73), 2: (1.1, 1.0, 0.89, 0.75)}
    girth |= {3: (1.04, 0.95, 0.84, 0.71), 4: (0.92, 0.83, 0.74, 0.62)}
    for finger in range(5):
        for bone in range(3):
            a, b = joints[1 + 4 * finger + bone], joints[2 + 4 * finger + bone]
            if bone == 2:  # the joint called tip is the end of the flesh
                b = b - (b - a) / np.linalg.norm(b - a) * girth[finger][3] * t * 0.6
            add(a, b, girth[finger][bone], girth[finger][bone + 1], backs[finger, bone])
    dorsal = np.array([0.0, 0.0, -1.0])
    size = np.linalg.norm(build.knuckles[1]) / 8.96
    knuckles = build.knuckles
    for k, (x, ra, rb) in enumerate(((1.25, 1.15, 0.98), (0.4, 1.2, 1.0), (-0.5, 1.15, 0.95), (-1.3, 1.1, 0.85))):
        add(np.array([x * size, 0.6, 0.0]), knuckles[k] * (1, 0.97, 1), ra, rb, dorsal)
    thumb_mcp = joints[2]
    add(np.array([1.0 * size, 1.2, 0.7]), 0.25 * joints[1] + 0.75 * thumb_mcp, 1.3, 1.15, dorsal)  # thenar
    add(np.array([-1.7, 1.3, 0.55]) * size, np.array([-2.7, 5.2, 0.35]) * size, 1.15, 0.85, dorsal)  # hypothenar
    add(0.45 * joints[1] + 0.55 * thumb_mcp, 0.45 * knuckles[0], 0.8, 0.9, dorsal)  # web
    add(0.15 * joints[1] + 0.85 * thumb_mcp, 0.72 * knuckles[0] + (0.2, 0, 0.1), 0.55, 0.7, dorsal)
    arm = forearm(pose)
    side = np.array([1.0, 0, 0]) - arm[0] * arm
    side /= np.linalg.norm(side)
    up = np.cross(side, arm)
    for s in (0.75, -0.75):
        add(s * side * size, s * side * 2.2 * size + 26 * arm, 1.45, 2.5, up)
    if cuff is not None:
        for s in (0.8, -0.8):
            add(s * side * size + (cuff - 1) * arm, s * side * 2.2 * size + 26 * arm, 2.45, 3.5, up)
    frame = orientation(pose)
    f32 = np.float32
    return Solid(
        (np.array(start) @ frame.T).astype(f32),
        (np.array(end) @ frame.T).astype(f32),
        np.array(r0, f32),
        np.array(r1, f32),
        (np.array(back) @ frame.T).astype(f32),
        joints @ frame.T,
        frame.astype(f32),
        cuff,
        (frame @ arm).astype(f32),
    )


def _runs(values: np.ndarray) -> np.ndarray:
    """Return where runs of equal values begin."""
    first = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return np.flatnonzero(first)


class _Field:
    """The signed distance of a solid along rays, where each ray knows which capsules it can meet.

    The work is done on pairs of ray and capsule, sorted by ray, finger and bone, so that sums over the bones
    of a finger and minima over the capsules of a ray are reductions over runs.
    """

    def __init__(self, s: Solid, meets: np.ndarray) -> None:
        """`meets` (rays, capsules) of bool; every ray meets at least one."""
        axis = s.end - s.start
        self.rays = len(meets)
        self.ray, self.part = np.nonzero(meets)
        part = self.part
        self.start, self.axis = s.start.T[:, part], axis.T[:, part]
        self.scale = (1 / (axis**2).sum(1))[part]
        self.r0, self.taper = s.r0[part], (s.r1 - s.r0)[part]
        self.palm = np.flatnonzero((part >= _FIRST_PALM) & (part < SLEEVE_PART))
        self.base = np.flatnonzero((part < _FIRST_PALM) & (part % 3 == 0))
        self.bones = np.flatnonzero(part < _FIRST_PALM)
        self.cloth = np.flatnonzero(part >= SLEEVE_PART)
        finger = self.ray[self.bones] * 5 + part[self.bones] // 3
        self.finger_runs = _runs(finger)
        finger_ray = self.ray[self.bones][self.finger_runs]
        self.hand_runs = _runs(finger_ray)
        self.hand_rays = finger_ray[self.hand_runs]
        base_ray = self.ray[self.base]
        self.base_runs = _runs(base_ray)
        self.base_rays = base_ray[self.base_runs]
        self.cuff, self.arm = s.cuff, s.arm

    def parts(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return each pair's distance and position along the capsule (0..1); `points` (3, rays)."""
        gap = points[:, self.ray]
        gap -= self.start
        along = (gap[0] * self.axis[0] + gap[1] * self.axis[1] + gap[2] * self.axis[2]) * self.scale
        np.clip(along, 0, 1, out=along)
        gap -= along * self.axis
        gap *= gap
        distance = np.sqrt(gap[0] + gap[1] + gap[2])
        distance -= self.r0 + along * self.taper
        return distance, along

    def distance(self, points: np.ndarray) -> np.ndarray:
        """Return the distance (rays,) from `points` (3, rays) to the nearest flesh or cloth."""
        d = self.parts(points)[0]
        melt = np.bincount(self.ray[self.palm], np.exp(d[self.palm] / -_PALM_BLEND), self.rays).astype(np.float32)
        if len(self.base):
            bases = np.exp(d[self.base] / -_PALM_BLEND)
            melt[self.base_rays] += np.maximum.reduceat(bases, self.base_runs)
        result: np.ndarray = -_PALM_BLEND * np.log(melt + np.float32(1e-20))
        if len(self.bones):
            fingers = np.add.reduceat(np.exp(d[self.bones] / -_JOINT_BLEND), self.finger_runs)
            nearest = np.maximum.reduceat(fingers, self.hand_runs)
            chain = -_JOINT_BLEND * np.log(nearest + np.float32(1e-30))
            result[self.hand_rays] = np.minimum(result[self.hand_rays], chain)
        if len(self.cloth):
            rays = self.ray[self.cloth]
            np.minimum.at(result, rays, np.maximum(d[self.cloth], self.cuff - self.arm @ points[:, rays]))
        return result

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest capsule's number (rays,) and the position along it (rays,)."""
        d, along = self.parts(points)
        if len(self.cloth):  # no cloth above the cuff
            d[self.cloth] += 9 * (self.cuff > self.arm @ points[:, self.ray[self.cloth]])
        best = np.flatnonzero(d == np.minimum.reduceat(d, _runs(self.ray))[self.ray])
        part, place = np.empty(self.rays, np.int64), np.empty(self.rays, np.float32)
        part[self.ray[best]], place[self.ray[best]] = self.part[best], along[best]
        return part, place


def trace(
    s: Solid, height: int, width: int, centre: tuple[float, float], scale: float, distance: float
) -> Relief | None:
    """Trace the solid from a camera on the z axis, `distance` cm from the origin.

    centre: pixel (x, y) of the wrist; scale: pixels per centimetre at the wrist's depth. Returns None where
    nothing falls into the picture of `height` by `width` pixels.
    """
    block = 3
    rows, columns = -(-height // block), -(-width // block)
    v, u = np.mgrid[0:rows, 0:columns].astype(np.float32)
    u = ((u + 0.5) * block - centre[0]) / scale
    v = -((v + 0.5) * block - centre[1]) / scale
    tops = _tops(s, u.ravel(), v.ravel(), distance, margin=(0.75 * block + 1.3) / scale)
    hit = (tops > _FAR).any(0).reshape(rows, columns)
    if not hit.any():
        return None
    ys, xs = np.flatnonzero(hit.any(1)), np.flatnonzero(hit.any(0))
    y0, y1 = ys[0] * block, min(height, (ys[-1] + 1) * block)
    x0, x1 = xs[0] * block, min(width, (xs[-1] + 1) * block)
    h, w = y1 - y0, x1 - x0
    pixels = np.flatnonzero(np.repeat(np.repeat(hit, block, 0), block, 1)[y0:y1, x0:x1])
    row, column = pixels // w + y0, pixels % w + x0
    blocks = tops[:, (row // block) * columns + column // block]
    z = blocks.max(0)
    meets = (blocks > _FAR).T
    u = ((column + 0.5 - centre[0]) / scale).astype(np.float32)
    v = (-(row + 0.5 - centre[1]) / scale).astype(np.float32)

    def at(rays: np.ndarray | slice, depth: np.ndarray) -> np.ndarray:
        shrink = 1 - depth / np.float32(distance)
        return np.stack([u[rays] * shrink, v[rays] * shrink, depth])

    floor = np.minimum(s.start[:, 2], s.end[:, 2]).min() - 3
    near = np.float32(0.25 / scale)
    miss, closest, inside = np.full(len(z), 9, np.float32), z.copy(), np.zeros(len(z), bool)
    before, stride = np.zeros(len(z), np.float32), np.zeros(len(z), np.float32)
    active = np.arange(len(z))
    for steps in (3, 3, 12):  # most rays arrive early; the field is then set up again for the rest
        field = _Field(s, meets[active])
        for _ in range(steps):
            depth = z[active]
            d = field.distance(at(active, depth))
            inside[active] |= d < 0
            closer = np.abs(d) < miss[active]
            miss[active[closer]], closest[active[closer]] = np.abs(d[closer]), depth[closer]
            # Where the last step shortened the distance by less than its length, the surface slopes: step
            # further. Not where it is far: that could jump over a finger.
            fall = before[active] - d
            gain = np.clip(stride[active] / np.maximum(fall, np.float32(0.02)), 1, 2.2)
            gain[(fall < 0.02) | (d > 0.5)] = 1
            stride[active], before[active] = d * gain, d
            z[active] = np.where(np.abs(d) > near, depth - d * gain, depth)
        active = active[(miss[active] > near) & (z[active] > floor)]
        if not len(active):
            break
    miss[inside] = 0
    creeping = active[(z[active] > floor) & (miss[active] < 3 * near)]  # along the skin: near enough
    miss[creeping], closest[creeping] = 0, z[creeping]
    seen = np.flatnonzero(miss * scale < 1.25)
    if not len(seen):
        return None
    pixels, z = pixels[seen], closest[seen]  # a ray that only grazes the flesh ends where it came nearest
    points = at(seen, z)
    part, along = _Field(s, meets[seen]).nearest(points)

    def window(values: np.ndarray, empty: float | np.float32) -> np.ndarray:
        full = np.full((h * w, *values.shape[1:]), empty, values.dtype)
        full[pixels] = values
        return full.reshape(h, w, *values.shape[1:])

    depth, alpha, parts = (
        window(z, _FAR),
        window(np.clip(1.25 - miss[seen] * np.float32(scale), 0, 1), 0),
        window(part, -1),
    )
    normal = _normals(depth, alpha, scale)
    palmar = -(s.back[parts] * normal).sum(-1)
    place = window((s.frame.T @ points).T, 0)
    return Relief(int(y0), int(x0), alpha, depth, normal, palmar, parts, window(along, 0), place)


def _tops(s: Solid, u: np.ndarray, v: np.ndarray, distance: float, margin: float) -> np.ndarray:
    """Return a depth just in front of each capsule (capsules, rays), `_FAR` where the ray cannot meet it."""
    near = distance / (distance - s.start[:, 2]), distance / (distance - s.end[:, 2])
    pa, pb = s.start[:, :2] * near[0][:, None], s.end[:, :2] * near[1][:, None]
    axis = (pb - pa)[:, :, None]
    gap = np.stack([u, v]) - pa[:, :, None]
    along = np.clip((gap * axis).sum(1) / ((axis**2).sum(1) + 1e-6), 0, 1)
    blend = np.where(np.arange(len(s.r0)) < _FIRST_PALM, 0.22, 0.42).astype(np.float32)
    ra, rb = ((r + blend) * n for r, n in zip((s.r0, s.r1), near))
    radius = np.maximum(ra, rb)[:, None] + margin
    gap -= along[:, None] * axis
    square = radius**2 - (gap**2).sum(1)
    za, zb = s.start[:, 2, None], s.end[:, 2, None]
    steep = np.abs(za - zb)[:, 0] > 2 * np.hypot(axis[:, 0, 0], axis[:, 1, 0])
    depth = np.where(steep[:, None], np.maximum(za, zb), za + along * (zb - za))
    return np.where(square > 0, depth + np.sqrt(np.maximum(square, 0)) + 0.3, _FAR).astype(np.float32)


def _normals(depth: np.ndarray, alpha: np.ndarray, scale: float) -> np.ndarray:
    """Return unit normals (h, w, 3) from a depth map; across a jump the flatter side counts."""

    def slope(axis: int) -> np.ndarray:
        step = np.diff(depth, axis=axis)
        before = np.insert(step, 0, 9, axis=axis)
        after = np.append(step, np.full_like(step.take([0], axis), 9), axis=axis)
        return np.where(np.abs(before) < np.abs(after), before, after) * np.float32(scale)

    limit = np.float32(6)
    x = np.clip(-slope(1), -limit, limit)
    y = np.clip(slope(0), -limit, limit)
    normal = np.stack([x, y, np.ones_like(x)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    spread = max(0.06 * scale, 0.55)
    smooth = gaussian_filter(normal * (alpha > 0)[..., None], (spread, spread, 0))
    unit: np.ndarray = smooth / (np.linalg.norm(smooth, axis=-1, keepdims=True) + np.float32(1e-6))
    return unit
