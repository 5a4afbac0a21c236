# SPDX-License-Identifier: MIT
"""Errors of the library as exceptions, with the library's own words."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, Optional

from . import _library as lib


class Error(Exception):
    """What the library says went wrong. `status` is the name of its status, such as "not found"."""

    status = "unknown"

    def __init__(self, message: str, system_error: int = 0) -> None:
        super().__init__(message)
        self.system_error = system_error  # errno, or 0


class ArgumentError(Error, ValueError):
    """A value that the library does not accept."""

    status = "argument"


class OutOfMemoryError(Error, MemoryError):
    status = "memory"


class FileError(Error, OSError):
    """A file that cannot be opened, read or written."""

    status = "io"

    def __init__(self, message: str, system_error: int = 0) -> None:
        super().__init__(message, system_error)
        if system_error:
            self.errno = system_error

    def __str__(self) -> str:
        return str(self.args[0])


class FormatError(Error, ValueError):
    """A file that is damaged or of another format."""

    status = "format"


class LimitError(Error, ValueError):
    """Input that is larger than a limit."""

    status = "limit"


class UnsupportedError(Error):
    status = "unsupported"


class ModelError(Error):
    status = "model"


class DatabaseError(Error):
    status = "database"


class MismatchError(Error):
    """The collection belongs to another encoder, or was made with other settings."""

    status = "mismatch"


class NotFoundError(Error, LookupError):
    """There is no such collection, item, model or database."""

    status = "not found"


class CancelledError(Error):
    status = "cancelled"


class SearchTimeoutError(Error, TimeoutError):
    """A search took longer than its timeout."""

    status = "timeout"

    def __str__(self) -> str:
        return str(self.args[0])


_classes = {
    lib.E_ARGUMENT: ArgumentError,
    lib.E_MEMORY: OutOfMemoryError,
    lib.E_IO: FileError,
    lib.E_FORMAT: FormatError,
    lib.E_LIMIT: LimitError,
    lib.E_UNSUPPORTED: UnsupportedError,
    lib.E_MODEL: ModelError,
    lib.E_DATABASE: DatabaseError,
    lib.E_MISMATCH: MismatchError,
    lib.E_NOT_FOUND: NotFoundError,
    lib.E_CANCELLED: CancelledError,
    lib.E_TIMEOUT: SearchTimeoutError,
}


def make_error(error: lib.Error) -> Error:
    """The exception for an error that the library has filled in."""
    message = error.message.decode("utf-8", "surrogateescape")
    return _classes.get(error.code, Error)(message, error.system_error)


def call(name: str, *arguments: Any) -> None:
    """Call the library's function clipsearch_`name`, whose last parameter is an error; raise what it reports."""
    error = lib.Error()
    if getattr(lib.library, "clipsearch_" + name)(*arguments, ctypes.byref(error)) != lib.OK:
        raise make_error(error)


class Calls:
    """Functions of Python that the library calls: an exception in one ends the call and is raised after it."""

    def __init__(self) -> None:
        self.raised: Optional[BaseException] = None

    def guard(self, function: Callable[..., Any], result: Any) -> Callable[..., Any]:
        def guarded(*arguments: Any) -> Any:
            if self.raised is not None:
                return result
            try:
                return function(*arguments)
            except BaseException as raised:  # KeyboardInterrupt too
                self.raised = raised
                return result

        return guarded

    def call(self, name: str, *arguments: Any) -> None:
        """`call`, whose error does not matter when a function of Python has raised an exception."""
        try:
            call(name, *arguments)
        except Error:
            if self.raised is None:
                raise

    def __enter__(self) -> "Calls":
        return self

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> None:
        if self.raised is not None:
            raise self.raised from None
