"""The base of all pydantic models of ours."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """Its validator is built when the first instance is made, not with the class: a process builds what it uses, out of
    three hundred (docs/adr/0019). pydantic holds a lock while it builds, so the thread that comes first does not
    matter; a test builds every one of them. What it refuses is not in the text of its error, which ends in a log."""

    model_config = ConfigDict(defer_build=True, hide_input_in_errors=True)
