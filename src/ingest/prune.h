/* SPDX-License-Identifier: MIT
 * prune.h - remove the rows of pictures that are gone. */
#ifndef CS_INGEST_PRUNE_H
#define CS_INGEST_PRUNE_H

#include "backend/backend.h"
#include "base/id_list.h"
#include "ingest/sources.h"

/* There is surely no file at `path`: not merely one that cannot be seen. */
bool cs_file_is_gone(const char *path);

/* Remove every row below the root of a source that was walked wholly, whose file was not found and is gone, except the
 * rows `kept`. A file that is there but that the source's patterns leave out keeps its row. With dry_run they are only
 * counted. */
clipsearch_status cs_prune(clipsearch_collection *collection, const cs_sources *sources, const cs_id_list *kept,
                           bool dry_run, uint64_t *pruned, clipsearch_error *err);

#endif
