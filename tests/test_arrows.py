"""The arrows between the folders, read from the imports, and what must stay light to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("data_utils", "models", "training", "rarebeat")
# What a package, or a part of one, must not import, at the top of a file or inside a function.
FORBIDDEN = {
    "data_utils": {"keras", "tensorflow", "wandb", "models", "training", "rarebeat"},
    "models": {"tensorflow", "wandb", "data_utils", "training", "rarebeat"},
    "training": {"rarebeat"},
    "rarebeat": {"keras", "tensorflow"},
    "rarebeat/server": {"data_utils", "models", "training", "keras", "tensorflow", "wfdb"},
    "rarebeat/figures": {"data_utils", "models", "training", "keras", "tensorflow", "wfdb", "wandb"},
    "rarebeat/search": {"data_utils", "models", "training", "keras", "tensorflow", "wfdb", "wandb"},
}
# Modules of rarebeat that these may use: what any sweep could be given, they know nothing of the rest.
STANDALONE = {
    "rarebeat/server": ("rarebeat.server", "rarebeat.search", "rarebeat.figures"),
    "rarebeat/search": ("rarebeat.search",),
    "rarebeat/figures": ("rarebeat.figures",),
}
LIGHT = ["data_utils", "data_utils.loader", "training.card", "rarebeat.search", "rarebeat.check"]
LIGHT += ["rarebeat.cli", "rarebeat.sweep", "rarebeat.leaderboard", "rarebeat.best", "rarebeat.evaluate"]
LIGHT += ["rarebeat.report.command"]
LIGHT += ["rarebeat.data", "rarebeat.server.commands", "rarebeat.server.daemon"]


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, by its full name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: write the package's full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_folder_imports_only_downwards(folder):
    found = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files(folder)
        for name in imported(file)
        if name.split(".")[0] in FORBIDDEN[folder]
    ]
    assert found == []


@pytest.mark.parametrize("folder", STANDALONE)
def test_server_search_and_figures_know_nothing_of_the_rest_of_rarebeat(folder):
    found = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files(folder)
        for name in imported(file)
        if name.split(".")[0] == "rarebeat"
        and not f"{name}.".startswith(tuple(f"{n}." for n in STANDALONE[folder]))
    ]
    assert found == []


@pytest.mark.parametrize("module", LIGHT)
def test_importing_it_leaves_tensorflow_alone(module):
    heavy = "sorted({'tensorflow', 'keras', 'jax'} & {name.split('.')[0] for name in sys.modules})"
    code = f"import sys, {module}; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_training_runs_as_a_module_because_its_init_is_empty():
    assert (ROOT / "training/__init__.py").read_bytes() == b""


def test_folder_of_sweeps_is_no_package_since_it_would_shadow_wandbs_own():
    assert not (ROOT / "sweeps/__init__.py").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_only_an_init_hands_names_on_and_does_nothing_else(package):
    for file in (f for f in files(package) if f.name == "__init__.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            simple = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            assert docstring or isinstance(node, simple), (
                f"{file.relative_to(ROOT)}:{node.lineno} does something"
            )
