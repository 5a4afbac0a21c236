/* SPDX-License-Identifier: MIT
 * duplicates.c - public functions for duplicates: check arguments, copy structs, call a module. */
#include "duplicates/duplicates.h"

#include "base/error.h"
#include "structs.h"

const char *clipsearch_duplicate_level_name(clipsearch_duplicate_level level)
{
    static const char *const names[] = {NULL, "exact", "same", "edited", "burst"};
    const unsigned number = (unsigned)level;
    return number < sizeof names / sizeof *names ? names[number] : NULL;
}

clipsearch_status clipsearch_duplicates_find(clipsearch_collection *collection,
                                             const clipsearch_duplicates_options *options,
                                             clipsearch_duplicates **duplicates, clipsearch_duplicates_report *report,
                                             clipsearch_error *err)
{
    clipsearch_duplicates_options own;
    clipsearch_image_options image;
    clipsearch_duplicates_report done = {0};
    if (duplicates)
        *duplicates = NULL;
    if (!collection || !duplicates)
        return cs_fail_null(err, __func__, collection, duplicates);
    clipsearch_status status =
        report ? cs_struct_check(report, &cs_duplicates_report_type, __func__, err) : CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_struct_read(&own, options, &cs_duplicates_options_type, __func__, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_options_read(&image, own.image, __func__, err);
    if (status == CLIPSEARCH_OK && !own.level)
        own.level = CLIPSEARCH_DUPLICATES_SAME;
    if (status == CLIPSEARCH_OK && !clipsearch_duplicate_level_name(own.level))
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: there is no level %d", __func__, (int)own.level);
    if (status == CLIPSEARCH_OK) {
        own.image = &image;
        status = cs_duplicates_find(collection, &own, duplicates, &done, err);
    }
    if (report)
        cs_struct_write(report, &done, &cs_duplicates_report_type);
    return status;
}

size_t clipsearch_duplicates_groups(const clipsearch_duplicates *duplicates)
{
    return duplicates ? cs_duplicates_groups(duplicates) : 0;
}

size_t clipsearch_duplicates_count(const clipsearch_duplicates *duplicates, size_t group)
{
    return duplicates ? cs_duplicates_count(duplicates, group) : 0;
}

const clipsearch_hit *clipsearch_duplicates_get(const clipsearch_duplicates *duplicates, size_t group, size_t rank,
                                                clipsearch_duplicate_level *level)
{
    return duplicates ? cs_duplicates_get(duplicates, group, rank, level) : NULL;
}

void clipsearch_duplicates_free(clipsearch_duplicates **duplicates)
{
    if (duplicates)
        cs_duplicates_free(duplicates);
}
