"""What a run does about damaged files: it looks for them before it works, and puts right what it meets while working.

Belongs here: when to look, in which order, and what is said. How a file is judged and what takes its place is in
assets/warehouse/mending.py and archive.py. Every run reads the warehouse, the publication and the outbox through to the
last block. Files that no longer change (archived bytes, earlier publications) are read when they are new or have
another size or time, and again every ROUND_DAYS; what was found damaged is looked at in every run until it is sound.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from pipelines.home import write_atomically
from pipelines.memory import stamp
from pipelines.steps.work import Outcome, Work, log

if TYPE_CHECKING:
    from pipelines.settings import Settings

ROUND_DAYS = 7
# Bytes of files that are merely due for another look that one run reads at most; the rest waits for the next run.
ROUND_BYTES = 256 * 1024 * 1024
# The steps that a run does one after another; whoever makes the warehouse anew does those before his own again.
_ORDER = (
    ("intake", "read"), ("warehouse", "judge"), ("warehouse", "history"), ("outlook", "outlook"), ("leases", "leases"),
    ("track_record", "track_record"), ("alerts", "alerts"), ("delivery", "publish"), ("delivery", "page"),
)  # fmt: skip
_P = ParamSpec("_P")


def look_over(work: Work) -> dict[str, list[str]]:
    """Look for damage and put right what can be put right before the run. For the holder of the run lock.

    Returns `mended` (what was found and done about it) and `damaged` (what only a person can bring back: documents
    whose bytes are gone or rotten), sentences each. Both are logged; the second is also remembered for `status`.
    """
    from assets.warehouse.archive import mend_receipts

    mended = [*_mend_state(work), *mend_receipts(work.home.archive)]
    mended += _mend_warehouse(work)
    mended += _mend_publication(work)
    seen, damaged, aside = _make_the_round(work)
    mended += aside
    for sentence in (*mended, *damaged):
        log.warning("%s", sentence)
    write_atomically(_memory_file(work.settings), json.dumps({"seen": seen, "damaged": damaged}, ensure_ascii=False))
    return {"mended": mended, "damaged": damaged}


def known_damage(settings: Settings) -> list[str]:
    """What the last run found damaged and could not put right, a sentence each."""
    return [str(one) for one in _remembered(settings).get("damaged", [])]


def mended(step: Callable[_P, Outcome]) -> Callable[_P, Outcome]:
    """A step that, where it meets a damaged warehouse or publication, has it put right and is done once more.

    The damaged warehouse is set aside, and the steps before this one make it anew from the archive and what was
    published. What is damaged a second time fails the run: then it is the disk.
    """

    @functools.wraps(step)
    def careful(*args: _P.args, **kwargs: _P.kwargs) -> Outcome:
        try:
            return step(*args, **kwargs)
        except Exception as error:
            from assets.warehouse.database import WarehouseDamagedError

            work = args[0]
            assert isinstance(work, Work)
            if not isinstance(error, WarehouseDamagedError) or not _put_right(work, error):
                raise
        for earlier in _steps_before(step.__name__):
            earlier(work)
        return step(*args, **kwargs)

    return careful


def _steps_before(name: str) -> list[Callable[[Work], Outcome]]:
    names = [step for _, step in _ORDER]
    # `freeze` stands beside the main job, and needs the history alone.
    count = names.index(name) if name in names else names.index("outlook")
    return [getattr(import_module(f"pipelines.steps.{module}"), step).__wrapped__ for module, step in _ORDER[:count]]


def _put_right(work: Work, error: Any) -> bool:
    """Make room for a new file in the place of the damaged one; False where it is none of those a run can make."""
    from assets.warehouse.aside import set_aside

    if error.path == work.home.warehouse:
        log.warning("%s", _made_anew(work, str(error), set_aside(work.home.warehouse)))
        return True
    if error.path == work.home.published:
        for sentence in _mend_publication(work):
            log.warning("%s", sentence)
        return True
    return False


def _made_anew(work: Work, reason: str, aside: Path | None) -> str:
    kept = f"; the damaged file is kept as {aside.name}" if aside is not None else ""
    return f"{reason.split(' Nothing is lost')[0]} It is made anew from the archive and what was published{kept}."


def _trouble(path: Path) -> str:
    """What is damaged in a DuckDB file; '' also for one that cannot be looked at: the steps say why."""
    from assets.warehouse.database import WarehouseLockedError, WarehouseTooNewError, WarehouseUnusableError
    from assets.warehouse.mending import trouble_of

    try:
        return trouble_of(path)
    except (WarehouseLockedError, WarehouseTooNewError, WarehouseUnusableError):
        return ""


def _mend_warehouse(work: Work) -> list[str]:
    from assets.warehouse.aside import set_aside

    path = work.home.warehouse
    log_beside = path.with_name(path.name + ".wal")
    if not path.exists():
        # Without its file a log says nothing, and would stop the new file from being made.
        set_aside(log_beside)
        return []
    if log_beside.exists():
        log.info("An earlier run did not end; what it had finished is taken over from %s", log_beside.name)
    reason = _trouble(path)
    return [_made_anew(work, reason, set_aside(path))] if reason else []


def _mend_publication(work: Work) -> list[str]:
    """Put the newest kept copy in the place of a damaged publication; the run then publishes as ever."""
    from assets.warehouse import mending, publishing
    from assets.warehouse.aside import set_aside

    path = work.home.published
    # Nothing is ever written to the published file: a log beside it is another file's, and may block opening it.
    set_aside(path.with_name(path.name + ".wal"))
    reason = _trouble(path) if path.exists() else ""
    if reason:
        copy = mending.put_back(path)
        work.memory().forget("publish")
        what = f"put back from history/{copy.name}" if copy is not None else "this run publishes it again"
        return [f"{reason.split(' Nothing is lost')[0]} Readers' file: {what}."]
    # A run that was killed between publishing and keeping the copy left this to do.
    newest = next(iter(mending.copies(path)), None)
    if path.is_file() and (newest is None or not mending.same_bytes(path, newest)):
        kept = publishing.keep_copy(path, work.settings.keep_published)
        log.info("Kept what is published as history/%s", kept.name)
    return []


def _mend_state(work: Work) -> list[str]:
    """Databases beside the warehouse and what the steps remember: set aside where they are damaged."""
    from assets.warehouse.aside import set_aside
    from assets.warehouse.mending import trouble_of_sqlite
    from pipelines.locking import LockedError, run_lock

    said = []
    for path, lock, loss in (
        (work.home.outbox, work.home.outbox_lock, "alerts told since the last publication are told once more"),
        (work.home.state / "filings.sqlite", None, "sources are asked again for what they have"),
    ):
        reason = trouble_of_sqlite(path) if path.exists() else ""
        if not reason:
            continue
        try:
            if lock is None:
                aside = set_aside(path)
            else:
                with run_lock(lock, "setting a damaged file aside", 30.0):
                    aside = set_aside(path)
        except LockedError:
            said.append(f"{reason}; it is in use and is set aside by the next run")
            continue
        said.append(f"{reason}; a new one is made and {loss}. It is kept as {aside.name if aside else path.name}.")
    for path in (work.home.state / "stages.json", _memory_file(work.settings)):
        reason = _illegible(path)
        if reason:
            set_aside(path)
            said.append(f"{path}: {reason}; what it remembered is found out again")
    return said


def _illegible(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        return "" if isinstance(json.loads(path.read_text(encoding="utf-8")), dict) else "is damaged"
    except (OSError, ValueError) as error:
        return f"is damaged ({error})"


def _make_the_round(work: Work) -> tuple[dict[str, list[Any]], list[str], list[str]]:
    """(what was seen sound and when, documents that are damaged, copies of publications that were set aside)."""
    from assets.warehouse.archive import documents, problem_of
    from assets.warehouse.aside import set_aside
    from assets.warehouse.mending import copies

    root, today = work.home.root, date.today()
    before, after = _remembered(work.settings).get("seen", {}), {}
    damaged, aside = [], []
    budget = ROUND_BYTES
    everything = [(one.path, one) for one in documents(work.home.archive)]
    for path, document in [*everything, *((copy, None) for copy in copies(work.home.published))]:
        name = str(path.relative_to(root))
        now, known = stamp(path), before.get(name)
        if known is not None and now is not None and known[:2] == now:
            days = (today - date.fromisoformat(known[2])).days
            if days < ROUND_DAYS or budget <= 0:
                after[name] = known
                continue
            budget -= now[0]
        reason = problem_of(document) if document is not None else _trouble(path)
        if not reason and now is not None:
            after[name] = [*now, today.isoformat()]
        elif reason and document is not None:
            damaged.append(reason)
        elif reason:
            kept = set_aside(path)
            aside.append(
                f"{reason.split(' Nothing is lost')[0]} Other copies stand; kept as {kept.name if kept else ''}."
            )
    return after, damaged, aside


def _memory_file(settings: Settings) -> Path:
    return settings.layout.state / "looked over.json"


def _remembered(settings: Settings) -> dict[str, Any]:
    try:
        return dict(json.loads(_memory_file(settings).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
