/* SPDX-License-Identifier: MIT
 * schema.c - the SQL of the tables. Steps that have been released never change; a new version adds a step. */
#include "store/schema.h"

/* Paths are BLOB: the file system's bytes, which need not be UTF-8. A BLOB gives back any bytes and compares by memcmp,
 * whatever a tool does to text. For a person: SELECT CAST(path AS TEXT) FROM items.
 *
 * key is AUTOINCREMENT in collections so that a handle to a dropped collection can never mean a newer one. next_id is
 * the lowest id never given; ids of removed items stay unused.
 *
 * Vectors have a table of their own: rows of items stay small and close together, and a walk over the paths never reads
 * past vectors. They are little-endian float32. */
static const char step_0_to_1[] =
    "CREATE TABLE collections(\n"
    "  key INTEGER PRIMARY KEY AUTOINCREMENT,\n"
    "  name TEXT NOT NULL UNIQUE,\n"
    "  encoder TEXT NOT NULL,\n"
    "  fingerprint TEXT NOT NULL,\n"
    "  preprocessing TEXT NOT NULL,\n"
    "  dim INTEGER NOT NULL CHECK(dim BETWEEN 1 AND 4096),\n"
    "  metric TEXT NOT NULL CHECK(metric IN ('cosine', 'ip', 'l2')),\n"
    "  created INTEGER NOT NULL, -- seconds since 1970\n"
    "  generation INTEGER NOT NULL DEFAULT 0,\n"
    "  next_id INTEGER NOT NULL DEFAULT 1\n"
    ") STRICT;\n"
    "CREATE TABLE items(\n"
    "  key INTEGER PRIMARY KEY,\n"
    "  collection INTEGER NOT NULL REFERENCES collections(key) ON DELETE CASCADE,\n"
    "  id INTEGER NOT NULL CHECK(id >= 1),\n"
    "  path BLOB NOT NULL CHECK(length(path) >= 1),\n"
    "  size INTEGER NOT NULL CHECK(size >= 0),\n"
    "  mtime_ns INTEGER NOT NULL, -- nanoseconds since 1970\n"
    "  hash BLOB NOT NULL CHECK(length(hash) = 32), -- SHA-256 of the file\n"
    "  width INTEGER NOT NULL CHECK(width BETWEEN 0 AND 4294967295),\n"
    "  height INTEGER NOT NULL CHECK(height BETWEEN 0 AND 4294967295),\n"
    "  attributes TEXT NOT NULL CONSTRAINT attributes_object\n"
    "    CHECK(CASE WHEN json_valid(attributes) THEN json_type(attributes) = 'object' ELSE 0 END)\n"
    ") STRICT;\n"
    "CREATE UNIQUE INDEX items_by_id ON items(collection, id);\n"
    "CREATE UNIQUE INDEX items_by_path ON items(collection, path);\n"
    "CREATE INDEX items_by_hash ON items(collection, hash);\n"
    "CREATE TABLE vectors(\n"
    "  key INTEGER PRIMARY KEY REFERENCES items(key) ON DELETE CASCADE,\n"
    "  vector BLOB NOT NULL -- float32, little-endian\n"
    ") STRICT;\n"
    "PRAGMA application_id = 0x636c7365;\n"
    "PRAGMA user_version = 1;\n";

/* What a collection's index is to be like; 0 and '' leave it to the library. index_owner is a random number that the
 * index file bears too, so that no other file is taken for it; 0: there is none. index_next is that of a file about to
 * take its place, so that there is no moment at which the file is not known.
 *
 * changes has a row for every id whose vector was put or removed in a generation behind log_from (NULL: none is noted),
 * the generation of the index file, whose checkpoint takes out what it has. */
static const char step_1_to_2[] = "ALTER TABLE collections ADD COLUMN codes TEXT NOT NULL DEFAULT '';\n"
                                  "ALTER TABLE collections ADD COLUMN m INTEGER NOT NULL DEFAULT 0;\n"
                                  "ALTER TABLE collections ADD COLUMN ef_construction INTEGER NOT NULL DEFAULT 0;\n"
                                  "ALTER TABLE collections ADD COLUMN ef INTEGER NOT NULL DEFAULT 0;\n"
                                  "ALTER TABLE collections ADD COLUMN index_owner INTEGER NOT NULL DEFAULT 0;\n"
                                  "ALTER TABLE collections ADD COLUMN index_next INTEGER NOT NULL DEFAULT 0;\n"
                                  "ALTER TABLE collections ADD COLUMN log_from INTEGER;\n"
                                  "CREATE TABLE changes(\n"
                                  "  collection INTEGER NOT NULL REFERENCES collections(key) ON DELETE CASCADE,\n"
                                  "  id INTEGER NOT NULL,\n"
                                  "  generation INTEGER NOT NULL, -- of the last change\n"
                                  "  PRIMARY KEY(collection, id)\n"
                                  ") STRICT, WITHOUT ROWID;\n"
                                  "PRAGMA user_version = 2;\n";

