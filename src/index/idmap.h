/* SPDX-License-Identifier: MIT
 * idmap.h - which row of an array belongs to which id. */
#ifndef CS_INDEX_IDMAP_H
#define CS_INDEX_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open addressing with linear probing over a power of two of slots, at most half of them used. A slot holds a row
 * number + 1 (0: empty); the id itself stands in the owner's array ids [rows], which each call is given. */
typedef struct cs_idmap {
    size_t *slots; /* [mask + 1], or NULL while empty */
    size_t mask;
} cs_idmap;

/* A map with room for `count` ids and none in it; false when out of memory or too many. */
bool cs_idmap_make(cs_idmap *map, size_t count);
void cs_idmap_free(cs_idmap *map);
/* The row of `id`, or SIZE_MAX. */
size_t cs_idmap_find(const cs_idmap *map, const int64_t *ids, int64_t id);
/* Add ids[row], which must not be there yet and for which there must be room. */
void cs_idmap_add(cs_idmap *map, const int64_t *ids, size_t row);
/* Change the entry of ids[row], which must be there, to `new_row`. */
void cs_idmap_move(cs_idmap *map, const int64_t *ids, size_t row, size_t new_row);
/* Remove the entry of ids[row], which must be there. */
void cs_idmap_remove(cs_idmap *map, const int64_t *ids, size_t row);

#endif
