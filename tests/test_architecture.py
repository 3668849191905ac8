"""The shape of the project: what imports what, what is loaded when, what lies where."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "gatecell").rglob("*.py"))
HEAVY = ("torch", "sklearn", "pandas", "lightning", "matplotlib", "scipy")


def imported_modules(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}


def test_the_ladder_holds() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_names_are_imported_from_the_module_that_defines_them(path: Path) -> None:
    """Import cycles are nearly always born by importing a name from a package's root."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "gatecell":
            source = (ROOT / "src").joinpath(*(node.module or "").split("."))
            submodules = all((source / f"{a.name}.py").exists() or (source / a.name).is_dir() for a in node.names)
            assert source.with_suffix(".py").exists() or submodules, f"line {node.lineno} imports from {node.module}"


def test_only_estimators_know_scikit_learns_base_classes() -> None:
    knowing = {
        path.relative_to(ROOT / "src" / "gatecell").parts[0]
        for path in SOURCES
        if any(name.startswith("sklearn.base") for name in imported_modules(path))
    }
    assert knowing == {"estimators"}


def test_there_is_no_pickle() -> None:
    forbidden = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    for path in SOURCES:
        assert not imported_modules(path) & forbidden, path
        text = path.read_text(encoding="utf-8")
        assert "torch.load" not in text, path
        assert "torch.save" not in text, path
        assert "allow_pickle=True" not in text, path


@pytest.mark.parametrize("statement", ["import gatecell", "import gatecell.cli.main"])
def test_what_is_heavy_is_loaded_when_it_is_used(statement: str) -> None:
    code = f"import sys; {statement}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_kernels_and_networks_load_without_what_they_do_not_need() -> None:
    code = (
        "import sys, gatecell.nn; print([name for name in ('sklearn', 'pandas', 'lightning') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_package_of_the_sources_has_its_tests() -> None:
    packages = {path.name for path in (ROOT / "src" / "gatecell").iterdir() if (path / "__init__.py").exists()}
    for package in packages:
        assert list((ROOT / "tests" / package).glob("test_*.py")), f"tests/{package} has no tests"
