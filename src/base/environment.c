/* SPDX-License-Identifier: MIT
 * environment.c - environment variables. */
#include "base/environment.h"

#include "base/name_list.h"

#include <stdlib.h>

const char *cs_variable(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

clipsearch_status cs_variable_choice(const char *name, const char *const *names, const char **value,
                                     clipsearch_error *err)
{
    *value = cs_variable(name);
    if (!*value || names[cs_name_index(*value, names)])
        return CLIPSEARCH_OK;
    cs_buf list = cs_buf_make(512);
    cs_put_names(&list, names);
    clipsearch_status status =
        list.failed ? cs_fail_memory(err, "the environment")
                    : cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the environment variable %s must be %s, not \"%.64s\"", name,
                              list.data, *value);
    cs_buf_free(&list);
    return status;
}
