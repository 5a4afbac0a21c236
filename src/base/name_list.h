/* SPDX-License-Identifier: MIT
 * name_list.h - lists of names of which one is to be given; NULL is behind the last. */
#ifndef CS_BASE_NAME_LIST_H
#define CS_BASE_NAME_LIST_H

#include "base/buf.h"

/* The index of `name` in `names`, or the index of the NULL when it is not there. */
unsigned cs_name_index(const char *name, const char *const *names);

/* How many there are. */
size_t cs_name_count(const char *const *names);

/* Append all of them as a sentence needs it: "exact or fast", "f32, f16 or bf16". */
void cs_put_names(cs_buf *buf, const char *const *names);

#endif
