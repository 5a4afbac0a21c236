# SPDX-License-Identifier: MIT
"""clipsearch: find images by meaning.

    import clipsearch

    photos = clipsearch.Collection("photos.db")
    for hit in photos.search("a white dog"):
        print(hit.score, hit.path)

The package is a thin layer over libclipsearch; docs/python.md describes it.
"""

from . import _library
from ._collection import Collection, collections, drop
from ._encoder import Encoder, EncoderInfo, find_model
from ._errors import (
    ArgumentError,
    CancelledError,
    DatabaseError,
    Error,
    FileError,
    FormatError,
    LimitError,
    MismatchError,
    ModelError,
    NotFoundError,
    OutOfMemoryError,
    SearchTimeoutError,
    UnsupportedError,
)
from ._items import Hit, Item, Part
from ._reports import (
    BadFile,
    CheckReport,
    CollectionInfo,
    Duplicate,
    Duplicates,
    DuplicatesProgress,
    IngestReport,
    Progress,
)

#: The version of the library that is running.
__version__ = _library.library.clipsearch_version().decode()

if _library.library.clipsearch_version_number() < _library.VERSION_NUMBER:
    raise ImportError(f"libclipsearch is of version {__version__}, which is older than this package needs")


def build_info() -> "dict[str, str]":
    """What this build of the library can do: instruction sets, libraries with their versions, what it lacks."""
    rows: "dict[str, str]" = {}

    def add(unused: object, name: bytes, value: bytes) -> None:
        rows[name.decode()] = value.decode()

    _library.library.clipsearch_build_info(_library.BUILD_INFO(add), None)
    return rows


__all__ = [
    "ArgumentError",
    "BadFile",
    "CancelledError",
    "CheckReport",
    "Collection",
    "CollectionInfo",
    "DatabaseError",
    "Duplicate",
    "Duplicates",
    "DuplicatesProgress",
    "Encoder",
    "EncoderInfo",
    "Error",
    "FileError",
    "FormatError",
    "Hit",
    "IngestReport",
    "Item",
    "LimitError",
    "MismatchError",
    "ModelError",
    "NotFoundError",
    "OutOfMemoryError",
    "Part",
    "Progress",
    "SearchTimeoutError",
    "UnsupportedError",
    "build_info",
    "collections",
    "drop",
    "find_model",
]
