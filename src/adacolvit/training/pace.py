"""How far a run is in its recipe: as far as it has samples, or as far as it has used up its time."""

from collections import deque
from typing import NamedTuple

REMEMBERED = 20  # looks at the clock that the speed is taken from


class Leg(NamedTuple):
    """From ``sample`` of a run on, which is ``place`` in its recipe, each sample goes ``stride`` of the recipe's on."""

    sample: int = 0
    place: float = 0.0
    stride: float = 1.0

    def at(self, sample: int) -> float:
        """The place of a later sample."""
        return self.place + self.stride * (sample - self.sample)


BEGINNING = Leg()


class Pace:
    """Where in its recipe each sample of a run is, in the recipe's samples.

    Of itself the recipe is followed sample by sample. Where a run has to be over at a given time, its stride is set
    again and again, by its speed and the time left, so that stages and rates follow the clock (as in Li, Yumer and
    Ramanan, "Budgeted Training", ICLR 2020). A change holds from samples on that no process has planned yet, so that
    all of them plan alike, a thread of theirs ahead of the steps.
    """

    def __init__(self, total: int, leg: Leg = BEGINNING) -> None:
        """total: samples of the recipe. leg: where the run begins."""
        self.total = total
        self._legs = leg, leg  # the one now, and the next, or the same: read at once, since threads do
        self._seen: deque[tuple[float, int]] = deque(maxlen=REMEMBERED)

    def leg(self, sample: int) -> Leg:
        """That in which a sample lies that is not behind the run."""
        now, after = self._legs
        return after if sample >= after.sample else now

    def place(self, sample: int) -> float:
        """Where that is; ``total`` or more: there the run is over."""
        return self.leg(sample).at(sample)

    def end(self) -> int:
        """After how many samples the run will be over, if its stride stays."""
        last = self._legs[1]
        return last.sample + max(0, round((self.total - last.place) / last.stride))

    def aim(self, sample: int, planned: int, time: float, end: float) -> Leg | None:
        """The leg after which the run is over when the clock shows ``end``; None where all stays as it is.

        sample: at which the clock shows ``time``, in seconds. planned: at which the leg may begin.
        """
        self._seen.append((time, sample))
        then, before = self._seen[0]
        place = self.place(planned)
        if sample < self._legs[1].sample or sample == before or place >= self.total:
            return None  # the last change does not hold yet, the speed is not known yet, or it is too late
        left = sample + (end - time) * (sample - before) / (time - then) - planned
        return Leg(planned, place, (self.total - place) / max(left, 1.0))

    def turn(self, leg: Leg) -> None:
        """Go on by ``leg`` where it begins."""
        self._legs = self._legs[1], leg
