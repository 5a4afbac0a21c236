/* SPDX-License-Identifier: MIT
 * collection_name.c - the letters and lengths of collections' names. */
#include "base/collection_name.h"

#include "base/item_limits.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"

/* 1 to `max` bytes of `allowed`. What is longer need not end. */
static bool is_made_of(const char *name, const char *allowed, size_t max)
{
    const size_t size = strnlen(name, max + 1);
    return size > 0 && size <= max && strspn(name, allowed) == size;
}

clipsearch_status cs_check_file_collection_name(const char *name, clipsearch_error *err)
{
    if (is_made_of(name, LETTERS DIGITS "-.", CS_FILE_COLLECTION_NAME_MAX))
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%.64s\" cannot be a collection's name: " CS_COLLECTION_NAME_RULE,
                   name);
}

clipsearch_status cs_check_server_collection_name(const char *name, clipsearch_error *err)
{
    if (is_made_of(name, LETTERS DIGITS, CS_COLLECTION_NAME_MAX) && !strchr(DIGITS, name[0]))
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   "the collection's name \"%s\": Milvus allows letters, digits and _, not beginning with a digit,"
                   " of at most %d bytes",
                   name, CS_COLLECTION_NAME_MAX);
}

bool cs_can_name_collection(const char *name)
{
    return cs_check_file_collection_name(name, NULL) == CLIPSEARCH_OK ||
           cs_check_server_collection_name(name, NULL) == CLIPSEARCH_OK;
}
