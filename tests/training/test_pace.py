"""Where a run is in its recipe, sample by sample or by the clock."""

import pytest

from adacolvit.training.data import AHEAD
from adacolvit.training.pace import Leg, Pace

BATCH = 10
PLANNED = AHEAD * BATCH  # samples before which all is planned when a step is done


def test_of_itself_a_run_follows_its_recipe():
    pace = Pace(640)
    assert [pace.place(sample) for sample in (0, 7, 640)] == [0, 7, 640]
    assert pace.end() == 640
    assert Pace(640, Leg(100, 320.0, 0.5)).end() == 740


def run(pace: Pace, seconds_at, end: float, sample: int = 0, time: float = 0.0) -> tuple[int, float]:
    """Steps until the run is over, each as it was planned; its samples, and what the clock then shows."""
    planned = {}
    while pace.place(sample) < pace.total:
        for later in range(sample, sample + PLANNED, BATCH):
            assert planned.setdefault(later, pace.place(later)) == pace.place(later), "a plan was changed"
        assert pace.place(sample) > planned.get(sample - BATCH, -1.0)
        time += seconds_at(pace.place(sample))
        sample += BATCH
        if leg := pace.aim(sample, sample + PLANNED, time, end):
            pace.turn(leg)
    return sample, time


@pytest.mark.parametrize(
    "seconds_at",
    [lambda _: 1.0, lambda place: 1.0 + 3 * (place > 400), lambda place: 0.5 + place % 20 / 20],
    ids=["even", "slower later", "uneven"],
)
@pytest.mark.parametrize("end", [100.0, 1000.0])
def test_a_run_is_over_when_its_time_is(seconds_at, end):
    sample, time = run(Pace(640), seconds_at, end)
    assert abs(time - end) < 5 * max(seconds_at(639.0), 1.0)  # what is planned already is done in any case
    assert sample % BATCH == 0


def test_what_is_left_is_done_in_the_time_that_is_given_anew():
    sample, time = run(Pace(640, Leg(3000, 320.0, 0.1)), lambda _: 1.0, 150.0, 3000, 50.0)
    assert abs(time - 150) < 5 and sample == 3000 + (time - 50) * BATCH


def test_a_run_whose_time_is_up_ends_with_what_is_planned():
    sample, _ = run(Pace(10**6), lambda _: 1.0, -5.0)
    assert sample == 2 * BATCH + PLANNED + BATCH  # the speed is known after two steps
    assert run(Pace(20), lambda _: 1.0, 100.0)[0] == 20  # over before its speed is known
