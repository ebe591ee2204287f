"""Nothing here reads what runs as code when it is read: a pickle where others can write is a way in.

The one exception is numba's index of compiled models; pipelines/trust.py refuses a folder of it that others can write.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGES = ("pipelines", "assets", "forecasts", "expectations")
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
CALLS = {
    "read_pickle", "to_pickle", "unsafe_load", "full_load", "UnsafeLoader", "FullLoader", "fs_io_manager",
    "FilesystemIOManager", "PickledObjectFilesystemIOManager", "eval", "exec",
}  # fmt: skip
# yaml.load may be given a safe loader, or a class made from one.
C_LOADER = "getattr(yaml, 'CSafeLoader', yaml.SafeLoader)"


def safe_loaders(codes: list[str]) -> set[str]:
    """The names under which safe loaders of YAML are known: PyYAML's own, and classes made from them alone."""
    safe = {"yaml.SafeLoader", "SafeLoader", C_LOADER}
    classes = [one for code in codes for one in ast.walk(ast.parse(code)) if isinstance(one, ast.ClassDef)]
    for _ in range(5):
        safe |= {one.name for one in classes if one.bases and {ast.unparse(base) for base in one.bases} <= safe}
    return safe


def dangers(code: str, safe: set[str]) -> list[str]:
    """What in a module could read code where data is expected, by name and line."""
    found = []
    tree = ast.parse(code)
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name.split(".")[0] for one in node.names if one.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            names = [node.module or ""]
        elif isinstance(node, ast.ImportFrom):
            names = [one.name for one in node.names if one.name in CALLS]
        elif isinstance(node, ast.Attribute) and node.attr in CALLS - {"eval", "exec"}:
            names = [node.attr]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            names = [node.func.id]
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            names = ["allow_pickle"] if not (isinstance(node.value, ast.Constant) and node.value.value is False) else []
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "yaml.load":
            loader = next((ast.unparse(one.value) for one in node.keywords if one.arg == "Loader"), "")
            names = [] if loader in safe else ["yaml.load"]
        found += [f"{name} in line {getattr(node, 'lineno', 0)}" for name in names]
    return found


def test_no_module_reads_pickles_or_evaluates_text(repository: Path) -> None:
    paths = [path for package in PACKAGES for path in sorted((repository / package).rglob("*.py"))]
    codes = {str(path.relative_to(repository)): path.read_text(encoding="utf-8") for path in paths}
    safe = safe_loaders(list(codes.values()))
    assert {name: bad for name, code in codes.items() if (bad := dangers(code, safe))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "import numpy as np\nnp.load(f, allow_pickle=True)",
        "import pandas as pd\npd.read_pickle(f)",
        "import yaml\nyaml.load(f, Loader=yaml.Loader)",
        "class Own(yaml.Loader): ...\nyaml.load(f, Loader=Own)",
        "eval(text)",
        "from dagster import fs_io_manager",
    ],
)
def test_the_look_finds_what_it_looks_for(code: str) -> None:
    """A look that finds nothing must not pass for clean code."""
    assert dangers(code, safe_loaders([code]))


def test_steps_hand_nothing_over(own_home: Path) -> None:
    """Dagster's default would pickle what a step returns and unpickle it in the next."""
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.resources import NoHandingOver

    job = defs.resolve_job_def("refresh")
    assert isinstance(job.resource_defs["io_manager"](dg.build_init_resource_context()), NoHandingOver)

    @dg.asset
    def leaky() -> int:
        return 1

    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(
            [leaky], instance=instance, resources={"io_manager": NoHandingOver()}, raise_on_error=False
        )
    assert not done.success
    failed = done.get_step_failure_events()[0].step_failure_data.error
    assert "expected nothing" in str(failed)
