/* SPDX-License-Identifier: MIT
 * relevance_cache.h - where the calibration of a collection is kept (docs/relevance.md). */
#ifndef CS_CONFIG_RELEVANCE_CACHE_H
#define CS_CONFIG_RELEVANCE_CACHE_H

/* The file of the calibration of `collection` in the database `db`, whose directories exist:
 * $XDG_CACHE_HOME/clipsearch/relevance/... NULL: there is no place for one. cs_free it. */
char *cs_relevance_cache(const char *db, const char *collection);

#endif