/* What is remembered of files besides their size and time, and where they were found.
 *
 * ctime_ns: when the inode last changed, 0 where that is not known. gone_since: when an ingestion first found that
 * there is no such file any more, 0 while there is one.
 *
 * A source is a directory or file that was ingested. list: the file that lists the source, x'' for the command line.
 * options: which files are taken from it and what they get, NAME=VALUE strings, each with a NUL byte behind it, because
 * patterns and paths are any bytes. devices: the device numbers under which its directories were seen, DEVICE=PATH
 * strings of the same kind. */
static const char step_2_to_3[] = "ALTER TABLE items ADD COLUMN ctime_ns INTEGER NOT NULL DEFAULT 0;\n"
                                  "ALTER TABLE items ADD COLUMN gone_since INTEGER NOT NULL DEFAULT 0;\n"
                                  "CREATE INDEX items_gone ON items(collection, id) WHERE gone_since <> 0;\n"
                                  "CREATE TABLE sources(\n"
                                  "  key INTEGER PRIMARY KEY,\n"
                                  "  collection INTEGER NOT NULL REFERENCES collections(key) ON DELETE CASCADE,\n"
                                  "  path BLOB NOT NULL CHECK(length(path) >= 1),\n"
                                  "  list BLOB NOT NULL,\n"
                                  "  options BLOB NOT NULL,\n"
                                  "  devices BLOB NOT NULL\n"
                                  ") STRICT;\n"
                                  "CREATE INDEX sources_by_list ON sources(collection, list);\n"
                                  "PRAGMA user_version = 3;\n";

/* A collection can be encoded anew with another model ("remodelled"). While that goes on, the vectors of the other
 * model are in new_vectors, and remodels says which model that is; in the end one transaction moves them to vectors and
 * gives the collection the other model. encoding counts how often that was done: whoever opened the collection before
 * knows by it that its vectors are of another model now. hash is the content that a new vector was made of: when the
 * item has another one by now, the vector is made again.
 *
 * model_path: the absolute path of the model, where it was given as a path and not by its name; else x''. */
static const char step_3_to_4[] = "ALTER TABLE collections ADD COLUMN model_path BLOB NOT NULL DEFAULT x'';\n"
                                  "ALTER TABLE collections ADD COLUMN encoding INTEGER NOT NULL DEFAULT 0;\n"
                                  "CREATE TABLE remodels(\n"
                                  "  collection INTEGER PRIMARY KEY REFERENCES collections(key) ON DELETE CASCADE,\n"
                                  "  encoder TEXT NOT NULL,\n"
                                  "  fingerprint TEXT NOT NULL,\n"
                                  "  preprocessing TEXT NOT NULL,\n"
                                  "  dim INTEGER NOT NULL CHECK(dim BETWEEN 1 AND 4096),\n"
                                  "  metric TEXT NOT NULL CHECK(metric IN ('cosine', 'ip', 'l2')),\n"
                                  "  model_path BLOB NOT NULL\n"
                                  ") STRICT;\n"
                                  "CREATE TABLE new_vectors(\n"
                                  "  key INTEGER PRIMARY KEY REFERENCES items(key) ON DELETE CASCADE,\n"
                                  "  hash BLOB NOT NULL CHECK(length(hash) = 32),\n"
                                  "  vector BLOB NOT NULL -- float32, little-endian\n"
                                  ") STRICT;\n"
                                  "PRAGMA user_version = 4;\n";

/* precisions: what the vectors were computed in, as in clipsearch_collection_info: 2 for f32, 4 for int8 ... added up;
 * 0: not known. */
static const char step_4_to_5[] = "ALTER TABLE collections ADD COLUMN precisions INTEGER NOT NULL DEFAULT 0;\n"
                                  "ALTER TABLE remodels ADD COLUMN precisions INTEGER NOT NULL DEFAULT 0;\n"
                                  "PRAGMA user_version = 5;\n";

const char *const cs_store_steps[] = {step_0_to_1, step_1_to_2, step_2_to_3, step_3_to_4, step_4_to_5};
