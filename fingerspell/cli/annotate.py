"""`fingerspell annotate`: a video with what it says written into it."""

import argparse
import json
from pathlib import Path

BAR = "{desc}: {percentage:3.0f}% |{bar}| {n:.0f} of {total:.0f} s, {remaining} left"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "annotate",
        help="read the letters in a video, and write them into it",
        description="Follow the signing hand through a video and write its outline, the letter that it holds and the "
        "text so far into every frame. Beside the new video are subtitles (.vtt) and a timeline (.json).",
    )
    parser.add_argument("source", type=Path, metavar="IN", help="a video file of any kind")
    parser.add_argument("target", type=Path, metavar="OUT", help="the video to write: .mp4 (H.264) or .webm (VP9)")
    read = parser.add_mutually_exclusive_group()
    read.add_argument("--alphabet", choices=("american", "arabic"), default="american", help="default: %(default)s")
    read.add_argument("--reader", type=Path, metavar="FOLDER", help="an exported reader, such as data/exported/NAME")
    parser.add_argument("--json", action="store_true", help="answer the timeline as JSON, for programs")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Annotate the video and print its text."""
    from tqdm import tqdm

    from fingerspell.inference.annotate import annotate

    with tqdm(desc=arguments.source.name, unit=" s", bar_format=BAR, disable=None) as bar:  # no bar in a log

        def told(seconds: float, total: float | None) -> None:
            bar.total = total
            bar.update(seconds - bar.n)

        timeline = annotate(arguments.source, arguments.target, arguments.reader or arguments.alphabet, told)
    if arguments.json:
        print(json.dumps(timeline, indent=2))
        return
    print(timeline["text"] or "no letter was read")
    words = [one["text"] for one in timeline["suggestions"] if one["text"] != timeline["text"]]
    if words:
        print(f"perhaps: {', '.join(words)}")
