"""Tell what Git holds and should not: large files, secrets, paths of one person's machine.

    python -m tools.clean_tree

It reads the files that Git tracks, or is about to, in the repository of the working directory.
"""

import re
import subprocess
import sys
from pathlib import Path

LARGEST = 1_000_000  # bytes
LARGE = ("docs/", "metrics/", "models/released/", "plots/", "requirements/")  # what may be larger
# Written so that no pattern matches itself.
FAULTS = {
    "a private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a key of AWS": rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of GitHub": rb"\b(?:gh[oprsu]_[0-9A-Za-z]{36}|github_pat_\w{60,})",
    "a token of GitLab": rb"\bglpat-[\w-]{20}",
    "a token of Slack": rb"\bxox[abprs]-[0-9A-Za-z-]{10,}",
    "a key of Google": rb"\bAIza[\w-]{35}",
    "a token of Hugging Face": rb"\bhf_[0-9A-Za-z]{34}\b",
    "a token of PyPI": rb"\bpypi-AgE[\w-]{50,}",
    "a key of Kaggle": rb"\bKGAT_[0-9a-f]{32}\b|\"key\"\s*:\s*\"[0-9a-f]{32}\"",
    "the path of a home folder": rb"(?<![\w./-])/(?:home/[a-z][\w.-]*|Users/[A-Za-z][\w.-]*|root)/|[A-Z]:\\Users\\\w",
}


def faults(root: Path) -> list[str]:
    """Return a sentence for each fault of the files that Git tracks in the repository at `root`, sorted by file."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=root, text=True).split("\0")
    paths = {name: root / name for name in sorted(listed)}
    here = re.escape(str(root.resolve()).encode()) + rb"\b"
    patterns = {what: re.compile(pattern) for what, pattern in (FAULTS | {"the path of this checkout": here}).items()}
    return [
        f"{name} {fault}"
        for name, path in paths.items()
        if path.is_file() and not path.is_symlink()
        for fault in _faults(name, path.read_bytes(), patterns)
    ]


def _faults(name: str, content: bytes, patterns: dict[str, re.Pattern[bytes]]) -> list[str]:
    found = []
    if len(content) > LARGEST and not name.startswith(LARGE):
        found.append(f"has {len(content):,} bytes, more than {LARGEST:,}; leave it out of Git")
    for what, pattern in patterns.items():
        if match := pattern.search(content):
            line = content.count(b"\n", 0, match.start()) + 1
            found.append(f"holds {what} in line {line}; take it out, and withdraw it where it is a secret")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(f"tree: {fault}" for fault in faults(Path())) or None)
