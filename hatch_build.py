"""Compiles the engine when the package is built or installed. Without a compiler the package does without it."""

import runpy
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EngineBuildHook(BuildHookInterface):
    """Adds the library to the wheel, which then is one for this platform; any Python 3 will do, as it is plain C."""

    def initialize(self, version: str, build_data: dict) -> None:
        if self.target_name != "wheel":
            return
        engine = runpy.run_path(str(Path(self.root, "native", "build.py")))
        try:
            library = engine["build"]()
        except engine["NoCompiler"] as reason:
            self.app.display_warning(f"{reason}; adacolvit will use ONNX Runtime")
            engine["LIBRARY"].unlink(missing_ok=True)  # of an earlier build, for other sources
            return
        build_data["artifacts"].append(library.relative_to(self.root).as_posix())
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{engine['platform_tag']()}"
