"""The notice pipeline on AWS's bad days, in small. ``python -m tests.fault.push_on_aws`` is the whole."""

from __future__ import annotations

from pathlib import Path

from tests.fault.push_on_aws import Run

FAULTS = (
    "busy",
    "no connection",
    " answer lost",
    "500 after it was done",
    "in each other's way",
    "partly",
    "a rival before",
    "a rival after, answer lost",
)


def test_each_arrives_exactly_once_and_ends_delivered(tmp_path: Path) -> None:
    report = Run(tmp_path, notices=12, persons=3, share=0.2).go()
    assert report.holds, report.text()
    assert report.met.total() > 20
    for fault in FAULTS:
        assert any(what.endswith(fault) for what in report.met), report.text()
