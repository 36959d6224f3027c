"""Runs a management command in a process of its own, and watches how much memory it takes at most."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.places import Place

ROOT = Path(__file__).resolve().parent.parent.parent
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
_LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said, how long it took, and its largest resident set in megabytes."""

    said: str
    seconds: float
    peak_mb: float


def manage(place: Place, *words: str) -> Ran:
    """Run `manage.py` with these words.

    :raises RuntimeError: where it does not end well.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=place.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = 0
    try:
        while process.poll() is None:
            peak = max(peak, _peak_of(process.pid))
            time.sleep(_LOOK_EVERY)
    finally:
        process.kill()
    seconds = time.perf_counter() - start
    said, complained = process.communicate()
    if process.returncode:
        raise RuntimeError(f"manage.py {' '.join(words)}: {said[-1000:]} {complained[-2000:]}")
    # Where the system does not tell of one process while it runs, the largest of all so far is what there is.
    peak = peak or resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return Ran(said, seconds, peak / 1024)


def _peak_of(pid: int) -> int:
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found.group(1)) if found else 0
