# SPDX-License-Identifier: MIT
"""Groups of images that are duplicates of each other."""

from __future__ import annotations

import ctypes
import os
from typing import Any, Callable, List, Optional

from . import _library as lib
from ._errors import ArgumentError, Calls, make_error
from ._items import filter_of, hit_of, item_of
from ._reports import BadFile, Duplicate, Duplicates, DuplicatesProgress

#: How alike duplicates are; each level includes those before it.
LEVELS = ["exact", "same", "edited", "burst"]
PHASES = ["search", "read", "turn", "compare"]


def _copy_groups(handle: ctypes.c_void_p) -> List[List[Duplicate]]:
    groups = []
    level = ctypes.c_int()
    for group in range(lib.library.clipsearch_duplicates_groups(handle)):
        images = []
        for rank in range(lib.library.clipsearch_duplicates_count(handle, group)):
            hit = lib.library.clipsearch_duplicates_get(handle, group, rank, ctypes.byref(level)).contents
            images.append(Duplicate(item_of(hit_of(hit)), LEVELS[level.value - 1]))
        groups.append(images)
    return groups


def find_duplicates(
    collection: ctypes.c_void_p,
    level: str,
    filter: Optional[str],
    threads: int,
    progress: Optional[Callable[[DuplicatesProgress], Optional[bool]]],
) -> Duplicates:
    """Collection.duplicates for an open handle."""
    if level not in LEVELS:
        raise ArgumentError(f'level is "{level}"; it can be "exact", "same", "edited" or "burst"')
    options, report, handle = lib.DuplicatesOptions(), lib.DuplicatesReport(), ctypes.c_void_p()
    options.level, options.filter, options.threads = LEVELS.index(level) + 1, filter_of(filter), threads
    bad: List[BadFile] = []

    def note_bad(unused: Any, path: bytes, why: Any) -> None:
        bad.append(BadFile(os.fsdecode(path), make_error(why.contents)))

    def show(unused: Any, at: Any) -> bool:
        p = at.contents
        if progress is None:
            return True
        return progress(DuplicatesProgress(PHASES[p.phase - 1], p.done, p.total, p.seconds)) is not False

    try:
        with Calls() as calls:
            options.bad = lib.BAD_FILE(calls.guard(note_bad, None))
            options.progress = lib.DUPLICATES_PROGRESS(calls.guard(show, False))
            references = [ctypes.byref(value) for value in (options, handle, report)]
            calls.call("duplicates_find", collection, *references)
        groups = _copy_groups(handle)
    finally:
        lib.library.clipsearch_duplicates_free(ctypes.byref(handle))
    return Duplicates(
        groups, report.images, report.candidates, report.decoded, report.surplus, report.surplus_bytes, bad
    )
