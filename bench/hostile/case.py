"""One bad file: its kind, its name, how it is made, and what may come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HELD = frozenset(("quarantined", "rejected"))
ANY = frozenset(("accepted", "quarantined", "rejected"))


@dataclass(frozen=True)
class Case:
    """A bad file. `make` gives its bytes, or `place` puts something at a path that is no ordinary file.

    `allowed`: statuses that the document may end with. `true`: the only values that may be accepted from it, in the
    unit that is printed; everything else in it is a figure that cannot be true, or nobody can tell. `ends`: the only
    period ends (ISO) that may be accepted; empty is any up to the day of reading.
    """

    kind: str
    name: str
    make: Callable[[], bytes] | None = None
    place: Callable[[Path], None] | None = None
    allowed: frozenset[str] = HELD
    true: frozenset[float] = frozenset()
    ends: frozenset[str] = frozenset()

    def write(self, folder: Path) -> Path:
        """Puts the file into a folder and returns its path. Raises OSError where the system cannot hold such a one."""
        path = folder / self.name
        if self.place is not None:
            self.place(path)
        elif self.make is not None:
            path.write_bytes(self.make())
        return path


def held(kind: str, name: str, make: Callable[[], bytes]) -> Case:
    """A file from which nothing may be accepted."""
    return Case(kind, name, make)


def partly(kind: str, name: str, make: Callable[[], bytes], *true: float, ends: tuple[str, ...] = ()) -> Case:
    """A file from which these values alone may be accepted, none has to be."""
    return Case(kind, name, make, allowed=ANY, true=frozenset(true), ends=frozenset(ends))


def release_of(name: str, said: str = "The utilization rate was 87.5% as of June 30, 2025.") -> str:
    """A press release of one sentence, of the file's own operator."""
    return f"{operator_of(name)} Reports Second Quarter 2025 Results\n\n{said}\n"


def operator_of(name: str) -> str:
    """An invented operator of the file's own, so that files judged together are no history of each other."""
    stem = "".join(part.capitalize() for part in name.rsplit(".", 1)[0].split("_"))
    return f"{stem} Data Centres Ltd"
