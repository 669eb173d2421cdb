"""`fingerspell sign`: a film of the drawn hand that spells a text."""

import argparse
from pathlib import Path


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "sign",
        help="let the drawn hand spell a text, as a video",
        description="Draw a hand that spells a text: each letter is held, J and Z move, double letters bounce.",
    )
    parser.add_argument("text", metavar="TEXT", help="letters and blanks")
    parser.add_argument("target", type=Path, metavar="OUT", help="the video to write: .mp4, .webm or .mjpeg")
    parser.add_argument("--alphabet", choices=("american", "arabic"), default="american", help="default: %(default)s")
    parser.add_argument("--speed", type=float, default=2.0, metavar="N", help="letters a second (default: 2)")
    parser.add_argument("--left", action="store_true", help="sign with the left hand")
    parser.add_argument("--tone", type=_tone, metavar="T", help="of the skin, from 0, very light, to 1, very dark")
    parser.add_argument("--size", type=_size, default=(640, 480), metavar="WxH", help="in pixels (default: 640x480)")
    parser.add_argument("--rate", type=_rate, default=30.0, metavar="N", help="frames a second (default: 30)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another one gives another signer")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Write the film and print when each letter is shown."""
    from fingerspell.signing import film

    spelt = film.write(
        arguments.text,
        arguments.target,
        arguments.alphabet,
        arguments.speed,
        arguments.left,
        arguments.tone,
        arguments.size,
        arguments.rate,
        arguments.seed,
    )
    for one in spelt:
        print(f"{one.start:7.2f}–{one.end:.2f} s  {one.label}")


def _tone(text: str) -> float:
    if not 0 <= (value := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no tone; give one from 0 to 1")
    return value


def _rate(text: str) -> float:
    if not 1 <= (value := float(text)) <= 120:
        raise argparse.ArgumentTypeError(f"{text} is no rate; give 1 to 120 frames a second")
    return value


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and all(64 <= int(side) <= 4096 for side in (width, height))):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; give one such as 640x480, 64 to 4096 pixels a side")
    return int(width), int(height)
