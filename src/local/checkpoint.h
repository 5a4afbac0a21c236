/* SPDX-License-Identifier: MIT
 * checkpoint.h - the index file of a collection, removed. */
#ifndef CS_LOCAL_CHECKPOINT_H
#define CS_LOCAL_CHECKPOINT_H

#include "local/collection.h"

/* Remove the index file of a collection that has been dropped; that there is none is no error. */
void cs_checkpoint_forget(const cs_store *store, const char *collection);

#endif
