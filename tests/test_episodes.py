"""The rule's automaton as a table: one character a row, T true, F false, ? unknown.

An episode is written onset/fired/end, by row number from 1, with - for an end that has not come.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainrules.engine.episodes import Course, Hold, run
from trainrules.engine.segments import Segment, Timeline

TRUTH = {"T": True, "F": False, "?": None}


def line(rows: str) -> Timeline:
    """A timeline in as few segments as it takes."""
    segments: list[Segment] = []
    first = 1
    for truth, group in groupby(rows):
        last = first + len(list(group)) - 1
        segments.append(Segment(first, last, TRUTH[truth]))
        first = last + 1
    return tuple(segments)


def by_row(rows: str) -> Timeline:
    """The same timeline with a segment for each row."""
    return tuple(Segment(i, i, TRUTH[truth]) for i, truth in enumerate(rows, 1))


def held(duration: str, ticks: Sequence[float]) -> Hold:
    """What "3 points" or "3 steps" asks for, where `ticks` says how far the clock has come at each row."""
    if not duration:
        return Hold()
    amount, unit = duration.split()
    if unit == "points":
        return Hold(points=int(amount))

    def reached(onset: int, first: int, last: int) -> int | None:
        goal = ticks[onset - 1] + float(amount)
        return next((i for i in range(first, last + 1) if ticks[i - 1] >= goal), None)

    return Hold(reached=reached)


def shown(course: Course) -> str:
    """The state and the episodes in the notation of the tables."""
    written = [f"{each.onset}/{each.fired}/{each.end or '-'}" for each in course.episodes]
    return " ".join([course.state, *written])


@pytest.mark.parametrize(
    ("when", "duration", "expected"),
    [
        # idle, and what is never known
        ("", "", "unknown"),
        ("????", "", "unknown"),
        ("FFFF", "", "ok"),
        ("?F??", "", "ok"),
        # idle → pending → firing: without `for` at once
        ("FFTT", "", "firing 3/3/-"),
        ("T", "", "firing 1/1/-"),
        ("FF?T", "", "firing 4/4/-"),
        # with "n points", at the n-th true row
        ("FTTT", "3 points", "firing 2/4/-"),
        ("FTT", "3 points", "pending"),
        ("TTTTTT", "3 points", "firing 1/3/-"),
        ("T", "1 points", "firing 1/1/-"),
        # what is unknown is no observation: it neither breaks nor counts
        ("T?T??T", "3 points", "firing 1/6/-"),
        ("T?T??", "3 points", "pending"),
        # pending → idle at the first false
        ("TTFTT", "3 points", "pending"),
        ("TTFTTF", "3 points", "ok"),
        ("TTFTTT", "3 points", "firing 4/6/-"),
        ("TT?FTTT", "3 points", "firing 5/7/-"),
        # firing → idle where `when` is false; unknown keeps the state
        ("FTTF", "", "resolved 2/2/4"),
        ("FTT?", "", "firing 2/2/-"),
        ("FTT??F", "", "resolved 2/2/6"),
        ("FTT??T", "", "firing 2/2/-"),
        ("TFTFT", "", "firing 1/1/2 3/3/4 5/5/-"),
        ("TTFTTFT", "2 points", "pending 1/2/3 4/5/6"),
        ("TTFTTF", "2 points", "resolved 1/2/3 4/5/6"),
    ],
)
def test_for_points(when: str, duration: str, expected: str) -> None:
    assert shown(run(line(when), held(duration, ()))) == expected


@pytest.mark.parametrize(
    ("when", "ticks", "duration", "expected"),
    [
        # "d steps": the first true row at which tick - onset >= d
        ("FTTTTT", [1, 2, 3, 4, 5, 6], "3 steps", "firing 2/5/-"),
        ("FTTT", [1, 2, 3, 4], "3 steps", "pending"),
        ("FTTT", [10, 20, 30, 40], "15 steps", "firing 2/4/-"),
        ("FTTT", [10, 20, 30, 40], "20 steps", "firing 2/4/-"),
        ("FTTT", [10, 20, 30, 40], "21 steps", "pending"),
        ("TT", [10, 500], "20 steps", "firing 1/2/-"),
        ("TTTT", [1, 1, 1, 1], "1 steps", "pending"),
        ("T??TF", [1, 9, 19, 20, 21], "9 steps", "resolved 1/4/5"),
        ("TFTTT", [1, 50, 51, 52, 70], "10 steps", "firing 3/5/-"),
    ],
)
def test_for_a_distance(when: str, ticks: Sequence[float], duration: str, expected: str) -> None:
    assert shown(run(line(when), held(duration, ticks))) == expected


@pytest.mark.parametrize(
    ("when", "until", "expected"),
    [
        # with `until`, a false `when` ends nothing
        ("TFFF", "FFFF", "firing 1/1/-"),
        ("TFFF", "FFTF", "resolved 1/1/3"),
        ("TFFF", "??TF", "resolved 1/1/3"),
        ("TFFF", "????", "firing 1/1/-"),
        # it may come while `when` is true
        ("TTTT", "FFTF", "firing 1/1/3 4/4/-"),
        ("TTTT", "TTTT", "resolved 1/1/2 3/3/4"),
        # it is looked at where `when` is known, and after the row that fired
        ("T?FF", "FTFF", "firing 1/1/-"),
        ("T?FF", "FTTF", "resolved 1/1/3"),
        ("FTFF", "TTFF", "firing 2/2/-"),
        ("FTFF", "TTTF", "resolved 2/2/3"),
    ],
)
def test_until(when: str, until: str, expected: str) -> None:
    assert shown(run(line(when), Hold(), until=line(until))) == expected


@pytest.mark.parametrize(
    ("when", "until", "expected"),
    [("FTFF", None, "firing 2/2/-"), ("TFTF", None, "firing 1/1/-"), ("TFFF", "FTTT", "firing 1/1/-")],
)
def test_sticky_is_until_never(when: str, until: str | None, expected: str) -> None:
    assert shown(run(line(when), Hold(), until=line(until) if until else None, sticky=True)) == expected


@pytest.mark.parametrize(
    ("when", "since", "expected"),
    [
        # the first row of the unbroken run that reaches to the onset
        ("FFFFT", "FTTTT", "firing 2/5/-"),
        ("FFFFT", "TTFTT", "firing 4/5/-"),
        ("FFFFT", "TTTTT", "firing 1/5/-"),
        # broken before the onset: the onset itself
        ("FFFFT", "TTTFF", "firing 5/5/-"),
        ("FFFFT", "TTTTF", "firing 5/5/-"),
        ("FFFFT", "FFFFF", "firing 5/5/-"),
        ("FFFFT", "?????", "firing 5/5/-"),
        # unknown breaks nothing and starts nothing
        ("FFFFT", "FT?TT", "firing 2/5/-"),
        ("FFFFT", "F??TT", "firing 4/5/-"),
        ("FFFFT", "FTT??", "firing 2/5/-"),
        # rows at which `when` is unknown count as well
        ("????T", "FTTTT", "firing 2/5/-"),
        # each episode has its own
        ("FTFFT", "TTFTT", "firing 1/2/3 4/5/-"),
    ],
)
def test_since_walks_the_onset_back(when: str, since: str, expected: str) -> None:
    assert shown(run(line(when), Hold(), since=line(since))) == expected


def test_since_walks_from_the_onset_not_from_where_it_fired() -> None:
    assert shown(run(line("FFTTT"), Hold(points=3), since=line("FTTFT"))) == "firing 2/5/-"


@pytest.mark.parametrize(
    ("when", "last"),
    [("FTT??", 3), ("FTT", 3), ("FTTF?", 4), ("T?", 1)],
)
def test_the_last_row_of_an_episode_is_an_observation(when: str, last: int) -> None:
    (episode,) = run(line(when), Hold()).episodes
    assert episode.last == last


def test_a_pending_rule_knows_since_when() -> None:
    assert run(line("FFT?T"), Hold(points=3)).pending_since == 3


# Against an automaton that takes one row at a time.


def naive(when: str, ticks: Sequence[float], duration: str, until: str | None, since: str | None, sticky: bool) -> str:
    state, onset, fired, true_rows, known = "idle", 0, 0, 0, False
    episodes: list[str] = []

    def walked(row: int) -> int:
        found = row
        for i in range(row, 0, -1):
            truth = since[i - 1] if since else "F"
            if truth == "F":
                break
            found = i if truth == "T" else found
        return found

    for row, truth in enumerate(when, 1):
        if truth == "?":
            continue
        known = True
        if state == "firing":
            ends = not sticky and (until[row - 1] == "T" if until is not None else truth == "F")
            if ends:
                episodes.append(f"{walked(onset)}/{fired}/{row}")
                state = "idle"
            continue
        if truth == "F":
            state = "idle"
            continue
        if state == "idle":
            state, onset, true_rows = "pending", row, 0
        true_rows += 1
        amount, unit = (duration or "1 points").split()
        far = true_rows if unit == "points" else ticks[row - 1] - ticks[onset - 1]
        if far >= float(amount):
            state, fired = "firing", row
    if state == "firing":
        episodes.append(f"{walked(onset)}/{fired}/-")
    resting = "resolved" if episodes else "ok" if known else "unknown"
    return " ".join([resting if state == "idle" else state, *episodes])


rows = st.integers(0, 40).flatmap(lambda n: st.tuples(*[st.text("TTTFF?", min_size=n, max_size=n)] * 3))


@given(
    lines=rows,
    gaps=st.lists(st.sampled_from([0, 1, 1, 2, 5]), min_size=40, max_size=40),
    duration=st.sampled_from(["", "1 points", "2 points", "5 points", "0.5 steps", "3 steps", "9 steps"]),
    with_until=st.booleans(),
    with_since=st.booleans(),
    sticky=st.booleans(),
)
def test_segments_and_rows_agree(
    lines: tuple[str, str, str], gaps: list[int], duration: str, with_until: bool, with_since: bool, sticky: bool
) -> None:
    when, until, since = lines
    ticks = list(accumulate(gaps))
    expected = naive(when, ticks, duration, until if with_until else None, since if with_since else None, sticky)
    for cut in (line, by_row):
        course = run(
            cut(when),
            held(duration, ticks),
            until=cut(until) if with_until else None,
            since=cut(since) if with_since else (),
            sticky=sticky,
        )
        assert shown(course) == expected
