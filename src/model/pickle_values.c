/* SPDX-License-Identifier: MIT
 * pickle_values.c - look-ups in the values that a pickle describes. */
#include "model/pickle.h"

#include <string.h>

const char *cs_pickle_text(const cs_pickle *pickle, cs_pickle_ref ref, size_t *n)
{
    const cs_pickle_value *value = &pickle->values[ref];
    *n = 0;
    if (value->kind != CS_PICKLE_TEXT && value->kind != CS_PICKLE_BYTES)
        return NULL;
    *n = value->text_len;
    return (const char *)pickle->data + value->text_at;
}

bool cs_pickle_is_text(const cs_pickle *pickle, cs_pickle_ref ref, const char *text)
{
    size_t n;
    const char *found = cs_pickle_text(pickle, ref, &n);
    return found && n == strlen(text) && memcmp(found, text, n) == 0;
}

cs_pickle_ref cs_pickle_item(const cs_pickle *pickle, cs_pickle_ref ref, size_t i)
{
    const cs_pickle_value *value = &pickle->values[ref];
    if ((value->kind != CS_PICKLE_TUPLE && value->kind != CS_PICKLE_LIST) || i >= value->size)
        return 0;
    uint32_t cell = value->first;
    while (i--)
        cell = pickle->cells[cell].next;
    return pickle->cells[cell].value;
}

cs_pickle_ref cs_pickle_get(const cs_pickle *pickle, cs_pickle_ref ref, const char *key)
{
    cs_pickle_ref found = 0;
    if (cs_pickle_is_dict(pickle, ref))
        for (uint32_t cell = pickle->values[ref].first; cell; cell = pickle->cells[cell].next)
            if (cs_pickle_is_text(pickle, pickle->cells[cell].key, key))
                found = pickle->cells[cell].value;
    return found;
}

bool cs_pickle_is_dict(const cs_pickle *pickle, cs_pickle_ref ref)
{
    const cs_pickle_value *value = &pickle->values[ref];
    return value->kind == CS_PICKLE_DICT ||
           (value->kind == CS_PICKLE_CALL &&
            (value->global == CS_GLOBAL_ORDERED_DICT || value->global == CS_GLOBAL_DEFAULT_DICT));
}
