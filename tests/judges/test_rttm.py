"""What lhotse's own reader of RTTM makes of ours."""

from __future__ import annotations

from typing import Any


def test_lhotse_takes_every_turn(judge: Any, converted: Any) -> None:
    lhotse = judge("lhotse")
    folder, report = converted("rttm")
    found = lhotse.SupervisionSet.from_rttm(folder / "result.rttm")
    lhotse.qa.validate(found)
    two_labels = 1
    assert len(found) == report.regions_written + two_labels
    assert {one.speaker for one in found} == {"Ann_Lee", "Bob", "Noise", "=new_speaker"}
    first = next(iter(found))
    assert (first.recording_id, first.channel) == ("039bdbb7-call", 1)
    assert (first.start, first.duration) == (0.1, 2.7)


def test_a_file_of_its_own_has_the_same_turns(judge: Any, converted: Any) -> None:
    lhotse = judge("lhotse")
    folder, _ = converted("rttm-per_file")
    read = lhotse.SupervisionSet.from_rttm
    apart = [turn for path in (folder / "rttm").iterdir() for turn in read(path)]
    together = read(folder / "result.rttm")
    assert sorted(map(_facts, apart)) == sorted(map(_facts, together))


def _facts(turn: Any) -> tuple[Any, ...]:
    return turn.recording_id, turn.start, turn.duration, turn.channel, turn.speaker
