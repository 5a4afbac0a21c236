/* SPDX-License-Identifier: MIT
 * prune.h - remove the items of images whose files are gone. */
#ifndef CS_INGEST_PRUNE_H
#define CS_INGEST_PRUNE_H

#include "backend/backend.h"
#include "base/id_list.h"
#include "ingest/sources.h"

/* There is certainly no file at `path`: false also when that cannot be found out. */
bool cs_file_is_gone(const char *path);

/* Remove the items below the root of each source that was walked wholly, when their files were not found and are gone;
 * not those in `kept`. A file that exists but that the source's patterns leave out keeps its item. With dry_run they
 * are only counted. */
clipsearch_status cs_prune(clipsearch_collection *collection, const cs_sources *sources, const cs_id_list *kept,
                           bool dry_run, uint64_t *pruned, clipsearch_error *err);

#endif
