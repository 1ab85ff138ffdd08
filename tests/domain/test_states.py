"""The tables of an order's life, and that no sequence of happenings breaks what they promise."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.order import AmazonStatus, Channel
from bridge.domain.states import (
    AMAZON_TRANSITIONS,
    ENDED,
    IMPORTABLE,
    TRANSITIONS,
    IllegalTransition,
    ImportState,
    ShownStatus,
    shown_status,
    state_for,
    supersedes,
    transition,
)

START = datetime(2026, 11, 1, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def test_every_state_and_status_has_a_row():
    assert set(TRANSITIONS) == set(ImportState)
    assert set(AMAZON_TRANSITIONS) == set(AmazonStatus)


def test_an_ended_order_goes_nowhere():
    for ended in ENDED:
        assert TRANSITIONS[ended] == frozenset()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ImportState.COMPLETED, ImportState.READY),
        (ImportState.CANCELED, ImportState.IMPORTING),
        (ImportState.IMPORTED, ImportState.IMPORTING),
        (ImportState.VIEW_ONLY, ImportState.IMPORTING),
        (ImportState.WAITING, ImportState.IMPORTED),
    ],
)
def test_a_step_that_is_not_in_the_table_is_refused(old, new):
    with pytest.raises(IllegalTransition, match=f"from {old} to {new}"):
        transition(old, new)


@pytest.mark.parametrize(
    ("channel", "status", "creates"),
    [
        (Channel.FBM, AmazonStatus.PENDING, False),
        (Channel.FBM, AmazonStatus.PENDING_AVAILABILITY, False),
        (Channel.FBM, AmazonStatus.UNSHIPPED, True),
        (Channel.FBM, AmazonStatus.PARTIALLY_SHIPPED, True),
        (Channel.FBM, AmazonStatus.SHIPPED, True),
        (Channel.FBM, AmazonStatus.CANCELED, False),
        (Channel.FBM, AmazonStatus.UNFULFILLABLE, False),
        (Channel.FBA, AmazonStatus.PENDING, False),
        (Channel.FBA, AmazonStatus.UNSHIPPED, False),
        (Channel.FBA, AmazonStatus.PARTIALLY_SHIPPED, False),
        (Channel.FBA, AmazonStatus.SHIPPED, True),
        (Channel.FBA, AmazonStatus.CANCELED, False),
    ],
)
def test_the_matrix_of_status_and_channel(channel, status, creates):
    assert (status in IMPORTABLE[channel]) is creates
    reached = state_for(ImportState.WAITING, status, channel, import_enabled=True)
    assert (reached is ImportState.READY) is creates


def test_with_import_disabled_an_importable_order_is_view_only_and_stays_so_after_enabling():
    state = state_for(ImportState.WAITING, AmazonStatus.UNSHIPPED, Channel.FBM, import_enabled=False)
    assert state is ImportState.VIEW_ONLY
    assert state_for(state, AmazonStatus.SHIPPED, Channel.FBM, import_enabled=True) is ImportState.VIEW_ONLY


def test_a_cancelled_order_ends_unless_commerce_has_it():
    def canceled(state: ImportState) -> ImportState:
        return state_for(state, AmazonStatus.CANCELED, Channel.FBM, import_enabled=True)

    for state in (ImportState.WAITING, ImportState.READY, ImportState.BLOCKED, ImportState.VIEW_ONLY):
        assert canceled(state) is ImportState.CANCELED
    for state in (ImportState.IMPORTING, ImportState.IMPORTED, ImportState.COMPLETED):
        assert canceled(state) is state


def test_older_news_and_steps_back_are_not_believed():
    unshipped, shipped = AmazonStatus.UNSHIPPED, AmazonStatus.SHIPPED
    assert supersedes(unshipped, at(1), shipped, at(2))
    assert supersedes(unshipped, at(1), unshipped, at(2))
    assert not supersedes(unshipped, at(2), shipped, at(2))
    assert not supersedes(unshipped, at(2), shipped, at(1))
    assert not supersedes(shipped, at(1), unshipped, at(2))
    assert not supersedes(AmazonStatus.CANCELED, at(1), AmazonStatus.UNSHIPPED, at(2))


def test_what_the_grid_shows():
    assert shown_status(AmazonStatus.UNSHIPPED, ImportState.BLOCKED) is ShownStatus.ERROR
    assert shown_status(AmazonStatus.SHIPPED, ImportState.COMPLETED) is ShownStatus.COMPLETED
    assert shown_status(AmazonStatus.CANCELED, ImportState.COMPLETED) is ShownStatus.CANCELED
    for status in AmazonStatus:
        assert shown_status(status, ImportState.IMPORTED) == status


@dataclass
class Life:
    """An order driven by the tables alone, the way the use cases drive it, with Commerce counted."""

    channel: Channel
    import_enabled: bool
    status: AmazonStatus = AmazonStatus.PENDING
    seen: datetime = START
    state: ImportState = ImportState.WAITING
    commerce_orders: int = 0
    answered: bool = True
    events: list[tuple[str, str]] = field(default_factory=list)

    def move(self, new: ImportState) -> None:
        old, self.state = self.state, transition(self.state, new)
        self.events.append((old, new))

    def version(self, status: AmazonStatus, when: datetime) -> None:
        if supersedes(self.status, self.seen, status, when):
            if status is not self.status:
                self.events.append((self.status, status))
            self.status, self.seen = status, when
        target = state_for(self.state, self.status, self.channel, import_enabled=self.import_enabled)
        if target is not self.state:
            self.move(target)

    def import_run(self, outcome: str) -> None:
        if self.state is ImportState.IMPORTING:  # left by a process that died, or never answered: look it up
            self.move(ImportState.IMPORTED if self.commerce_orders else ImportState.READY)
        if self.state not in (ImportState.READY, ImportState.BLOCKED) or not self.import_enabled:
            return
        if outcome == "blocked":
            if self.state is not ImportState.BLOCKED:
                self.move(ImportState.BLOCKED)
            return
        self.move(ImportState.IMPORTING)
        if outcome in {"created", "created then killed"}:
            self.commerce_orders += 1
        if outcome == "created":
            self.move(ImportState.IMPORTED)
        elif outcome == "refused":
            self.move(ImportState.BLOCKED)
        elif outcome == "try again":
            self.move(ImportState.READY)

    def commerce_shows(self, commerce_state: str) -> None:
        if self.state is ImportState.IMPORTED:
            self.move(ImportState.COMPLETED if commerce_state == "complete" else ImportState.CANCELED)

    def merchant_imports(self) -> None:
        if self.state is ImportState.VIEW_ONLY:
            self.move(ImportState.READY)


# One draw for each: three, of its name and of what it is about, take longer than what is tested.
HAPPENINGS = st.sampled_from(
    [
        *(("version", status, minute) for minute in range(0, 200, 9) for status in AmazonStatus),
        *(
            ("import_run", outcome)
            for outcome in ("blocked", "created", "created then killed", "killed", "refused", "try again")
            for _ in range(20)
        ),
        *(("commerce_shows", state) for state in ("complete", "canceled") for _ in range(60)),
        *[("merchant_imports",)] * 120,
        *[("toggle",)] * 120,
    ]
)


@given(st.sampled_from(Channel), st.booleans(), st.lists(HAPPENINGS, max_size=60))
def test_no_sequence_reopens_a_closed_order_loses_an_event_or_makes_a_second_commerce_order(channel, enabled, script):
    life = Life(channel, enabled)
    for name, *arguments in script:
        before, ended, newest = (life.status, life.state), life.state in ENDED, life.seen
        count = len(life.events)
        if name == "toggle":
            life.import_enabled = not life.import_enabled
        elif name == "version":
            life.version(arguments[0], at(arguments[1]))
        else:
            getattr(life, name)(*arguments)
        assert life.commerce_orders <= 1
        assert life.seen >= newest
        if ended:
            assert life.state is before[1]
        if (life.status, life.state) != before:
            assert len(life.events) > count
    # The trail of events tells the whole story: replayed, it ends where the order is.
    told_state, told_status = ImportState.WAITING.value, AmazonStatus.PENDING.value
    for old, new in life.events:
        if old == told_state and new in set(ImportState):
            told_state = new
        elif old == told_status:
            told_status = new
    assert (told_state, told_status) == (life.state.value, life.status.value)


def test_whatever_order_versions_arrive_in_the_newest_believable_one_stands():
    versions = {
        1: AmazonStatus.PENDING, 2: AmazonStatus.UNSHIPPED, 3: AmazonStatus.PARTIALLY_SHIPPED,
        4: AmazonStatus.SHIPPED, 5: AmazonStatus.SHIPPED,
    }  # fmt: skip
    for order_of_arrival in itertools.permutations(versions):
        life = Life(Channel.FBM, import_enabled=True)
        for number in order_of_arrival:
            life.version(versions[number], at(number))
        assert (life.status, life.seen) == (AmazonStatus.SHIPPED, at(5)), order_of_arrival
