/* SPDX-License-Identifier: MIT
 * turned.h - pairs of images that may be one image, turned or mirrored. A model's vector of a turned image is often far
 * from that of the upright one, so neighbours of vectors are not enough. */
#ifndef CS_DUPLICATES_TURNED_H
#define CS_DUPLICATES_TURNED_H

#include "base/pool.h"
#include "duplicates/coarse.h"

enum { CS_TURNED_MOST = 8 }; /* pairs of an image with those behind it in the order of the search */

typedef struct cs_turned_search cs_turned_search;

/* Begin a search among coarse [count] images; flat ones are left out. They must stay valid until the end.
 * CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_turned_begin(const cs_coarse *coarse, size_t count, cs_turned_search **search,
                                  clipsearch_error *err);
void cs_turned_end(cs_turned_search **search);

/* The search in pieces, each once; any number of threads, each with pieces of its own. */
size_t cs_turned_pieces(const cs_turned_search *search);
void cs_turned_run(cs_turned_search *search, size_t piece);

/* Once all pieces have run: call `each` with every pair until it returns an error. */
clipsearch_status cs_turned_each(const cs_turned_search *search,
                                 clipsearch_status (*each)(void *context, uint32_t a, uint32_t b,
                                                           clipsearch_error *err),
                                 void *context, clipsearch_error *err);

#endif
