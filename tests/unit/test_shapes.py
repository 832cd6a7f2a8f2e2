"""Models are built when they are first used: here all of them are, so that none is found wanting in a callback."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest
from pydantic import ValidationError

import chalicelib
import jobs
from chalicelib.shape import Shape


def _every(base: type[Shape]) -> Iterator[type[Shape]]:
    for shape in base.__subclasses__():
        yield shape
        yield from _every(shape)


@pytest.mark.parametrize("package", [chalicelib, jobs], ids=lambda package: package.__name__)
def test_every_model_can_be_built(package: object) -> None:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):  # type: ignore[attr-defined]
        if not found.name.endswith("__main__"):
            import_module(found.name)
    ours = [shape for shape in _every(Shape) if shape.__module__.startswith(("chalicelib.", "jobs."))]
    assert len(ours) > 100
    for shape in ours:
        shape.model_rebuild()
        assert shape.__pydantic_complete__, shape


def test_what_a_model_refuses_is_not_in_its_error() -> None:
    """An exception is logged whole, and of a name or what somebody wrote the log's own net knows nothing."""

    class Person(Shape):
        name: str
        age: int

    with pytest.raises(ValidationError) as caught:
        Person.model_validate({"name": "张三丰", "age": "我的贷款批了吗"})
    with pytest.raises(ValidationError) as incomplete:
        Person.model_validate({"name": "张三丰"})
    assert "张三丰" not in f"{caught.value} {incomplete.value}" and "贷款" not in str(caught.value)
    assert caught.value.errors()[0]["input"] == "我的贷款批了吗"  # for whoever asks
