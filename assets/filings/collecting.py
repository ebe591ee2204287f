"""One collection: every source that is due is asked what is new, and what is new is kept.

A look at a source has two parts. First its lists and watched pages are asked, conditionally; what they lead to is noted
in the memory before anything else happens. Then the noted items are asked for one by one, newest first, until none is
left or the run's time or files are used up; the rest waits for the next run. A failure of one source is told in its
outcome and never stops the others.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from assets.filings.client import DOCUMENT as ONE_DOCUMENT
from assets.filings.client import HOST, AskError, Client
from assets.filings.client import REFUSED as NEVER
from assets.filings.keeping import NotKeptError, clean_up, keep
from assets.filings.kinds import KINDS, Kind
from assets.filings.memory import DOCUMENT, DONE, INDEX, LIST, REFUSED, WATCH, Item, Memory, SourceState
from assets.filings.sources import Source

# Lists are text; the longest one known (a large filer at EDGAR) has a few MiB.
LIST_BYTES = 32 * 1024 * 1024
# A source that fails is asked again after a quarter of an hour, then twice as long each time, up to its own interval.
FIRST_RETRY_S = 900.0
# A document that fails waits six hours, then twice as long each time; after eight failures it is given up.
DOCUMENT_RETRY_S, MOST_FAILURES = 6 * 3600.0, 8
HOST_RETRY_S = 1800.0


@dataclass(frozen=True)
class Trouble:
    """Something that was not had: what, why, and what to do."""

    what: str
    reason: str
    remedy: str

    @property
    def sentence(self) -> str:
        """All three in words, the address once."""
        where = "" if self.what in self.reason else f"{self.what}: "
        return f"{where}{self.reason}. {self.remedy}."


@dataclass
class Outcome:
    """What came of one source. `new` are files below the inbox (in a trial: addresses); `known` counts documents whose
    content was there before; `empty` filings that hold nothing asked for; `left` what waits for the next run;
    `cut_short` says that the run ended before the source's lists were worked through.
    """

    source: Source
    new: list[str] = field(default_factory=list)
    known: int = 0
    unchanged: bool = False
    empty: int = 0
    skipped: list[Trouble] = field(default_factory=list)
    failed: list[Trouble] = field(default_factory=list)
    left: int = 0
    cut_short: bool = False


@dataclass
class Allowance:
    """What a run may use: `until` (the clock's time) and a number of documents."""

    until: float
    documents: int


@dataclass(frozen=True)
class Place:
    """Where documents go, and the largest one that is taken, in bytes."""

    inbox: Path
    archive: Path
    document_bytes: int


def is_due(source: Source, memory: Memory, now: float) -> bool:
    """Whether a source should be asked: its time has come, its entry changed, or items wait whose time has come.

    A time further off than the source's own interval was written by a clock that stood wrong, and does not count.
    """
    if _lists_due(source, memory, now):
        return True
    # After a failure the whole source waits for its time, the items with it.
    return memory.source(source.name).failures == 0 and memory.waiting(source.name, now)[0] > 0


def _lists_due(source: Source, memory: Memory, now: float) -> bool:
    state = memory.source(source.name)
    too_far = state.due_at - now > 1.5 * max(source.every_hours * 3600, FIRST_RETRY_S)
    return state.digest != source.digest or state.due_at <= now or too_far


def collect(
    sources: Sequence[Source],
    memory: Memory,
    client: Client,
    place: Place,
    allowance: Allowance,
    trial: bool = False,
    all_lists: bool = True,
    say: Callable[[str], None] = lambda words: None,
    chance: random.Random | None = None,
) -> list[Outcome]:
    """Ask the sources in the order given and keep what is new; one outcome each, also for those the time did not reach.

    With `trial` documents are looked up and not fetched; the caller hands in a copy of the memory then. Without
    `all_lists` a source whose lists are not due yet has only its waiting items asked for. `say` is told what happens.
    """
    if not trial:
        clean_up(place.inbox)
    outcomes = []
    for source in sources:
        kind, now = KINDS[source.kind], client.clock.now()
        look = _Look(source, kind, memory, client, place, allowance, trial, say, chance or random.Random())
        outcomes.append(look.run(all_lists or _lists_due(source, memory, now)))
    return outcomes


@dataclass
class _Look:
    source: Source
    kind: Kind
    memory: Memory
    client: Client
    place: Place
    allowance: Allowance
    trial: bool
    say: Callable[[str], None]
    chance: random.Random

    def run(self, with_lists: bool) -> Outcome:
        outcome = Outcome(self.source)
        name, state = self.source.name, self.memory.source(self.source.name)
        if state.digest != self.source.digest:
            self.memory.start_over(name)
        try:
            whole = self._ask_lists(outcome) if with_lists else True
            if whole is not None:
                self._ask_items(outcome)
        except OSError as error:
            outcome.failed.append(
                Trouble(
                    f"{self.place.inbox}",
                    f"cannot be written ({error.strerror or error})",
                    "Make room, or mend its permissions",
                )
            )
            whole = None
        except Exception as error:
            # One site's surprise costs that source this look, never the others; the log has the whole story.
            logging.getLogger(__name__).exception("%s: unexpected", name)
            outcome.failed.append(
                Trouble(name, f"unexpected {type(error).__name__} ({error})", "Report it with the log; others go on")
            )
            whole = None
        now = self.client.clock.now()
        ready, waiting = self.memory.waiting(name, now)
        outcome.left = ready
        if waiting and not outcome.failed:
            self.say(f"{name}: {waiting} documents wait for another try")
        interval = self.source.every_hours * 3600
        if outcome.failed:
            failures = state.failures + 1
            pause = min(FIRST_RETRY_S * 2.0 ** min(state.failures, 20), interval) * (1 + self.chance.random() / 10)
            digest = self.source.digest
            told = SourceState(now + pause, failures, digest, outcome.failed[0].reason)
        elif whole and not with_lists:
            told = SourceState(state.due_at, 0, self.source.digest, "")
        elif whole:
            told = SourceState(now + interval, 0, self.source.digest, "")
        else:
            # The run's time ended before all lists were asked: due at once, and nothing went wrong.
            outcome.cut_short = True
            told = SourceState(now, state.failures, self.source.digest, "")
        self.memory.set_source(name, told)
        return outcome

    def _used_up(self) -> bool:
        return self.client.clock.now() >= self.allowance.until or self.allowance.documents <= 0

    def _ask_lists(self, outcome: Outcome) -> bool | None:
        """True when every list was worked through, False when time ran out, None when one failed."""
        today = datetime.fromtimestamp(self.client.clock.now(), UTC).date()
        waiting = deque(self.kind.start(self.source, today))
        worked: list[tuple[str, str, str]] = []
        outcome.unchanged = True
        while waiting:
            item = waiting.popleft()
            if self._used_up():
                outcome.unchanged = False
                return False
            self.say(f"{self.source.name}: asking {item.url}")
            try:
                if item.step == WATCH:
                    self._fetch(item, outcome)
                    continue
                etag, modified = self.memory.validators(self.source.name, item.url, self.source.digest)
                answer = self.client.get(
                    self.source, item.url, LIST_BYTES, etag, modified, self.kind.headers(self.source)
                )
                if answer.unchanged:
                    continue
                outcome.unchanged = False
                found = self.kind.expand(self.source, item, answer.body)
            except (AskError, ValueError, NotKeptError) as error:
                outcome.unchanged = False
                if _cut_short(error) and self._used_up():
                    return False
                outcome.failed.append(_trouble(item, error))
                return None
            worked.append((item.url, answer.etag, answer.last_modified))
            with self.memory.together():
                self.memory.want(self.source.name, [one for one in found if one.step != LIST])
            waiting.extend(one for one in found if one.step == LIST)
        # Only now, when nothing of these lists can be lost any more, may the next request say "if it changed".
        with self.memory.together():
            for url, etag, modified in (one for one in worked if one[1] or one[2]):
                self.memory.set_validators(self.source.name, url, self.source.digest, etag, modified)
        for item in self.memory.watched(self.source.name):
            if self._used_up():
                return False
            try:
                self._fetch(item, outcome)
            except (AskError, NotKeptError) as error:
                if _cut_short(error) and self._used_up():
                    return False
                outcome.failed.append(_trouble(item, error))
        return True

    def _ask_items(self, outcome: Outcome) -> None:
        name = self.source.name
        while not self._used_up():
            item = self.memory.next_item(name, self.client.clock.now())
            if item is None:
                return
            try:
                if item.step == DOCUMENT and self.memory.had_elsewhere(name, item.url):
                    self.memory.settle(name, item.url, DONE)
                    outcome.known += 1
                elif item.step == INDEX:
                    self._look_into(item, outcome)
                else:
                    self._fetch(item, outcome)
                    self.memory.settle(name, item.url, DONE)
            except NotKeptError as error:
                if error.again:
                    self._put_off(item, _trouble(item, error), outcome)
                else:
                    self.memory.settle(name, item.url, REFUSED, error.reason)
                    outcome.skipped.append(_trouble(item, error))
            except ValueError as error:
                self._put_off(item, _trouble(item, error), outcome)
            except AskError as error:
                if error.scope == NEVER:
                    self.memory.settle(name, item.url, REFUSED, error.reason)
                    outcome.skipped.append(_trouble(item, error))
                    continue
                if _cut_short(error) and self._used_up():
                    return
                if error.scope == HOST:
                    # The site as a whole does not answer: the rest of its items would fail alike. This one goes to the
                    # end of the row, in case it is the one that the site cannot bear.
                    until = self.client.clock.now() + HOST_RETRY_S
                    self.memory.put_off(name, item.url, until, error.reason, own_fault=False)
                    outcome.failed.append(_trouble(item, error))
                    return
                self._put_off(item, _trouble(item, error), outcome)

    def _look_into(self, item: Item, outcome: Outcome) -> None:
        name = self.source.name
        self.say(f"{name}: looking into {item.url}")
        try:
            answer = self.client.get(self.source, item.url, LIST_BYTES)
            found: Sequence[Item] = self.kind.expand(self.source, item, answer.body)
        except AskError as error:
            other = self.kind.instead(self.source, item) if error.status == 404 else None
            if other is None:
                raise
            found = [other]
        with self.memory.together():
            self.memory.want(name, found)
            self.memory.settle(name, item.url, DONE)
        if not found:
            outcome.empty += 1

    def _fetch(self, item: Item, outcome: Outcome) -> None:
        """Ask for a document and keep it. Raises AskError, NotKeptError, OSError."""
        name = self.source.name
        if self.trial:
            outcome.new.append(item.url)
            return
        etag = modified = ""
        if item.step == WATCH:
            etag, modified = self.memory.validators(name, item.url, self.source.digest)
        self.say(f"{name}: fetching {item.url}")
        answer = self.client.get(self.source, item.url, self.place.document_bytes, etag, modified)
        if answer.unchanged:
            return
        self.allowance.documents -= 1
        outcome.unchanged = False
        now = self.client.clock.now()
        kept = keep(answer, item, self.source.slug, self.place.inbox, self.place.archive, self.memory, now)
        if kept.is_new:
            outcome.new.append(kept.file_name)
            self.say(f"{name}: new, {kept.file_name}")
        else:
            outcome.known += 1
        if item.step == WATCH:
            self.memory.set_validators(name, item.url, self.source.digest, answer.etag, answer.last_modified)

    def _put_off(self, item: Item, trouble: Trouble, outcome: Outcome) -> None:
        name, now = self.source.name, self.client.clock.now()
        earlier = self.memory.failures_of(name, item.url)
        pause = DOCUMENT_RETRY_S * 2.0 ** min(earlier, 6) * (1 + self.chance.random() / 10)
        failures = self.memory.put_off(name, item.url, now + pause, trouble.reason)
        if failures >= MOST_FAILURES:
            self.memory.settle(name, item.url, REFUSED, trouble.reason)
            trouble = Trouble(
                trouble.what,
                f"{trouble.reason}; given up after {failures} tries",
                "Fetch it by hand and drop it into the inbox",
            )
        outcome.failed.append(trouble)


def _cut_short(error: Exception) -> bool:
    """Whether an error may come from the end of the run's time, which is no fault of the site."""
    return isinstance(error, AskError) and error.scope == ONE_DOCUMENT and error.status == 0


def _trouble(item: Item, error: AskError | ValueError | NotKeptError) -> Trouble:
    if isinstance(error, ValueError):
        return Trouble(item.url, str(error), "Look at the address: the site has changed, or it shows an error page")
    return Trouble(item.url, error.reason, error.remedy)
