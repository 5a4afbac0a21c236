/* SPDX-License-Identifier: MIT
 * environment.h - environment variables. */
#ifndef CS_BASE_ENVIRONMENT_H
#define CS_BASE_ENVIRONMENT_H

#include "base/error.h"

/* The variable's value; NULL when it is not set or empty. */
const char *cs_variable(const char *name);

/* The same of a variable whose value must be one of `names`, which end with NULL. Errors: CLIPSEARCH_E_ARGUMENT,
 * _MEMORY. */
clipsearch_status cs_variable_choice(const char *name, const char *const *names, const char **value,
                                     clipsearch_error *err);

#endif
