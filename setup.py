"""What pyproject.toml cannot say: profiles and scenarios lie beside the package here, inside it once installed."""

from pathlib import Path
from shutil import copytree

from setuptools import setup
from setuptools.command.build_py import build_py

BESIDE = ("profiles", "scenarios")


class BuildWithData(build_py):
    """Copies what lies beside the package into the built one; an editable installation finds it where it is."""

    def run(self) -> None:
        """Build the package, then its data."""
        super().run()
        if not self.editable_mode:
            for name in BESIDE:
                copytree(Path(__file__).parent / name, Path(self.build_lib) / "ysc_sim" / name, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithData})
