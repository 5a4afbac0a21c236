/* SPDX-License-Identifier: MIT
 * pickle_names.h - which names a pickle may use; private to the pickle reader. */
#ifndef CS_MODEL_PICKLE_NAMES_H
#define CS_MODEL_PICKLE_NAMES_H

#include "model/pickle.h"

/* Look up module.name and set value->kind, global and type. False: not allowed. */
bool cs_pickle_name(const char *module, size_t module_len, const char *name, size_t name_len, cs_pickle_value *value);

#endif
