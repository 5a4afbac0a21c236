/* SPDX-License-Identifier: MIT
 * clipsearch.c - public functions for models, images and encoding: check arguments, call a module.
 * databases.c has those for databases. */
#include "clipsearch.h"

#include "base/error.h"
#include "convert/convert.h"
#include "encode/encoder.h"
#include "encode/labels.h"
#include "encode/memory.h"
#include "encode/plain_image.h"
#include "encode/session.h"
#include "model/weights_walk.h"
#include "structs.h"

static const unsigned BOTH_TOWERS = CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER;

const char *clipsearch_version(void)
{
    return CLIPSEARCH_VERSION;
}

int clipsearch_version_number(void)
{
    return CLIPSEARCH_VERSION_NUMBER;
}

const char *clipsearch_status_name(clipsearch_status status)
{
    switch (status) {
    case CLIPSEARCH_OK:
        return "ok";
    case CLIPSEARCH_E_ARGUMENT:
        return "argument";
    case CLIPSEARCH_E_MEMORY:
        return "memory";
    case CLIPSEARCH_E_IO:
        return "io";
    case CLIPSEARCH_E_FORMAT:
        return "format";
    case CLIPSEARCH_E_LIMIT:
        return "limit";
    case CLIPSEARCH_E_UNSUPPORTED:
        return "unsupported";
    case CLIPSEARCH_E_MODEL:
        return "model";
    case CLIPSEARCH_E_DATABASE:
        return "database";
    case CLIPSEARCH_E_MISMATCH:
        return "mismatch";
    case CLIPSEARCH_E_NOT_FOUND:
        return "not found";
    case CLIPSEARCH_E_CANCELLED:
        return "cancelled";
    case CLIPSEARCH_E_TIMEOUT:
        return "timeout";
    }
    return "unknown";
}

/* ---------------------------------------------------------------- encoders */

clipsearch_status clipsearch_encoder_open(const char *path, const clipsearch_encoder_options *options,
                                          clipsearch_encoder **encoder, clipsearch_error *err)
{
    if (encoder)
        *encoder = NULL;
    if (!encoder)
        return cs_fail_null(err, __func__, encoder);
    char built_in[CLIPSEARCH_PATH_SIZE];
    clipsearch_encoder_options own;
    clipsearch_status status = cs_encoder_options_read(&own, options, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (own.towers & ~BOTH_TOWERS)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: towers is %#x; it must name one tower or both", __func__,
                       own.towers);
    if ((int)own.precision < CLIPSEARCH_PRECISION_AUTO || own.precision > CLIPSEARCH_PRECISION_BF16)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: there is no precision %d", __func__, (int)own.precision);
    if (!path) {
        status = clipsearch_model_find("default", built_in, err);
        own.name = own.name ? own.name : "default";
    }
    return status == CLIPSEARCH_OK ? cs_encoder_open(path ? path : built_in, &own, encoder, err) : status;
}

void clipsearch_encoder_close(clipsearch_encoder **encoder)
{
    if (encoder)
        cs_encoder_close(encoder);
}

