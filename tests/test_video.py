"""Videos in and out: turned ones, odd sizes, irregular times, sound, and files that are none."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from fingerspell.errors import FingerspellError
from fingerspell.video import Source, Writer


def picture(number: int, width: int = 64, height: int = 48) -> np.ndarray:
    """A frame that tells its number by its brightness, its upper left corner white."""
    pixels = np.full((height, width, 3), 20 + 10 * number, np.uint8)
    pixels[: height // 2, : width // 2] = 255
    return pixels


def make(path: Path, times=(0.0, 0.1, 0.2, 0.3, 0.4), size=(64, 48), source: Source | None = None) -> Path:
    with Writer(path, size, 10, source) as writer:
        for number, time in enumerate(times):
            writer.add(picture(number, *size), time)
    return path


def with_sound(path: Path, codec: str = "aac", container: str = "mp4") -> Path:
    """Half a second of pictures and of a tone."""
    with av.open(str(path), "w", format=container) as file:
        pictures = file.add_stream("libx264" if container == "mp4" else "libvpx-vp9", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = file.add_stream(codec, rate=48_000)
        tone = (0.3 * np.sin(np.arange(48_000) * 0.06)).astype(np.float32)
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            file.mux(pictures.encode(frame))
        for start in range(0, 24_000, 960):
            heard = av.AudioFrame.from_ndarray(tone[None, start : start + 960], format="fltp", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = 48_000, start, Fraction(1, 48_000)
            file.mux(sound.encode(heard))
        for stream in (pictures, sound):
            file.mux(stream.encode(None))
    return path


def frames(path: Path) -> list:
    with Source(path) as source:
        return list(source.frames())


def sound(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(audio=0) if packet.dts is not None]


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_frames_keep_their_times_however_irregular(tmp_path, suffix):
    times = [0.0, 0.033, 0.2, 0.25, 0.9]
    found = frames(make(tmp_path / f"film{suffix}", times))
    assert [frame.time for frame in found] == pytest.approx(times, abs=0.002)
    assert [round((frame.pixels[-8, -8].mean() - 20) / 10) for frame in found] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("size", [(64, 48), (63, 47), (65, 48)])
def test_every_size_is_written(tmp_path, size):
    [first, *_] = frames(make(tmp_path / "film.mp4", size=size))
    width, height = size
    assert first.pixels.shape == (height + height % 2, width + width % 2, 3)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_video_comes_upright(tmp_path, turn):
    """A phone held upright writes its frames as they lie, and how they are turned."""
    path = make(tmp_path / "film.mp4")
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version and flags, times, track, length, layer, volume: then the matrix
    one, minus = (1 << 16).to_bytes(4, "big"), ((1 << 32) - (1 << 16)).to_bytes(4, "big")
    none = bytes(4)
    a, b, c, d = {90: (none, one, minus, none), 180: (minus, none, none, minus), 270: (none, minus, one, none)}[turn]
    data[at : at + 20] = a + b + none + c + d
    path.write_bytes(data)
    [first, *_] = frames(path)
    assert first.pixels.shape == ((48, 64, 3) if turn == 180 else (64, 48, 3))
    corner = {90: (0, -1), 180: (-1, -1), 270: (-1, 0)}[turn]  # where the white corner goes, turned clockwise
    assert first.pixels[corner].min() > 200
    assert sum(first.pixels[y, x].min() > 200 for y in (0, -1) for x in (0, -1)) == 1


@pytest.mark.parametrize(
    "codec, container, suffix, kept",
    [("aac", "mp4", ".mp4", True), ("libopus", "webm", ".webm", True), ("aac", "mp4", ".webm", False),
     ("pcm_s16le", "matroska", ".mp4", False)],
)  # fmt: skip
def test_sound_is_copied_where_it_can_be_and_else_written_anew(tmp_path, codec, container, suffix, kept):
    path = tmp_path / f"in.{container}"
    if codec == "pcm_s16le":
        pytest.importorskip("av")
        path = _with_plain_sound(path)
    else:
        with_sound(path, codec, container)
    target = tmp_path / f"out{suffix}"
    with Source(path) as source, Writer(target, (64, 48), source.rate, source) as writer:
        for part in source.parts():
            if isinstance(part, av.Packet):
                writer.hear(part)
            else:
                writer.add(part.pixels, part.time)
    assert len(frames(target)) == 5
    if kept:
        assert sound(target) == sound(path)
    else:
        with av.open(str(target)) as file:
            heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
        assert np.abs(heard[4000:20_000]).max() > 0.1


def _with_plain_sound(path: Path) -> Path:
    with av.open(str(path), "w", format="matroska") as file:
        pictures = file.add_stream("libx264", rate=10)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        plain = file.add_stream("pcm_s16le", rate=48_000)
        tone = (9000 * np.sin(np.arange(24_000) * 0.06)).astype(np.int16)
        for number in range(5):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            file.mux(pictures.encode(frame))
        heard = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        heard.sample_rate, heard.pts, heard.time_base = 48_000, 0, Fraction(1, 48_000)
        file.mux(plain.encode(heard))
        for stream in (pictures, plain):
            file.mux(stream.encode(None))
    return path


def test_a_video_cut_short_is_read_as_far_as_it_goes(tmp_path):
    path = make(tmp_path / "film.webm", [number / 10 for number in range(20)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert 0 < len(frames(path)) < 20


@pytest.mark.parametrize(
    "name, data, words",
    [
        ("text.mp4", b"no video at all", "cannot be read as a video"),
        ("empty.mp4", b"", "cannot be read as a video"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nfilm.mp4\n", "cannot be read as a video|no pictures|no frame"),
    ],
)
def test_what_is_no_video_is_refused_in_a_sentence(tmp_path, name, data, words):
    make(tmp_path / "film.mp4")
    (tmp_path / name).write_bytes(data)
    formats = "mov,mp4,matroska,webm,avi"
    with pytest.raises(FingerspellError, match=words), Source(tmp_path / name, formats) as source:
        list(source.frames())


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "tone.mp4"
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=48_000)
        heard = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        heard.sample_rate, heard.pts = 48_000, 0
        file.mux(stream.encode(heard))
        file.mux(stream.encode(None))
    with pytest.raises(FingerspellError, match="holds no pictures"), Source(path):
        pass


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(FingerspellError, match=r"nowhere\.mp4 is not there; name a video file"), Source("nowhere.mp4"):
        pass
    with pytest.raises(FingerspellError, match=r"must end with \.mp4, \.webm, \.mjpeg"):
        Writer(tmp_path / "film.gif", (64, 48), 10)


def test_a_video_that_was_not_finished_is_not_there(tmp_path):
    path = make(tmp_path / "film.mp4")
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), Writer(path, (64, 48), 10) as writer:
        writer.add(picture(0), 0.0)
        raise KeyboardInterrupt
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["film.mp4"]
