/* SPDX-License-Identifier: MIT
 * image_metadata.c - public functions for what files say of their images: check arguments, call the module metadata. */
#include "clipsearch.h"

#include "base/error.h"
#include "metadata/metadata.h"
#include "structs.h"

#include <string.h>

const char *clipsearch_metadata_name(size_t number)
{
    return number < CS_META_FIELDS ? cs_metadata_field_name((cs_metadata_field)number) : NULL;
}

clipsearch_status clipsearch_image_metadata(const void *data, size_t size, const char *names, char *json,
                                            size_t capacity, size_t *length, clipsearch_error *err)
{
    if ((!data && size) || (!json && capacity) || !length)
        return cs_fail_null(err, __func__, length, data || !size, json);
    cs_metadata metadata = {0};
    cs_buf out = cs_buf_make(SIZE_MAX / 2);
    uint32_t fields = 0;
    *length = 0;
    clipsearch_status status = cs_metadata_choose(names, &fields, err);
    if (status == CLIPSEARCH_OK)
        status =
            cs_metadata_read(&metadata, (cs_metadata_file){data, size}, (cs_metadata_file){NULL, 0}, fields, &out, err);
    if (status == CLIPSEARCH_OK) {
        *length = out.len;
        if (out.len >= capacity)
            status = cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: the attributes need %zu bytes, and there are %zu", __func__,
                             out.len + 1, capacity);
        else
            memcpy(json, out.data, out.len + 1);
    }
    cs_buf_free(&out);
    cs_metadata_free(&metadata);
    return status;
}