clipsearch_status clipsearch_encoder_describe(const clipsearch_encoder *encoder, clipsearch_encoder_info *info,
                                              clipsearch_error *err)
{
    if (!encoder || !info)
        return cs_fail_null(err, __func__, encoder, info);
    clipsearch_status status = cs_struct_check(info, &cs_encoder_info_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    clipsearch_encoder_info own;
    cs_encoder_describe(encoder, &own);
    cs_struct_write(info, &own, &cs_encoder_info_type);
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- tokens */

clipsearch_status clipsearch_tokenize(const clipsearch_encoder *encoder, const char *text, clipsearch_overflow overflow,
                                      int32_t *ids, size_t capacity, size_t *count, clipsearch_error *err)
{
    if (count)
        *count = 0;
    if (!encoder || !text || !count || (!ids && capacity))
        return cs_fail_null(err, __func__, encoder, text, count, ids);
    clipsearch_status status = cs_overflow_check(overflow, __func__, err);
    return status ? status : cs_encoder_tokenize(encoder, text, overflow, ids, capacity, count, err);
}

const char *clipsearch_token_piece(const clipsearch_encoder *encoder, int32_t id)
{
    return encoder ? cs_encoder_piece(encoder, id) : NULL;
}

/* ---------------------------------------------------------------- images */

clipsearch_status clipsearch_image_load(const char *path, const clipsearch_image_options *options,
                                        clipsearch_image *image, clipsearch_error *err)
{
    if (image)
        *image = (clipsearch_image){0};
    if (!path || !image)
        return cs_fail_null(err, __func__, path, image);
    clipsearch_image_options own;
    clipsearch_status status = cs_image_options_read(&own, options, __func__, err);
    return status == CLIPSEARCH_OK ? cs_plain_image_load(path, &own, image, err) : status;
}

clipsearch_status clipsearch_image_load_small(const char *path, uint32_t side, const clipsearch_image_options *options,
                                              clipsearch_image *image, clipsearch_error *err)
{
    enum { MOST_SIDE = 16384 };
    if (image)
        *image = (clipsearch_image){0};
    if (!path || !image)
        return cs_fail_null(err, __func__, path, image);
    if (!side || side > MOST_SIDE)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: side should be 1 to %d", __func__, (int)MOST_SIDE);
    clipsearch_image_options own;
    clipsearch_status status = cs_image_options_read(&own, options, __func__, err);
    return status == CLIPSEARCH_OK ? cs_plain_image_load_small(path, side, &own, image, err) : status;
}

clipsearch_status clipsearch_image_decode(const void *data, size_t size, const char *name,
                                          const clipsearch_image_options *options, clipsearch_image *image,
                                          clipsearch_error *err)
{
    if (image)
        *image = (clipsearch_image){0};
    if ((!data && size) || !image)
        return cs_fail_null(err, __func__, image, data);
    clipsearch_image_options own;
    clipsearch_status status = cs_image_options_read(&own, options, __func__, err);
    return status == CLIPSEARCH_OK
               ? cs_plain_image_decode(data ? data : "", size, name ? name : "image", &own, image, err)
               : status;
}

static bool has_pixels(const clipsearch_image *image)
{
    return image->rgb && image->width && image->height;
}

clipsearch_status clipsearch_image_resize(const clipsearch_image *image, uint32_t width, uint32_t height,
                                          clipsearch_image *resized, clipsearch_error *err)
{
    if (!image || !resized)
        return cs_fail_null(err, __func__, image, resized);
    const clipsearch_image in = *image; /* the two may be the same structure */
    *resized = (clipsearch_image){0};
    if (!has_pixels(&in) || !width || !height)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: an image without pixels (%u x %u to %u x %u)", __func__,
                       in.width, in.height, width, height);
    return cs_plain_image_resize(&in, width, height, resized, err);
}

void clipsearch_image_free(clipsearch_image *image)
{
    if (image)
        cs_plain_image_free(image);
}

/* ---------------------------------------------------------------- encoding */

/* Read a session's options, and those for images that they point to, into the library's own. */
static clipsearch_status read_session_options(clipsearch_session_options *own, clipsearch_image_options *image,
                                              const clipsearch_session_options *options, const char *function,
                                              clipsearch_error *err)
{
    clipsearch_status status = cs_session_options_read(own, options, function, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_options_read(image, own->image, function, err);
    own->image = image;
    return status;
}

clipsearch_status clipsearch_session_open(const clipsearch_encoder *encoder, const clipsearch_session_options *options,
                                          clipsearch_session **session, clipsearch_error *err)
{
    if (session)
        *session = NULL;
    if (!encoder || !session)
        return cs_fail_null(err, __func__, encoder, session);
    clipsearch_session_options own;
    clipsearch_image_options image;
    clipsearch_status status = read_session_options(&own, &image, options, __func__, err);
    return status == CLIPSEARCH_OK ? cs_session_open(encoder, &own, session, err) : status;
}

void clipsearch_session_close(clipsearch_session **session)
{
    if (session)
        cs_session_close(session);
}

clipsearch_status clipsearch_encode_texts(clipsearch_session *session, const char *const *texts, size_t count,
                                          float *vectors, clipsearch_error *err)
{
    if (!session || (count && (!texts || !vectors)))
        return cs_fail_null(err, __func__, session, texts, vectors);
    for (size_t i = 0; i < count; i++)
        if (!texts[i])
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: text %zu is NULL", __func__, i);
    return cs_session_encode_texts(session, texts, count, vectors, err);
}

size_t clipsearch_session_truncated(const clipsearch_session *session)
{
    return session ? session->truncated : 0;
}

clipsearch_status clipsearch_encode_images(clipsearch_session *session, const clipsearch_image *images, size_t count,
                                           float *vectors, clipsearch_error *err)
{
    if (!session || (count && (!images || !vectors)))
        return cs_fail_null(err, __func__, session, images, vectors);
    for (size_t i = 0; i < count; i++)
        if (!has_pixels(&images[i]))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: image %zu has no pixels", __func__, i);
    return cs_session_encode_images(session, images, count, vectors, err);
}

clipsearch_status clipsearch_encode_file(clipsearch_session *session, const char *path, float *vector,
                                         clipsearch_error *err)
{
    if (!session || !path || !vector)
        return cs_fail_null(err, __func__, session, path, vector);
    return cs_session_encode_file(session, path, vector, err);
}

clipsearch_status clipsearch_encoder_memory(const clipsearch_encoder *encoder,
                                            const clipsearch_session_options *options, clipsearch_memory *memory,
                                            clipsearch_error *err)
{
    if (!encoder || !memory)
        return cs_fail_null(err, __func__, encoder, memory);
    clipsearch_session_options own;
    clipsearch_image_options image;
    clipsearch_memory took = {0};
    clipsearch_status status = cs_struct_check(memory, &cs_memory_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = read_session_options(&own, &image, options, __func__, err);
    if (status == CLIPSEARCH_OK)
        status = cs_encoder_memory(encoder, &own, &took, err);
    cs_struct_write(memory, &took, &cs_memory_type);
    return status;
}

/* ---------------------------------------------------------------- labels */

clipsearch_status clipsearch_labels_open(clipsearch_session *session, const char *const *labels, size_t count,
                                         const clipsearch_labels_options *options, clipsearch_labels **opened,
                                         clipsearch_error *err)
{
    if (opened)
        *opened = NULL;
    if (!session || !opened || (count && !labels))
        return cs_fail_null(err, __func__, session, opened, labels);
    clipsearch_labels_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_labels_options_type, __func__, err);
    if (status == CLIPSEARCH_OK && own.template_count && !own.templates)
        return cs_fail_null(err, __func__, own.templates);
    return status == CLIPSEARCH_OK ? cs_labels_open(session, labels, count, &own, opened, err) : status;
}

void clipsearch_labels_close(clipsearch_labels **labels)
{
    if (labels)
        cs_labels_close(labels);
}

clipsearch_status clipsearch_labels_rank(const clipsearch_labels *labels, const float *vectors, size_t count, size_t k,
                                         clipsearch_label_score *best, clipsearch_error *err)
{
    if (!labels || (count && (!vectors || !best)))
        return cs_fail_null(err, __func__, labels, vectors, best);
    return cs_labels_rank(labels, vectors, count, k, best, err);
}

/* ---------------------------------------------------------------- model files */

clipsearch_status clipsearch_weights_walk(const char *path,
                                          bool (*each)(void *context, const clipsearch_tensor *tensor), void *context,
                                          clipsearch_weights_info *info, clipsearch_error *err)
{
    if (!path)
        return cs_fail_null(err, __func__, path);
    clipsearch_weights_info own = {0};
    clipsearch_status status = info ? cs_struct_check(info, &cs_weights_info_type, __func__, err) : CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_weights_walk(path, each, context, &own, err);
    if (info)
        cs_struct_write(info, &own, &cs_weights_info_type);
    return status;
}

clipsearch_status clipsearch_model_convert(const char *from, const char *to, const clipsearch_convert_options *options,
                                           clipsearch_convert_report *report, clipsearch_error *err)
{
    if (!from || !to)
        return cs_fail_null(err, __func__, from, to);
    clipsearch_convert_options own;
    clipsearch_convert_report done = {0};
    clipsearch_status status = report ? cs_struct_check(report, &cs_convert_report_type, __func__, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        status = cs_struct_read(&own, options, &cs_convert_options_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (own.towers & ~BOTH_TOWERS)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: towers is %#x; it must name one tower, both, or be 0", __func__,
                       own.towers);
    if (own.type != CLIPSEARCH_F32 && own.type != CLIPSEARCH_F16 && own.type != CLIPSEARCH_BF16 &&
        own.type != CLIPSEARCH_INT8 && own.type != CLIPSEARCH_BF16_PAIRS)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: there is no type of numbers %d", __func__, (int)own.type);
    status = cs_model_convert(from, to, &own, &done, err);
    if (report)
        cs_struct_write(report, &done, &cs_convert_report_type);
    return status;
}

clipsearch_status clipsearch_model_compile(const char *path, bool *written, clipsearch_error *err)
{
    bool own = false;
    if (!path)
        return cs_fail_null(err, __func__, path);
    clipsearch_status status = cs_model_compile(path, &own, err);
    if (written)
        *written = own;
    return status;
}
