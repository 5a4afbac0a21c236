/* SPDX-License-Identifier: MIT
 * facets.h - which attributes the items of a collection have, their frequent values, and the folders they lie in: what
 * filters can ask for. */
#ifndef CS_SERVER_FACETS_H
#define CS_SERVER_FACETS_H

#include "base/error.h"

/* Write {"attributes": [...], "folders": [...]} into *json, to be freed with cs_free: from the newest items, at most
 * 20,000. `count`: items of the collection. Errors: those of clipsearch_list. */
clipsearch_status cs_facets_make(clipsearch_collection *collection, uint64_t count, char **json, clipsearch_error *err);

#endif
