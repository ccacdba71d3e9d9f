"""Wraps a function, so that each call of it is a step with arguments and result."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import aclosing
from typing import Any

from whypath.record.steps import Step

Begin = Callable[[dict[str, Any]], Step]


def wrapped(function: Callable[..., Any], begin: Begin) -> Callable[..., Any]:
    """The function, its kind kept: plain, coroutine, generator or both.

    `begin` makes the step from the arguments by name. What a generator yields is its
    output, as a list; an asynchronous one takes nothing that is sent to it.
    """
    named = _naming(function)

    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def stream(*args: Any, **more: Any) -> AsyncIterator[Any]:
            items: list[Any] = []
            step = begin(named(args, more))
            try:
                async with aclosing(function(*args, **more)) as produced:
                    async for item in produced:
                        items.append(item)
                        yield item
            except BaseException as error:
                step.failed(error)
                raise
            finally:
                step.end(output=items)

        return stream

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def produce(*args: Any, **more: Any) -> Generator[Any, Any, Any]:
            items: list[Any] = []
            step = begin(named(args, more))
            try:
                return (yield from _Tap(function(*args, **more), items))
            except BaseException as error:
                step.failed(error)
                raise
            finally:
                step.end(output=items)

        return produce

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wait(*args: Any, **more: Any) -> Any:
            with begin(named(args, more)) as step:
                step.output = result = await function(*args, **more)
            return result

        return wait

    @functools.wraps(function)
    def call(*args: Any, **more: Any) -> Any:
        with begin(named(args, more)) as step:
            step.output = result = function(*args, **more)
        return result

    return call


class _Tap(Generator[Any, Any, Any]):
    """A generator as it is, and a list of what it has yielded so far."""

    def __init__(self, inner: Generator[Any, Any, Any], items: list[Any]) -> None:
        self._inner, self._items = inner, items

    def send(self, value: Any) -> Any:
        return self._kept(self._inner.send(value))

    def throw(self, error: Any, *rest: Any) -> Any:
        return self._kept(self._inner.throw(error, *rest))

    def _kept(self, item: Any) -> Any:
        self._items.append(item)
        return item


def _naming(
    function: Callable[..., Any],
) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]:
    """What turns arguments into a dict by name; `self` is left out."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions do not tell
        return _numbered
    names = list(signature.parameters)
    first = names[0] if names and names[0] in ("self", "cls") else None

    def named(args: tuple[Any, ...], more: dict[str, Any]) -> dict[str, Any]:
        try:
            found = signature.bind(*args, **more).arguments
        except TypeError:  # a wrong call, which the function itself complains about
            return _numbered(args, more)
        return {name: value for name, value in found.items() if name != first}

    return named


def _numbered(args: tuple[Any, ...], more: dict[str, Any]) -> dict[str, Any]:
    return {**{str(n): value for n, value in enumerate(args, start=1)}, **more}
