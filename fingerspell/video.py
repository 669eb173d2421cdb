"""The one place where videos are decoded and encoded, frame by frame: PyAV, which holds FFmpeg's libraries."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np

from fingerspell.errors import FingerspellError
from fingerspell.files import write_aside

TICK = Fraction(1, 90_000)  # seconds: what time stamps are written in
LARGEST = 2**25  # pixels of a frame: 8K
# Nothing that a file names is fetched: a playlist would otherwise open what it likes.
LOCAL = {"protocol_whitelist": "file"}
H264 = {"preset": "veryfast", "crf": "23"}
VP9 = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "33", "b": "0"}


@dataclass(frozen=True)
class Kind:
    """What a suffix says: the container, how pictures are written, and which sound may be copied or is encoded."""

    container: str
    codec: str
    pixels: str
    codec_options: dict[str, str]
    container_options: dict[str, str]
    copied: tuple[str, ...] = ()
    sound: str | None = None


KINDS = {
    ".mp4": Kind(
        "mp4", "libx264", "yuv420p", H264, {"movflags": "+faststart"}, ("aac", "mp3", "ac3", "opus", "alac"), "aac"
    ),
    ".webm": Kind("webm", "libvpx-vp9", "yuv420p", VP9, {}, ("opus", "vorbis"), "libopus"),
    ".mjpeg": Kind("mjpeg", "mjpeg", "yuvj420p", {"qmin": "3", "qmax": "5"}, {}),
}


@dataclass(frozen=True)
class Frame:
    """One frame, upright. time: seconds from the beginning of the file. pixels: uint8 (h, w, 3), RGB."""

    time: float
    pixels: np.ndarray


class Source:
    """A video to be read once, in a `with` block.

    seconds: its length as the file states it, None where it does not. rate: mean frames a second, as stated.
    """

    def __init__(self, path: Path, formats: str | None = None) -> None:
        """formats: FFmpeg's names of the containers that are opened, by commas; all it knows by default."""
        self._path, self._open = Path(path), ExitStack()
        self._options = LOCAL | ({"format_whitelist": formats} if formats else {})

    def __enter__(self) -> "Source":
        """Open it; raises FingerspellError if it is not there or no video."""
        if os.path.exists(self._path) and not os.path.isfile(self._path):  # a pipe might keep us waiting for ever
            raise FingerspellError(f"{self._path} is no file; name a video file")
        try:
            self._container = self._open.enter_context(av.open(str(self._path), options=self._options))
        except FileNotFoundError as error:
            raise FingerspellError(f"{self._path} is not there; name a video file") from error
        except (OSError, ValueError) as error:  # FFmpeg's errors are among them
            raise FingerspellError(f"{self._path} cannot be read as a video ({_reason(error)})") from error
        pictures = self._container.streams.video
        if not pictures:
            self._open.close()
            raise FingerspellError(f"{self._path} holds no pictures; name a video file")
        self._pictures = pictures[0]
        self._pictures.thread_type = "AUTO"
        self.sound = self._container.streams.audio[0] if self._container.streams.audio else None
        starts = [
            s.start_time * s.time_base
            for s in (self._pictures, self.sound)
            if s and s.time_base and s.start_time is not None
        ]
        self._start = float(min(starts, default=0))
        unit = self._pictures.time_base
        length = self._pictures.duration * unit if self._pictures.duration and unit else None
        length = length or (Fraction(self._container.duration, av.time_base) if self._container.duration else None)
        self.seconds = float(length) if length else None
        self.rate = float(self._pictures.average_rate or self._pictures.guessed_rate or 25)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def parts(self) -> Iterator["Frame | av.Packet[av.AudioStream]"]:
        """Yield frames, and packets of sound among them as they come.

        What is damaged is left out. Raises FingerspellError if no frame can be read, or one is too large.
        """
        number, streams = 0, [self._pictures] + ([self.sound] if self.sound else [])
        packets: Iterator[av.Packet[Any]] = self._container.demux(*streams)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except (OSError, ValueError):  # cut short
                break
            if packet.stream is not self._pictures:
                if packet.dts is not None:
                    yield packet
                continue
            try:
                frames = self._pictures.decode(packet)
            except (OSError, ValueError):
                continue
            for frame in frames:
                yield self._frame(frame, number)
                number += 1
        if not number:
            raise FingerspellError(f"{self._path} holds no frame that can be read; it may be cut short")

    def frames(self) -> Iterator[Frame]:
        """Yield the frames alone; see `parts`."""
        return (part for part in self.parts() if isinstance(part, Frame))

    def _frame(self, frame: av.VideoFrame, number: int) -> Frame:
        if frame.width * frame.height > LARGEST:
            raise FingerspellError(f"{self._path} has frames of {frame.width}×{frame.height}, more than is read here")
        time = frame.time - self._start if frame.time is not None else number / self.rate
        return Frame(time, np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), k=frame.rotation // 90)))

    def seconds_of(self, packet: "av.Packet[av.AudioStream]") -> float:
        """Return when a packet of sound is heard."""
        assert packet.dts is not None and packet.time_base is not None  # `parts` yields no other
        return float(packet.dts * packet.time_base) - self._start

    @property
    def start(self) -> float:
        """Seconds at which the file's own clock begins."""
        return self._start


