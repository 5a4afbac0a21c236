/* SPDX-License-Identifier: MIT
 * sized_struct.c - copying structs between callers and a library that may be older or newer than they are. */
#include "base/sized_struct.h"

#include "base/error.h"

#include <string.h>

/* No struct of the header comes near this. A larger struct_size is whatever lay in memory that was not initialised,
 * and reading so far would leave the caller's struct. */
enum { MAX_STRUCT = 1 << 16 };

static size_t size_of(const void *theirs)
{
    size_t size;
    memcpy(&size, theirs, sizeof size); /* struct_size is the first field of them all */
    return size;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void cs_struct_init(void *object, size_t size, const cs_struct_type *type)
{
    memset(object, 0, size);
    if (type->defaults)
        memcpy(object, type->defaults, smaller(size, type->size));
    memcpy(object, &size, smaller(size, sizeof size));
}

clipsearch_status cs_struct_check(const void *theirs, const cs_struct_type *type, const char *function,
                                  clipsearch_error *err)
{
    size_t size = size_of(theirs);
    if (size < type->least || size > MAX_STRUCT)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: struct_size of a %s is %zu, expected %zu: it was not initialised; set struct_size to its "
                       "sizeof, or call %s_init on it first",
                       function, type->name, size, type->size, type->name);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_struct_read(void *own, const void *theirs, const cs_struct_type *type, const char *function,
                                 clipsearch_error *err)
{
    cs_struct_init(own, type->size, type);
    if (!theirs)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_struct_check(theirs, type, function, err);
    if (status != CLIPSEARCH_OK)
        return status;
    size_t size = size_of(theirs);
    for (size_t i = type->size; i < size; i++)
        if (((const unsigned char *)theirs)[i])
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                           "%s: byte %zu of a %s is set, but this library (%s) knows only %zu bytes of it; leave newer "
                           "fields 0 or use a newer library",
                           function, i, type->name, CLIPSEARCH_VERSION, type->size);
    memcpy(own, theirs, smaller(size, type->size));
    memcpy(own, &type->size, sizeof type->size);
    return CLIPSEARCH_OK;
}

void cs_struct_write(void *theirs, const void *own, const cs_struct_type *type)
{
    size_t size = size_of(theirs);
    memcpy(theirs, own, smaller(size, type->size));
    if (size > type->size)
        memset((char *)theirs + type->size, 0, size - type->size);
    memcpy(theirs, &size, sizeof size);
}
