"""Builds the engine: ``python native/build.py`` puts the library beside the Python that loads it.

Every instruction set is the same source compiled with other flags; the library chooses among them when it is loaded.
Runs when the package is installed (hatch_build.py). Without a compiler there is no library, and the package then
executes networks with ONNX Runtime.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = HERE.parent / "src" / "adacolvit" / "runtime" / "_native.so"
COMMON = [
    "-std=c++17", "-O3", "-fPIC", "-pthread", "-fvisibility=hidden", "-ffp-contract=fast", "-fno-math-errno",
    "-Wall", "-Wextra", "-Wno-psabi",
]  # fmt: skip
_AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"]
_AVX2 = ["-mavx2", "-mfma"]
MATRIX = "-DADACOLVIT_MATRIX"  # of the two instructions for bfloat16 the one with registers for matrices
# Of kernels.cpp, once for each: bits of the factors of products, and flags. engine.cpp chooses by these names, the
# first that the processor can run.
INSTRUCTION_SETS = {
    "x86_64": {
        "amx": (16, [*_AVX512, "-mavx512bf16", "-mamx-tile", "-mamx-bf16", MATRIX]),
        "avx512_bf16": (16, [*_AVX512, "-mavx512bf16"]),
        "avx512_vnni": (8, [*_AVX512, "-mavx512vnni"]),
        "avx_vnni": (8, [*_AVX2, "-mavxvnni"]),
        "avx512": (32, _AVX512),
        "avx2": (32, _AVX2),
        "generic": (32, []),
    },
    "aarch64": {"neon": (32, [])},
}
INSTRUCTION_SETS["arm64"] = INSTRUCTION_SETS["aarch64"]  # as macOS calls it


class NoCompiler(Exception):
    """There is no C++ compiler here, or it cannot build the engine; says which and why."""


def sources_digest() -> str:
    """SHA-256 of the C++ sources; the library knows its own, so that an old one is noticed."""
    digest = hashlib.sha256()
    for path in sorted(HERE.glob("*.cpp")) + sorted(HERE.glob("*.h")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def compiler() -> str:
    """The C++ compiler: $CXX, g++ or clang++. Raises NoCompiler."""
    for name in filter(None, (os.environ.get("CXX"), "g++", "clang++", "c++")):
        if shutil.which(name.split()[0]):
            return name
    raise NoCompiler("no C++ compiler (g++ or clang++) is installed")


def build(
    output: Path = LIBRARY, *, options=(), link=("-shared",), sources=(), machine: str | None = None, sets=None
) -> Path:
    """Compile and link the engine into ``output``, written beside and renamed. Raises NoCompiler.

    options: further flags, of a sanitizer for instance; link: of the linker; sources: further files, for a program;
    sets: in place of those of ``INSTRUCTION_SETS``. Sets whose flags the compiler does not know yet are left out.
    """
    command = [*compiler().split(), *COMMON, f'-DADACOLVIT_SOURCES="{sources_digest()}"', *options]
    sets = sets or INSTRUCTION_SETS.get(machine or platform.machine(), {"generic": (32, [])})
    with tempfile.TemporaryDirectory() as folder:
        sets = {name: needs for name, needs in sets.items() if _knows(command, needs[1])}
        command.append("-DADACOLVIT_SETS=" + " ".join(f"X({name})" for name in sets))
        jobs = [
            (path, Path(folder, path.stem + ".o"), [])
            for path in (*sorted(HERE.glob("*.cpp")), *sources)
            if path.name != "kernels.cpp"
        ]
        jobs += [
            (
                HERE / "kernels.cpp",
                Path(folder, f"kernels-{name}.o"),
                [f"-DADACOLVIT_ISA={name}", f"-DADACOLVIT_BITS={bits}", *flags],
            )
            for name, (bits, flags) in sets.items()
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            done = pool.map(lambda job: _run([*command, *job[2], "-c", str(job[0]), "-o", str(job[1])]), jobs)
            list(done)
        linked = Path(folder, "linked")
        objects = [str(target) for _, target, _ in jobs]
        complete = []
        if sys.platform == "linux" and "-fsanitize" not in " ".join(options):  # macOS's linker knows none of these
            complete = ["-static-libstdc++", "-static-libgcc", "-Wl,-z,defs"]
        _run([*command, *link, *complete, *objects, "-o", str(linked)])
        beside = output.with_name(output.name + ".new")
        shutil.copy(linked, beside)
        beside.replace(output)
    return output


def _knows(command: list[str], flags: list[str]) -> bool:
    """Whether the compiler takes these flags."""
    probe = [*command, *flags, "-x", "c++", "-fsyntax-only", os.devnull]
    return not flags or subprocess.run(probe, capture_output=True).returncode == 0


def platform_tag() -> str:
    """The platform part of a wheel's tag; of one architecture, where Python itself is for two."""
    tag = sysconfig.get_platform().replace("universal2", platform.machine())
    return tag.replace("-", "_").replace(".", "_")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NoCompiler(f"{command[0]} cannot build the engine: {done.stderr.strip()[-2000:] or done.returncode}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the execution engine.")
    parser.add_argument("--output", type=Path, default=LIBRARY)
    try:
        print(build(parser.parse_args().output))
    except NoCompiler as error:
        print(f"{error}; adacolvit will use ONNX Runtime", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
