"""What pyproject.toml cannot say: a wheel carries the shipped packs already loaded, by the code that it holds."""

import os
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FILL = "from trainrules.engine.fill_shelf import fill; fill()"


class BuildWithPacks(build_py):
    """Copies the package as ever, then lets the copy load its packs."""

    def run(self):
        super().run()
        if self.editable_mode:  # there the packs are edited, and each start reads them
            return
        place = str(Path(self.build_lib).resolve())
        found = os.pathsep.join(filter(None, [place, os.environ.get("PYTHONPATH")]))
        # The same packs give the same bytes: sets of text are otherwise in another order in each process.
        told = {"PYTHONPATH": found, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([sys.executable, "-c", FILL], cwd=place, env={**os.environ, **told}, check=True)

    def find_package_modules(self, package, package_dir):
        found = super().find_package_modules(package, package_dir)
        return [each for each in found if not Path(each[2]).samefile(__file__)]  # the root is the package

    def get_outputs(self, include_bytecode=1):
        shelf = Path(self.build_lib, "trainrules", "rules", "loaded")
        return [*super().get_outputs(include_bytecode), *map(str, sorted(shelf.glob("*.pickle")))]


setup(cmdclass={"build_py": BuildWithPacks})
