"""How the application holds under many visitors.

python -m benchmarks.serving clients     20 clients at once, each with one picture of 640×480 after the other
python -m benchmarks.serving soak        ten minutes of pictures, frames of the camera and refused files: errors, memory

Each writes its part of benchmarks/results/serving.json. `make bench` takes `measurements` alone: the clients, beside as
many threads that read with nothing between.
"""

import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image

from app.readers import Readers
from benchmarks.machine import processor
from benchmarks.measurement import Measurement
from fingerspell import images
from fingerspell.errors import FingerspellError
from fingerspell.files import write_json
from fingerspell.inference import released
from fingerspell.signing.film import Film

RESULT = Path("benchmarks/results/serving.json")
CLIENTS, PICTURES = 20, 30  # at once; each one's
FEWER = 10  # each one's, of `make bench`
SIZE = (640, 480)
SOAKED = 600.0  # seconds
Result = dict[str, Any]


def measurements() -> Iterator[Measurement]:
    picture = jpeg(next(frame.pixels for frame in Film("L", size=SIZE, rate=10) if frame.label))
    alone = unserved(picture)
    with served() as (address, _):
        read(address, picture, session(address))  # opens the readers
        found = crowd(address, picture, FEWER)
    if found["errors"]:
        raise FingerspellError(
            f"{found['errors']} of {found['pictures']} pictures were refused; let nothing else run meanwhile"
        )
    yield Measurement(
        f"Pictures read over HTTP, {CLIENTS} clients at once, 640×480",
        "pictures/s",
        found["pictures_a_second"],
        limit=alone,
        bound="the readers alone, one a core, without HTTP",
    )


def unserved(picture: bytes) -> float:
    """Return pictures a second of the application's readers, asked by as many threads as there are clients."""
    readers, folder = Readers(), released.find(released.DEFAULT)

    def ask(_: int) -> object:
        return readers.ask(folder, lambda reader: reader.read(images.whole(picture)))

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(ask, range(CLIENTS)))  # opens them
        start = time.perf_counter()
        list(pool.map(ask, range(CLIENTS * FEWER)))
        seconds = time.perf_counter() - start
    readers.close()
    return CLIENTS * FEWER / seconds


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """Run the application in a process of its own; yield the address of its API, and the process."""
    words = [sys.executable, "-m", "app", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None  # it is a pipe
        try:
            if not (address := re.search(r"http://\S+/", server.stdout.readline())):
                raise FingerspellError("the application does not start; run `python -m app`, which says why")
            yield f"{address[0]}api/v1", server.pid
        finally:
            server.terminate()


def main(part: str) -> None:
    picture = jpeg(next(frame.pixels for frame in Film("L", size=SIZE, rate=10) if frame.label))
    with served() as (address, process):
        read(address, picture, session(address))  # opens the readers
        found = crowd(address, picture) if part == "clients" else soak(address, picture, SOAKED, process)
    result: Result = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    result |= {"processor": processor(), "cores": os.cpu_count(), part: found}
    write_json(RESULT, result)
    print(json.dumps(result, indent=2))


def session(address: str) -> requests.Session:
    """Return a visitor with a token."""
    visitor = requests.Session()
    visitor.headers["X-CSRFToken"] = visitor.get(f"{address}/token", timeout=30).json()["token"]
    return visitor


def read(address: str, picture: bytes, visitor: requests.Session) -> int:
    """Let a picture be read; return the status."""
    files = {"picture": ("picture.jpg", picture, "image/jpeg")}
    return visitor.post(f"{address}/readings", files=files, data={"alphabet": "american"}, timeout=60).status_code


def crowd(address: str, picture: bytes, each: int = PICTURES) -> Result:
    """Return how long pictures take while many ask at once, `each` of them for so many."""
    taken: list[float] = []
    errors: list[int] = []

    def client() -> None:
        visitor = session(address)
        for _ in range(each):
            start = time.perf_counter()
            if (status := read(address, picture, visitor)) != 200:
                errors.append(status)
            taken.append(time.perf_counter() - start)

    start = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - start
    p50, p95 = np.percentile(taken, [50, 95]) * 1000
    return {
        "clients": CLIENTS,
        "pictures": len(taken),
        "errors": len(errors),
        "p50_ms": round(float(p50)),
        "p95_ms": round(float(p95)),
        "pictures_a_second": round(len(taken) / whole, 1),
    }


def soak(address: str, picture: bytes, seconds: float, process: int) -> Result:
    """Return errors, and memory at the beginning, in the middle and at the end."""
    visitor = session(address)
    begun = time.monotonic()
    memory: list[int] = []
    errors = count = 0
    while (now := time.monotonic() - begun) < seconds:
        if now >= len(memory) * seconds / 10:
            memory.append(resident(process))
        name = visitor.post(f"{address}/sessions", json={"alphabet": "american"}, timeout=30).json()["id"]
        for number in range(20):
            frame = visitor.post(
                f"{address}/sessions/{name}/frames",
                params={"time": number / 10},
                data=picture,
                headers={"Content-Type": "image/jpeg"},
                timeout=30,
            )
            errors += frame.status_code != 200
        errors += visitor.delete(f"{address}/sessions/{name}", timeout=30).status_code != 204
        errors += read(address, picture, visitor) != 200
        errors += read(address, picture[:500], visitor) != 422
        count += 24
    return {
        "seconds": round(seconds),
        "requests": count,
        "errors": errors,
        "resident_mib": [*memory, resident(process)],
    }


def resident(process: int) -> int:
    """Return the memory that a process holds, MiB."""
    return round(int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20)


def jpeg(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


if __name__ == "__main__":
    if sys.argv[1:] not in (["clients"], ["soak"]):
        sys.exit(__doc__)
    main(sys.argv[1])
