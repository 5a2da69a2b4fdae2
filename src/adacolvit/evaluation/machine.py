"""On what a time was measured."""

import platform
from pathlib import Path

from adacolvit.crew import cores


def machine() -> dict[str, str | int]:
    """The processor's name, how many of its cores this process may use, the system, and Python's version."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    """The name the processor gives itself; where the system does not tell it, its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
