/* SPDX-License-Identifier: MIT
 * readable.h - whether this build reads a file that a walk takes for its suffix. */
#ifndef CS_INGEST_READABLE_H
#define CS_INGEST_READABLE_H

#include "ingest/sources.h"

/* Whether `path` is an image of a format that this build cannot read, *kind, and so is to be left out of `source`. Not
 * if it was named, or if patterns to include are given. The answer may need a library to be loaded: ask only about
 * files that are new or have changed. */
bool cs_source_leaves_out(const cs_source *source, const char *path, cs_file_kind *kind);

#endif
