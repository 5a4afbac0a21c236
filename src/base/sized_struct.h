/* SPDX-License-Identifier: MIT
 * sized_struct.h - structs of the public header that may grow: each begins with `size_t struct_size` (docs/abi.md).
 *
 * The caller may have been compiled with an older or a newer header than the library. So the library works on a struct
 * of its own, and copies to and from the caller's as many bytes as both have. */
#ifndef CS_BASE_SIZED_STRUCT_H
#define CS_BASE_SIZED_STRUCT_H

#include "clipsearch.h"

/* What the library knows of one such struct. */
typedef struct cs_struct_type {
    const char *name;     /* "clipsearch_search_options", for messages */
    size_t size;          /* of the library's own layout, in bytes */
    size_t least;         /* end of the last field that version 0.2 had; a smaller struct_size is an error */
    const void *defaults; /* [size] what an init function fills in, struct_size aside; NULL: zeros */
} cs_struct_type;

/* Fill in the defaults of `object`, which has room for `size` bytes, and its struct_size. What the library does not
 * know of it becomes 0. Nothing is written behind `size`. */
void cs_struct_init(void *object, size_t size, const cs_struct_type *type);

/* Read a struct the caller filled in: own [type->size] becomes the defaults, overlaid by what `theirs` has (NULL: the
 * defaults alone). own->struct_size is the library's. `function` begins messages.
 * CLIPSEARCH_E_ARGUMENT: struct_size is too small, or no struct is so long (both mean that the init function was not
 * called), or a field that the library does not know is not 0. */
clipsearch_status cs_struct_read(void *own, const void *theirs, const cs_struct_type *type, const char *function,
                                 clipsearch_error *err);

/* Check a struct that the library is going to fill in: as cs_struct_read, but its fields may have any value. */
clipsearch_status cs_struct_check(const void *theirs, const cs_struct_type *type, const char *function,
                                  clipsearch_error *err);

/* Copy own [type->size] to a checked struct of the caller. struct_size stays the caller's; fields that the library does
 * not know become 0. */
void cs_struct_write(void *theirs, const void *own, const cs_struct_type *type);

#endif