class Writer:
    """A video that is whole at its path once the `with` block ends without an error, and not there otherwise."""

    def __init__(self, path: Path, size: tuple[int, int], rate: float, source: Source | None = None) -> None:
        """size: width and height in pixels. source: whose sound is written too, packet by packet (`hear`).

        Raises FingerspellError for a suffix other than those of `KINDS`.
        """
        self._path = Path(path)
        if self._path.suffix.lower() not in KINDS:
            raise FingerspellError(f"{path} must end with {', '.join(KINDS)}, which says how the video is written")
        self._kind = KINDS[self._path.suffix.lower()]
        self._size, self._rate, self._source = size, Fraction(rate).limit_denominator(1001), source
        self._open, self._last = ExitStack(), -1

    def __enter__(self) -> "Writer":
        """Begin the file; raises FingerspellError if it cannot be written."""
        kind = self._kind
        try:
            aside = self._open.enter_context(write_aside(self._path))
            container = av.open(str(aside), "w", format=kind.container, container_options=kind.container_options)
            self._container = self._open.enter_context(container)
            pictures = container.add_stream(kind.codec, rate=self._rate, options=dict(kind.codec_options))
            assert isinstance(pictures, av.VideoStream)
            self._pictures = pictures
            width, height = self._size  # made even: colours are stored for every second pixel
            self._pictures.width, self._pictures.height = width + width % 2, height + height % 2
            self._pictures.pix_fmt = kind.pixels
            if kind.container != "mjpeg":
                self._pictures.codec_context.time_base = TICK
            self._prepare_sound()
        except OSError as error:
            self._open.close()
            raise FingerspellError(f"{self._path} cannot be written ({_reason(error)})") from error
        return self

    def _prepare_sound(self) -> None:
        self._sound: av.AudioStream | None = None
        self._encoder: av.AudioStream | None = None
        sound = self._source.sound if self._source else None
        if sound is None or self._kind.sound is None:
            return
        if sound.codec_context.name.split("_")[0] in self._kind.copied:
            self._sound = self._container.add_stream_from_template(sound)
        else:
            encoder = self._container.add_stream(self._kind.sound, rate=48_000)
            assert isinstance(encoder, av.AudioStream)
            self._sound = self._encoder = encoder

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for stream in (self._pictures, self._encoder):
                    if stream is not None and stream.codec_context.is_open:
                        self._container.mux(stream.encode(None))
        except OSError as failure:
            self._open.__exit__(type(failure), failure, failure.__traceback__)
            raise FingerspellError(f"{self._path} cannot be written ({_reason(failure)})") from failure
        self._open.__exit__(kind, error, trace)

    def add(self, pixels: np.ndarray, time: float) -> None:
        """Write a frame, uint8 (h, w, 3), RGB, that is shown from `time`, in seconds, on, scaled to the size."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        step = self._pictures.codec_context.time_base or 1 / self._rate
        frame.pts = self._last = max(round(Fraction(time) / step), self._last + 1)
        frame.time_base = step
        self._mux(self._pictures.encode(frame))

    def hear(self, packet: "av.Packet[av.AudioStream]") -> None:
        """Write a packet of the source's sound: copied where the container can hold it, else encoded anew."""
        if self._sound is None or self._source is None or packet.time_base is None:
            return
        shift = round(Fraction(self._source.start) / packet.time_base)
        if self._encoder is None:
            packet.pts, packet.dts = (None if t is None else t - shift for t in (packet.pts, packet.dts))
            packet.stream = self._sound
            self._mux(packet)
            return
        try:
            heard = packet.decode()
        except (OSError, ValueError):
            return
        for frame in heard:
            if frame.pts is not None and frame.time_base is not None:
                frame.pts -= round(Fraction(self._source.start) / frame.time_base)
            self._mux(self._encoder.encode(frame))

    def _mux(self, packets: "av.Packet[Any] | Sequence[av.Packet[Any]]") -> None:
        try:
            self._container.mux(packets)
        except OSError as error:
            raise FingerspellError(f"{self._path} cannot be written ({_reason(error)})") from error


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
