"""What is installed from a wheel: the package with its profiles and scenarios, not only a checkout of it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("ysc_sim", "profiles", "scenarios", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
DEMO = """
import sys
import ysc_sim as ysc
from ysc_sim.cli.run import scenarios_folder

assert ysc.__file__.startswith(sys.argv[1]), ysc.__file__
scenario = ysc.load_scenario(scenarios_folder() / "one_home.yaml", overrides={"time.days": 1, "outages": []})
print(ysc.run(scenario).digest())
"""


def test_a_wheel_holds_all_that_a_run_needs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        wheel.extractall(tmp_path / "site")
    for folder in ("profiles", "scenarios"):
        missing = {
            f"ysc_sim/{folder}/{path.relative_to(ROOT / folder).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file()
        } - names
        assert not missing
    assert "ysc_sim/py.typed" in names
    digests = [
        subprocess.run(
            [sys.executable, "-c", DEMO, str(place)], cwd=place, capture_output=True, text=True, check=True
        ).stdout
        for place in (tmp_path / "site", ROOT)
    ]
    assert digests[0] == digests[1]
