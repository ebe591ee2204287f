"""Steps may be skipped only where nothing they depend on has changed: stale memory would publish stale figures."""

from __future__ import annotations

from pathlib import Path

from pipelines.memory import Memory
from pipelines.versions import fingerprint, hash_files


def remembered(tmp_path: Path) -> tuple[Path, Path]:
    warehouse, path = tmp_path / "warehouse.duckdb", tmp_path / "stages.json"
    warehouse.write_text("tables")
    Memory.load(path, warehouse).store("judge", "f1", {"rows": 3})
    return path, warehouse


def test_the_same_fingerprint_gives_the_summary_back(tmp_path: Path):
    path, warehouse = remembered(tmp_path)
    assert Memory.load(path, warehouse).recall("judge", "f1") == {"rows": 3}
    assert Memory.load(path, warehouse).recall("judge", "f2") is None
    assert Memory.load(path, warehouse).recall("history", "f1") is None


def test_another_warehouse_file_voids_everything(tmp_path: Path):
    path, warehouse = remembered(tmp_path)
    warehouse.write_text("other tables")
    assert Memory.load(path, warehouse).stages == {}
    warehouse.unlink()
    assert Memory.load(path, warehouse).stages == {}


def test_a_missing_output_makes_its_step_run_again(tmp_path: Path):
    path, warehouse = remembered(tmp_path)
    page = tmp_path / "index.html"
    page.write_text("page")
    memory = Memory.load(path, warehouse)
    memory.store("page", "p1", {}, (page,))
    assert memory.recall("page", "p1") == {}
    page.unlink()
    assert memory.recall("page", "p1") is None


def test_an_illegible_memory_is_an_empty_one(tmp_path: Path):
    path, warehouse = remembered(tmp_path)
    path.write_text("{half")
    assert Memory.load(path, warehouse).stages == {}


def test_a_version_changes_with_content_and_name_alone(tmp_path: Path):
    folder = tmp_path / "layouts"
    folder.mkdir()
    (folder / "a.yaml").write_text("x: 1")
    first = hash_files([folder], tmp_path)
    (folder / "notes.bin").write_bytes(b"ignored")
    assert hash_files([folder], tmp_path) == first
    (folder / "a.yaml").write_text("x: 2")
    assert hash_files([folder], tmp_path) != first


def test_a_fingerprint_tells_its_parts_apart():
    assert fingerprint("a", "bc") != fingerprint("ab", "c")
    assert fingerprint(["a"]) == fingerprint(["a"])
