"""`make setup` installs the pins whatever the index has, with any pip."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from common.settings import PROJECT

PIN = re.compile(r"^(?P<name>[\w.-]+)(\[[^]]*\])?==(?P<version>[^\s;\\]+)[^\\\n]*")
MAKE = shutil.which("make") or "make"
REQUIREMENTS = sorted(PROJECT.glob("requirements*.txt"))


def pins(file: Path) -> set[tuple[str, str]]:
    """Names and versions in a requirements file; a few differ between Pythons."""
    lines = map(PIN.match, file.read_text().splitlines())
    return {(line["name"], line["version"]) for line in lines if line}


def write_wheel(folder: Path, name: str, version: str, script: str = "") -> str:
    """Write an empty package that requires what the installed one does; its hash."""
    stem = f"{name.replace('-', '_')}-{version}"
    described = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    try:
        installed = metadata.metadata(name)
    except metadata.PackageNotFoundError:  # for another platform
        installed = None
    for key in ("Requires-Dist", "Provides-Extra"):
        for value in (installed and installed.get_all(key)) or []:
            described.append(f"{key}: {value}")
    info = f"{stem}.dist-info"
    files = {
        f"{info}/METADATA": "\n".join(described) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n"
        "Root-Is-Purelib: true\n",
    }
    if script:
        files[f"{stem}.data/scripts/{name}"] = script
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, text in (files | {f"{info}/RECORD": record}).items():
            entry = zipfile.ZipInfo(inner)
            entry.external_attr = 0o100755 << 16  # a file that may run
            wheel.writestr(entry, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_index(clone: Path, index: Path) -> None:
    """Fill an index with each pinned package, and a newer release of each.

    The clone's requirements get the hashes of these packages. uv is the real one.
    """
    uv = PROJECT / ".uv" / "bin" / "uv"
    if not uv.exists():
        pytest.skip("there is no .uv: run `make setup`")
    hashes: dict[tuple[str, str], str] = {}
    for file in REQUIREMENTS:
        rewritten = []
        for line in filter(None, map(PIN.match, file.read_text().splitlines())):
            name, version = line["name"], line["version"]
            script = f'#!/bin/sh\nexec "{uv}" "$@"\n' if name == "uv" else ""
            if (name, version) not in hashes:
                write_wheel(index, name, f"{version}.post1", "#!/bin/false\n")
                hashes[name, version] = write_wheel(index, name, version, script)
            rewritten.append(
                f"{line[0].rstrip()} --hash=sha256:{hashes[name, version]}\n"
            )
        (clone / file.name).write_text("".join(rewritten))


def test_each_package_has_one_pin_over_all_files() -> None:
    run, dev = (
        pins(PROJECT / "requirements.txt"),
        pins(PROJECT / "requirements-dev.txt"),
    )
    names = {name for name, _ in run}
    assert len(names) > 50
    assert run == {(name, version) for name, version in dev if name in names}
    assert len(pins(PROJECT / "requirements-uv.txt")) == 1


def test_newer_releases_in_the_index_change_nothing(tmp_path: Path) -> None:
    """Old pips refuse a pin with extras as soon as the index has a newer release."""
    clone, index = tmp_path / "clone", tmp_path / "index"
    for folder in (clone, index):
        folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "profiles.yml.example"):
        shutil.copy(PROJECT / name, clone)
    write_index(clone, index)
    done = subprocess.run(
        [MAKE, "--no-print-directory", "setup", ".venv/dev.done"],
        cwd=clone,
        env={
            "PATH": os.environ["PATH"],
            "PYTHON": sys.executable,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(index),
            "UV_OFFLINE": "1",
            "UV_FIND_LINKS": str(index),
            "UV_CACHE_DIR": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    installed = {
        tuple(info.name.removesuffix(".dist-info").rsplit("-", 1))
        for info in clone.glob(".venv/lib/*/site-packages/*.dist-info")
    }
    assert len(installed) > 100
    assert installed <= {
        (name.replace("-", "_"), version)
        for name, version in pins(clone / "requirements-dev.txt")
    }


def test_the_requirements_name_no_index() -> None:
    for file in REQUIREMENTS:
        assert "://" not in file.read_text(), file.name
        assert not re.search(r"^--(?!hash)", file.read_text(), re.M), file.name


def test_pre_commit_leaves_files_that_lint_accepts(tmp_path: Path) -> None:
    """An exclusion of ruff's does not hold for files that are named, unless forced."""
    git = shutil.which("git")
    if not git or not (PROJECT / ".git").exists():
        pytest.skip("this is not a clone")
    clone = tmp_path / "clone"
    subprocess.run([git, "clone", "--quiet", PROJECT, clone], check=True)
    shutil.copy(PROJECT / "pyproject.toml", clone)
    (clone / ".venv").symlink_to(PROJECT / ".venv")
    for hook in ("ruff-check", "ruff-format"):
        done = subprocess.run(
            [".venv/bin/pre-commit", "run", "--all-files", hook],
            cwd=clone,
            env={"PATH": os.environ["PATH"], "PRE_COMMIT_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
