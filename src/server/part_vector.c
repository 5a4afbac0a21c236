/* SPDX-License-Identifier: MIT
 * part_vector.c - texts and images of requests to vectors. */
#include "server/part_vector.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "server/site.h"

clipsearch_status cs_text_vector(cs_request *request, cs_encode_pool *pool, const char *text, float *vector,
                                 clipsearch_error *err)
{
    const double start = cs_clock_ms();
    clipsearch_status status;
    if (!(cs_encode_pool_info(pool)->towers & CLIPSEARCH_TEXT_TOWER))
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                         "the model %s encodes images only; search by an image, not by a text",
                         cs_encode_pool_info(pool)->name);
    else if (cs_is_blank_text(text))
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a text is empty");
    else
        status = cs_encode_pool_text(pool, text, vector, err);
    request->step_ms[CS_STEP_ENCODE] += cs_clock_ms() - start;
    return status;
}

/* A region of an image: the library cuts it out, which it does within a question. */
static clipsearch_status region_vector(cs_request *request, cs_encode_pool *pool, clipsearch_collection *collection,
                                       const cs_upload *upload, float *vector, clipsearch_error *err)
{
    const clipsearch_region region = {.x = upload->crop[0],
                                      .y = upload->crop[1],
                                      .width = upload->crop[2],
                                      .height = upload->crop[3],
                                      .percent = true};
    clipsearch_part part;
    clipsearch_question question;
    clipsearch_part_init(&part);
    part.path = upload->path;
    part.image = upload->bytes;
    part.image_size = upload->size;
    part.region = &region;
    clipsearch_question_init(&question);
    question.parts = &part;
    question.part_count = 1;
    question.name = "the image";
    clipsearch_session *session = cs_encode_pool_borrow(pool);
    const double start = cs_clock_ms();
    clipsearch_status status = clipsearch_question_vectors(collection, session, &question, 1, vector, err);
    request->step_ms[CS_STEP_ENCODE] += cs_clock_ms() - start;
    cs_encode_pool_return(pool, session);
    return status;
}

clipsearch_status cs_upload_vector(cs_request *request, cs_encode_pool *pool, clipsearch_collection *collection,
                                   const cs_upload *upload, float *vector, clipsearch_error *err)
{
    clipsearch_image image = {0};
    clipsearch_image_options options;
    if (!(cs_encode_pool_info(pool)->towers & CLIPSEARCH_IMAGE_TOWER))
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "the model %s encodes no images",
                       cs_encode_pool_info(pool)->name);
    if (upload->crop)
        return region_vector(request, pool, collection, upload, vector, err);
    clipsearch_image_options_init(&options);
    options.max_pixels = request->server->options.max_pixels;
    const double start = cs_clock_ms();
    clipsearch_status status =
        upload->bytes ? clipsearch_image_decode(upload->bytes, upload->size, upload->path, &options, &image, err)
                      : clipsearch_image_load(upload->path, &options, &image, err);
    const double decoded = cs_clock_ms();
    request->step_ms[CS_STEP_DECODE] += decoded - start;
    if (status == CLIPSEARCH_OK)
        status = cs_encode_pool_image(pool, &image, vector, err);
    request->step_ms[CS_STEP_ENCODE] += cs_clock_ms() - decoded;
    clipsearch_image_free(&image);
    return status;
}
