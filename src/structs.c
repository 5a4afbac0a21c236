/* SPDX-License-Identifier: MIT
 * structs.c - the init functions of clipsearch.h, from one table. */
#include "structs.h"

#include "base/error.h"
#include "vision/image.h"

#include <stddef.h>
#include <string.h>

/* Of these, 0 means the same as the default (cs_..._read), so that a caller may set struct_size alone. */
static const clipsearch_encoder_options encoder_options = {.towers = CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER};
static const clipsearch_image_options image_options = {.max_bytes = CS_IMAGE_MAX_BYTES,
                                                       .max_pixels = CS_IMAGE_MAX_PIXELS};
static const clipsearch_session_options session_options = {.max_batch = 32, .overflow = CLIPSEARCH_TRUNCATE};
static const clipsearch_watch_options watch_options = {.settle = 0.5, .longest = 10, .scan = 60};
static const clipsearch_part part = {.weight = 1};
static const clipsearch_ingest_options ingest_options = {.batch = 32};
static const clipsearch_list_options list_options = {.limit = SIZE_MAX};

/* `last` is the last field that version 0.2 had. It never changes, however many fields follow it later. */
#define STRUCT(type, last, defaults)                                                                                   \
    const cs_struct_type cs_##type##_type = {"clipsearch_" #type, sizeof(clipsearch_##type),                           \
                                             offsetof(clipsearch_##type, last) + sizeof((clipsearch_##type){0}.last),  \
                                             defaults};                                                                \
    void clipsearch_##type##_init_sized(clipsearch_##type *object, size_t size)                                        \
    {                                                                                                                  \
        if (object)                                                                                                    \
            cs_struct_init(object, size, &cs_##type##_type);                                                           \
    }

STRUCT(encoder_options, name, &encoder_options)
STRUCT(encoder_info, normalized, NULL)
STRUCT(image_options, ignore_exif, &image_options)
STRUCT(session_options, image, &session_options)
STRUCT(labels_options, logit_scale, NULL)
STRUCT(memory, session, NULL)
STRUCT(weights_info, bytes, NULL)
STRUCT(convert_options, context, NULL)
STRUCT(convert_report, rounded, NULL)
STRUCT(index_options, ef, NULL)
STRUCT(vectors_options, index, NULL)
STRUCT(collection_info, changes, NULL)
STRUCT(checkpoint_options, context, NULL)
STRUCT(check_report, recall, NULL)
STRUCT(source, csv_by_name, NULL)
STRUCT(ingest_options, context, &ingest_options)
STRUCT(ingest_report, created, NULL)
STRUCT(ingest_target, context, NULL)
STRUCT(watch_options, context, &watch_options)
STRUCT(search_stats, compared, NULL)
STRUCT(search_options, stats, NULL)
STRUCT(list_options, gone, &list_options)
STRUCT(each_options, vectors, NULL)
STRUCT(merge_options, context, NULL)
STRUCT(merge_report, sources, NULL)
STRUCT(duplicates_options, context, NULL)
STRUCT(duplicates_report, surplus_bytes, NULL)
STRUCT(part, weight, &part)
STRUCT(question, with_self, NULL)

/* A value of an enum that a caller of a newer header may have, or one that has not initialised it. */
static clipsearch_status check_choice(unsigned value, unsigned last, const char *what, const char *function,
                                      clipsearch_error *err)
{
    if (value <= last)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: there is no %s %u", function, what, value);
}

clipsearch_status cs_overflow_check(clipsearch_overflow overflow, const char *function, clipsearch_error *err)
{
    return check_choice(overflow, CLIPSEARCH_REFUSE, "overflow", function, err);
}

clipsearch_status cs_image_options_read(clipsearch_image_options *own, const clipsearch_image_options *theirs,
                                        const char *function, clipsearch_error *err)
{
    clipsearch_status status = cs_struct_read(own, theirs, &cs_image_options_type, function, err);
    if (!own->max_bytes)
        own->max_bytes = image_options.max_bytes;
    if (!own->max_pixels)
        own->max_pixels = image_options.max_pixels;
    return status ? status : check_choice(own->decode, CLIPSEARCH_DECODE_FAST, "decode", function, err);
}

clipsearch_status cs_session_options_read(clipsearch_session_options *own, const clipsearch_session_options *theirs,
                                          const char *function, clipsearch_error *err)
{
    clipsearch_status status = cs_struct_read(own, theirs, &cs_session_options_type, function, err);
    if (!own->max_batch)
        own->max_batch = session_options.max_batch;
    return status ? status : cs_overflow_check(own->overflow, function, err);
}

clipsearch_status cs_encoder_options_read(clipsearch_encoder_options *own, const clipsearch_encoder_options *theirs,
                                          const char *function, clipsearch_error *err)
{
    clipsearch_status status = cs_struct_read(own, theirs, &cs_encoder_options_type, function, err);
    if (!own->towers)
        own->towers = encoder_options.towers;
    return status;
}

clipsearch_status cs_ingest_options_read(clipsearch_ingest_options *own, const clipsearch_ingest_options *theirs,
                                         const char *function, clipsearch_error *err)
{
    clipsearch_status status = cs_struct_read(own, theirs, &cs_ingest_options_type, function, err);
    if (!own->batch)
        own->batch = ingest_options.batch;
    return status ? status : check_choice(own->on_bad, CLIPSEARCH_STOP_AT_BAD, "on_bad", function, err);
}

clipsearch_status cs_fail_null_argument(clipsearch_error *err, const char *function, const char *names,
                                        const bool *given)
{
    static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    for (const char *comma; *given && (comma = strchr(names, ',')); given++)
        names = comma + 1 + strspn(comma + 1, " ");
    const char *name = names;
    for (const char *at = names; *at && *at != ','; at++)
        if (*at == '.' || *at == '>') /* a field is named without its struct */
            name = at + 1;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: the argument %.*s is NULL", function, (int)strspn(name, letters),
                   name);
}

clipsearch_status cs_metric_check(clipsearch_metric metric, const char *function, clipsearch_error *err)
{
    if (metric == CLIPSEARCH_COSINE || metric == CLIPSEARCH_IP || metric == CLIPSEARCH_L2)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: there is no metric %d", function, (int)metric);
}
