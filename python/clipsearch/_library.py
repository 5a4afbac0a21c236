# SPDX-License-Identifier: MIT
"""libclipsearch as ctypes sees it: its structs, constants and functions, as in clipsearch.h.

tests/check_layout.py compares every struct and constant here with the header.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int64,
    c_size_t,
    c_uint,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)

VERSION_NUMBER = 200  # of the header that this file follows

OK = 0
E_ARGUMENT, E_MEMORY, E_IO, E_FORMAT, E_LIMIT, E_UNSUPPORTED, E_MODEL, E_DATABASE, E_MISMATCH, E_NOT_FOUND = range(1, 11)
E_CANCELLED, E_TIMEOUT = 11, 12
COSINE, IP, L2 = 0, 1, 2
IMAGE_TOWER, TEXT_TOWER = 1, 2
READ_ONLY, CREATE = 1, 2
SKIP_BAD, STOP_AT_BAD = 0, 1
DUPLICATES_EXACT, DUPLICATES_SAME, DUPLICATES_EDITED, DUPLICATES_BURST = range(1, 5)
DUPLICATES_SEARCH, DUPLICATES_READ, DUPLICATES_TURN, DUPLICATES_COMPARE = range(1, 5)
MAX_KINDS = 32
PATH_SIZE = 4096

CONSTANTS = [
    "OK", "E_ARGUMENT", "E_MEMORY", "E_IO", "E_FORMAT", "E_LIMIT", "E_UNSUPPORTED", "E_MODEL", "E_DATABASE", "E_MISMATCH",
    "E_NOT_FOUND", "E_CANCELLED", "E_TIMEOUT", "COSINE", "IP", "L2", "IMAGE_TOWER", "TEXT_TOWER", "READ_ONLY", "CREATE",
    "SKIP_BAD", "STOP_AT_BAD", "DUPLICATES_EXACT", "DUPLICATES_SAME", "DUPLICATES_EDITED", "DUPLICATES_BURST",
    "DUPLICATES_SEARCH", "DUPLICATES_READ", "DUPLICATES_TURN", "DUPLICATES_COMPARE", "MAX_KINDS", "PATH_SIZE", "VERSION_NUMBER",
]  # fmt: skip


class Error(Structure):
    """clipsearch_error"""

    _fields_ = [("code", c_int), ("system_error", c_int), ("message", c_char * 1024)]


class Sized(Structure):
    """A struct that begins with struct_size; the library fills in its defaults."""

    def __init__(self) -> None:
        super().__init__()
        init = getattr(library, "clipsearch_" + type(self).c_name + "_init_sized")
        init(ctypes.byref(self), ctypes.sizeof(self))


class Image(Structure):
    """clipsearch_image"""

    c_name = "image"
    _fields_ = [("rgb", POINTER(c_uint8)), ("width", c_uint32), ("height", c_uint32)]


class ImageOptions(Sized):
    c_name = "image_options"
    _fields_ = [("struct_size", c_size_t), ("max_bytes", c_uint64), ("max_pixels", c_uint64), ("ignore_exif", c_bool),
                ("decode", c_int)]


class EncoderOptions(Sized):
    c_name = "encoder_options"
    _fields_ = [("struct_size", c_size_t), ("towers", c_uint), ("pack_weights", c_bool), ("name", c_char_p),
                ("precision", c_int)]


class EncoderInfo(Sized):
    c_name = "encoder_info"
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("path", c_char_p),
        ("fingerprint", c_char_p),
        ("preprocessing", c_char_p),
        ("dim", c_size_t),
        ("image_size", c_size_t),
        ("context_length", c_size_t),
        ("vocabulary", c_size_t),
        ("logit_scale", c_float),
        ("towers", c_uint),
        ("parameters", c_uint64),
        ("weights", c_char_p),
        ("architecture", c_char_p),
        ("metric", c_int),
        ("normalized", c_bool),
        ("image_precision", c_int),
        ("text_precision", c_int),
        ("lacks_bf16", c_bool),
    ]


class SessionOptions(Sized):
    c_name = "session_options"
    _fields_ = [
        ("struct_size", c_size_t),
        ("threads", c_uint),
        ("max_batch", c_size_t),
        ("overflow", c_int),
        ("image", POINTER(ImageOptions)),
    ]


class IndexOptions(Sized):
    c_name = "index_options"
    _fields_ = [
        ("struct_size", c_size_t),
        ("codes", c_int),
        ("m", c_uint),
        ("ef_construction", c_uint),
        ("ef", c_uint),
        ("type", c_int),
        ("nlist", c_uint),
        ("nprobe", c_uint),
    ]


class VectorsOptions(Sized):
    c_name = "vectors_options"
    _fields_ = [
        ("struct_size", c_size_t),
        ("dim", c_size_t),
        ("metric", c_int),
        ("model", c_char_p),
        ("fingerprint", c_char_p),
        ("preprocessing", c_char_p),
        ("index", POINTER(IndexOptions)),
    ]


class CollectionInfo(Sized):
    c_name = "collection_info"
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("encoder", c_char_p),
        ("fingerprint", c_char_p),
        ("preprocessing", c_char_p),
        ("dim", c_size_t),
        ("metric", c_int),
        ("count", c_uint64),
        ("vector_bytes", c_uint64),
        ("created", c_int64),
        ("index_codes", c_int),
        ("index_m", c_uint),
        ("index_ef_construction", c_uint),
        ("index_ef", c_uint),
        ("indexed", c_bool),
        ("changes", c_uint64),
        ("gone", c_uint64),
        ("model_path", c_char_p),
        ("remodel", c_char_p),
        ("remodelled", c_uint64),
        ("precisions", c_uint),
        ("index_type", c_int),
        ("index_nlist", c_uint),
        ("index_nprobe", c_uint),
        ("foreign", c_bool),
    ]


class Item(Structure):
    """clipsearch_item"""

    c_name = "item"
    _fields_ = [
        ("id", c_int64),
        ("path", c_char_p),
        ("size", c_uint64),
        ("mtime_ns", c_int64),
        ("hash", c_uint8 * 32),
        ("width", c_uint32),
        ("height", c_uint32),
        ("attributes", c_char_p),
    ]


class Hit(Structure):
    """clipsearch_hit"""

    c_name = "hit"
    _fields_ = [
        ("id", c_int64),
        ("score", c_float),
        ("path", c_char_p),
        ("size", c_uint64),
        ("mtime_ns", c_int64),
        ("width", c_uint32),
        ("height", c_uint32),
        ("attributes", c_char_p),
        ("gone", c_bool),
        ("hash", c_uint8 * 32),
        ("copies", c_uint64),
        ("relevance", c_float),
    ]


class SearchStats(Sized):
    c_name = "search_stats"
    _fields_ = [
        ("struct_size", c_size_t),
        ("graph", c_size_t),
        ("delta", c_size_t),
        ("compared", c_uint64),
        ("encode_ms", c_double),
        ("search_ms", c_double),
        ("scanned", c_size_t),
    ]


GO_ON = CFUNCTYPE(c_bool, c_void_p)


class SearchOptions(Sized):
    c_name = "search_options"
    _fields_ = [
        ("struct_size", c_size_t),
        ("has_limit", c_bool),
        ("limit", c_float),
        ("filter", c_char_p),
        ("exact", c_bool),
        ("ef", c_size_t),
        ("stats", POINTER(SearchStats)),
        ("gone", c_bool),
        ("fold_copies", c_bool),
        ("calibration", c_void_p),
        ("min_relevance", c_float),
        ("timeout", c_double),
        ("go_on", GO_ON),
        ("context", c_void_p),
    ]


class ListOptions(Sized):
    c_name = "list_options"
    _fields_ = [
        ("struct_size", c_size_t),
        ("filter", c_char_p),
        ("limit", c_size_t),
        ("offset", c_size_t),
        ("gone", c_bool),
        ("after", c_int64),
        ("newest_first", c_bool),
    ]


class Region(Structure):
    """clipsearch_region"""

    c_name = "region"
    _fields_ = [("x", c_double), ("y", c_double), ("width", c_double), ("height", c_double), ("percent", c_bool)]


class Part(Sized):
    c_name = "part"
    _fields_ = [
        ("struct_size", c_size_t),
        ("text", c_char_p),
        ("path", c_char_p),
        ("image", c_void_p),
        ("image_size", c_size_t),
        ("id", c_int64),
        ("vector", POINTER(c_float)),
        ("region", POINTER(Region)),
        ("weight", c_double),
        ("of_text", c_bool),
    ]


class Question(Sized):
    c_name = "question"
    _fields_ = [
        ("struct_size", c_size_t),
        ("parts", POINTER(Part)),
        ("part_count", c_size_t),
        ("name", c_char_p),
        ("with_self", c_bool),
    ]


CHECKPOINT_PROGRESS = CFUNCTYPE(c_bool, c_void_p, c_uint64, c_uint64)


class CheckpointOptions(Sized):
    c_name = "checkpoint_options"
    _fields_ = [
        ("struct_size", c_size_t),
        ("threads", c_uint),
        ("rebuild", c_bool),
        ("vacuum", c_bool),
        ("progress", CHECKPOINT_PROGRESS),
        ("context", c_void_p),
        ("queries", POINTER(c_float)),
        ("query_count", c_size_t),
        ("encoder", c_void_p),
    ]


class CheckReport(Sized):
    c_name = "check_report"
    _fields_ = [
        ("struct_size", c_size_t),
        ("images", c_uint64),
        ("state", c_int),
        ("why", c_char * 1024),
        ("vectors", c_uint64),
        ("file_bytes", c_uint64),
        ("changes", c_uint64),
        ("missing", c_uint64),
        ("surplus", c_uint64),
        ("broken", c_uint64),
        ("unreachable", c_uint64),
        ("links", c_uint64),
        ("reciprocal", c_uint64),
        ("removed", c_uint64),
        ("levels", c_int),
        ("sample", c_uint64),
        ("recall", c_double),
        ("query_sample", c_uint64),
        ("query_recall", c_double),
    ]


class Source(Sized):
    c_name = "source"
    _fields_ = [
        ("struct_size", c_size_t),
        ("path", c_char_p),
        ("include", POINTER(c_char_p)),
        ("include_count", c_size_t),
        ("exclude", POINTER(c_char_p)),
        ("exclude_count", c_size_t),
        ("no_recurse", c_bool),
        ("follow_symlinks", c_bool),
        ("attributes", c_char_p),
        ("attributes_csv", c_char_p),
        ("csv_key", c_char_p),
        ("csv_by_name", c_bool),
        ("files", POINTER(c_char_p)),
        ("file_count", c_size_t),
        ("hidden", c_bool),
        ("exact_case", c_bool),
    ]


class Progress(Structure):
    """clipsearch_progress, as far as it is used"""

    c_name = "progress"
    _fields_ = [
        ("found", c_uint64),
        ("done", c_uint64),
        ("stored", c_uint64),
        ("seconds", c_double),
        ("walking_done", c_bool),
        ("path", c_char_p),
        ("phase", c_int),
        ("unchanged", c_uint64),
        ("skipped", c_uint64),
    ]


INGEST_PROGRESS = CFUNCTYPE(c_bool, c_void_p, POINTER(Progress))
BAD_FILE = CFUNCTYPE(None, c_void_p, c_char_p, POINTER(Error))
BAD_SOURCE = CFUNCTYPE(None, c_void_p, c_size_t, POINTER(Error))
NOTE = CFUNCTYPE(None, c_void_p, c_char_p)
KEPT = CFUNCTYPE(None, c_void_p, c_void_p)


class IngestOptions(Sized):
    c_name = "ingest_options"
    _fields_ = [
        ("struct_size", c_size_t),
        ("sources", POINTER(Source)),
        ("source_count", c_size_t),
        ("batch", c_size_t),
        ("threads", c_uint),
        ("prune", c_bool),
        ("dry_run", c_bool),
        ("on_bad", c_int),
        ("image", POINTER(ImageOptions)),
        ("progress", INGEST_PROGRESS),
        ("bad_file", BAD_FILE),
        ("context", c_void_p),
        ("bad_source", BAD_SOURCE),
        ("metadata", c_char_p),
        ("force_prune", c_bool),
        ("rescan", c_bool),
        ("remember", c_bool),
        ("list", c_char_p),
        ("kept", KEPT),
        ("shard", c_uint),
        ("shards", c_uint),
    ]


class KindCount(Structure):
    """clipsearch_kind_count"""

    c_name = "kind_count"
    _fields_ = [("kind", c_char_p), ("kinds", c_char_p), ("files", c_uint64), ("image", c_bool)]


class IngestReport(Sized):
    c_name = "ingest_report"
    _fields_ = [
        ("struct_size", c_size_t),
        ("found", c_uint64),
        ("inserted", c_uint64),
        ("replaced", c_uint64),
        ("unchanged", c_uint64),
        ("moved", c_uint64),
        ("copied", c_uint64),
        ("updated", c_uint64),
        ("skipped", c_uint64),
        ("unreadable", c_uint64),
        ("pruned", c_uint64),
        ("seconds", c_double),
        ("without_row", c_uint64),
        ("rows_unused", c_uint64),
        ("indexed", c_bool),
        ("created", c_bool),
        ("missing_sources", c_uint64),
        ("left_out", c_uint64),
        ("hidden", c_uint64),
        ("kind_count", c_size_t),
        ("kinds", KindCount * MAX_KINDS),
        ("gone", c_uint64),
        ("newly_gone", c_uint64),
        ("kept", c_uint64),
        ("returned", c_uint64),
    ]


class IngestTarget(Sized):
    c_name = "ingest_target"
    _fields_ = [
        ("struct_size", c_size_t),
        ("database", c_char_p),
        ("collection", c_char_p),
        ("metric", c_int),
        ("index", POINTER(IndexOptions)),
        ("note", NOTE),
        ("context", c_void_p),
    ]


class DuplicatesProgress(Structure):
    """clipsearch_duplicates_progress"""

    c_name = "duplicates_progress"
    _fields_ = [("phase", c_int), ("done", c_uint64), ("total", c_uint64), ("seconds", c_double)]


DUPLICATES_PROGRESS = CFUNCTYPE(c_bool, c_void_p, POINTER(DuplicatesProgress))


class DuplicatesOptions(Sized):
    c_name = "duplicates_options"
    _fields_ = [
        ("struct_size", c_size_t),
        ("level", c_int),
        ("filter", c_char_p),
        ("threads", c_uint),
        ("image", POINTER(ImageOptions)),
        ("bad", BAD_FILE),
        ("context", c_void_p),
        ("progress", DUPLICATES_PROGRESS),
    ]


class DuplicatesReport(Sized):
    c_name = "duplicates_report"
    _fields_ = [
        ("struct_size", c_size_t),
        ("images", c_uint64),
        ("candidates", c_uint64),
        ("decoded", c_uint64),
        ("unreadable", c_uint64),
        ("groups", c_uint64),
        ("surplus", c_uint64),
        ("surplus_bytes", c_uint64),
    ]


STRUCTS = [
    Image, ImageOptions, EncoderOptions, EncoderInfo, SessionOptions, IndexOptions, VectorsOptions, CollectionInfo, Item,
    Hit, SearchStats, SearchOptions, ListOptions, Region, Part, Question, CheckpointOptions, CheckReport, Source, Progress,
    IngestOptions, KindCount, IngestReport, IngestTarget, DuplicatesProgress, DuplicatesOptions, DuplicatesReport,
]  # fmt: skip
# The library may have more fields than are named here. Of these the program never makes one, so their size is free.
SHOWN = [Hit, Progress, DuplicatesProgress]

COLLECTION_EACH = CFUNCTYPE(c_bool, c_void_p, POINTER(CollectionInfo))
BUILD_INFO = CFUNCTYPE(None, c_void_p, c_char_p, c_char_p)

_floats = POINTER(c_float)
_ids = POINTER(c_int64)
_error = POINTER(Error)
# name: arguments; the last of a function that can fail is its error, and its result a status
_functions = {
    "model_find": [c_char_p, c_char_p, _error],
    "encoder_open": [c_char_p, POINTER(EncoderOptions), POINTER(c_void_p), _error],
    "encoder_describe": [c_void_p, POINTER(EncoderInfo), _error],
    "session_open": [c_void_p, POINTER(SessionOptions), POINTER(c_void_p), _error],
    "encode_texts": [c_void_p, POINTER(c_char_p), c_size_t, _floats, _error],
    "encode_images": [c_void_p, POINTER(Image), c_size_t, _floats, _error],
    "image_load": [c_char_p, POINTER(ImageOptions), POINTER(Image), _error],
    "image_decode": [c_char_p, c_size_t, c_char_p, POINTER(ImageOptions), POINTER(Image), _error],
    "database_open": [c_char_p, c_uint, POINTER(c_void_p), _error],
    "database_collections": [c_void_p, COLLECTION_EACH, c_void_p, _error],
    "database_vacuum": [c_void_p, _error],
    "collection_open": [c_void_p, c_char_p, c_void_p, POINTER(c_void_p), _error],
    "collection_ensure_index": [
        c_void_p, c_char_p, c_void_p, c_int, POINTER(IndexOptions), POINTER(c_void_p), _error,
    ],
    "collection_ensure_vectors": [c_void_p, c_char_p, POINTER(VectorsOptions), POINTER(c_void_p), _error],
    "collection_drop": [c_void_p, c_char_p, _error],
    "collection_describe": [c_void_p, POINTER(CollectionInfo), _error],
    "collection_check_encoder": [c_void_p, c_void_p, _error],
    "collection_put_vectors": [c_void_p, POINTER(Item), _floats, c_size_t, _ids, _error],
    "collection_put_encoded": [c_void_p, c_void_p, POINTER(Item), _floats, c_size_t, _ids, _error],
    "collection_remove": [c_void_p, _ids, c_size_t, POINTER(c_size_t), _error],
    "collection_remove_where": [c_void_p, c_char_p, POINTER(c_uint64), _error],
    "collection_vectors": [c_void_p, _ids, c_size_t, _floats, _error],
    "collection_merge_attributes": [c_void_p, _ids, POINTER(c_char_p), c_size_t, _error],
    "collection_checkpoint": [c_void_p, POINTER(CheckpointOptions), _error],
    "collection_check": [c_void_p, c_size_t, POINTER(CheckReport), _error],
    "ingest": [c_void_p, c_void_p, POINTER(IngestOptions), POINTER(IngestReport), _error],
    "remodel": [POINTER(IngestTarget), c_void_p, POINTER(IngestOptions), POINTER(IngestReport), _error],
    "calibrate": [c_void_p, c_void_p, c_char_p, POINTER(c_void_p), _error],
    "duplicates_find": [
        c_void_p, POINTER(DuplicatesOptions), POINTER(c_void_p), POINTER(DuplicatesReport), _error,
    ],
    "search": [c_void_p, _floats, c_size_t, c_size_t, POINTER(SearchOptions), POINTER(c_void_p), _error],
    "ask": [
        c_void_p, c_void_p, POINTER(Question), c_size_t, c_size_t, POINTER(SearchOptions), POINTER(c_void_p), _error,
    ],
    "list": [c_void_p, POINTER(ListOptions), POINTER(c_void_p), _error],
    "get": [c_void_p, _ids, c_size_t, POINTER(c_void_p), _error],
}  # fmt: skip
_others = {
    "version": ([], c_char_p),
    "version_number": ([], c_int),
    "build_info": ([BUILD_INFO, c_void_p], None),
    "status_name": ([c_int], c_char_p),
    "session_truncated": ([c_void_p], c_size_t),
    "calibration_free": ([POINTER(c_void_p)], None),
    "duplicates_groups": ([c_void_p], c_size_t),
    "duplicates_count": ([c_void_p, c_size_t], c_size_t),
    "duplicates_get": ([c_void_p, c_size_t, c_size_t, POINTER(c_int)], POINTER(Hit)),
    "duplicates_free": ([POINTER(c_void_p)], None),
    "hits_count": ([c_void_p, c_size_t], c_size_t),
    "hits_get": ([c_void_p, c_size_t, c_size_t], POINTER(Hit)),
    "hits_free": ([POINTER(c_void_p)], None),
    "image_free": ([POINTER(Image)], None),
    "encoder_close": ([POINTER(c_void_p)], None),
    "session_close": ([POINTER(c_void_p)], None),
    "database_close": ([POINTER(c_void_p)], None),
    "collection_close": ([POINTER(c_void_p)], None),
}


def _load() -> ctypes.CDLL:
    """The library that CLIPSEARCH_LIBRARY names, the one in this package, or the system's."""
    named = os.environ.get("CLIPSEARCH_LIBRARY")
    own = pathlib.Path(__file__).with_name("libclipsearch.so")
    path = named or (str(own) if own.exists() else "libclipsearch.so.0")
    try:
        loaded = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"{error}; the environment variable CLIPSEARCH_LIBRARY may name the library's file") from error
    for name, arguments in _functions.items():
        function = getattr(loaded, "clipsearch_" + name)
        function.argtypes = arguments
        function.restype = c_int
    for name, (arguments, result) in _others.items():
        function = getattr(loaded, "clipsearch_" + name)
        function.argtypes = arguments
        function.restype = result
    for struct in STRUCTS:
        if issubclass(struct, Sized):
            function = getattr(loaded, "clipsearch_" + struct.c_name + "_init_sized")
            function.argtypes = [c_void_p, c_size_t]
            function.restype = None
    return loaded


library = _load()
