/* SPDX-License-Identifier: MIT
 * short_calls.c - public functions that put together what a program often does in one step. */
#include "clipsearch.h"

#include "backend/backend.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "encode/encoder.h"
#include "encode/session.h"
#include "structs.h"

#include <stdio.h>

/* ---------------------------------------------------------------- searching */

static clipsearch_status ask_part(clipsearch_collection *collection, clipsearch_session *session,
                                  const clipsearch_part *part, size_t k, const clipsearch_search_options *options,
                                  clipsearch_hits **hits, clipsearch_error *err)
{
    clipsearch_question question;
    clipsearch_question_init(&question);
    question.parts = part;
    question.part_count = 1;
    return clipsearch_ask(collection, session, &question, 1, k, options, hits, err);
}

clipsearch_status clipsearch_search_text(clipsearch_collection *collection, clipsearch_session *session,
                                         const char *text, size_t k, const clipsearch_search_options *options,
                                         clipsearch_hits **hits, clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !session || !text || !hits)
        return cs_fail_null(err, __func__, collection, session, text, hits);
    clipsearch_part part;
    clipsearch_part_init(&part);
    part.text = text;
    return ask_part(collection, session, &part, k, options, hits, err);
}

/* Room for the vectors [count, dim] of the collection, when they are the session's to make. */
static clipsearch_status make_room(const clipsearch_collection *collection, const clipsearch_session *session,
                                   size_t count, float **vectors, clipsearch_error *err)
{
    const cs_encoder_identity identity = cs_encoder_identify(session->encoder);
    clipsearch_status status = cs_collection_check_encoder(collection, &identity, err);
    size_t floats;
    *vectors = NULL;
    if (status != CLIPSEARCH_OK)
        return status;
    if (!__builtin_mul_overflow(count, identity.dim, &floats))
        *vectors = cs_alloc_array(floats, sizeof **vectors);
    return *vectors ? CLIPSEARCH_OK : cs_fail_memory(err, "the vectors of the images");
}

clipsearch_status clipsearch_search_image(clipsearch_collection *collection, clipsearch_session *session,
                                          const clipsearch_image *image, size_t k,
                                          const clipsearch_search_options *options, clipsearch_hits **hits,
                                          clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !session || !image || !hits)
        return cs_fail_null(err, __func__, collection, session, image, hits);
    clipsearch_part part;
    clipsearch_part_init(&part);
    float *vector;
    clipsearch_status status = make_room(collection, session, 1, &vector, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_encode_images(session, image, 1, vector, err);
    part.vector = vector;
    if (status == CLIPSEARCH_OK)
        status = ask_part(collection, session, &part, k, options, hits, err);
    cs_free(vector);
    return status;
}

/* ---------------------------------------------------------------- storing */

clipsearch_status clipsearch_collection_put_encoded(clipsearch_collection *collection,
                                                    const clipsearch_encoder *encoder, const clipsearch_item *items,
                                                    const float *vectors, size_t count, int64_t *ids,
                                                    clipsearch_error *err)
{
    if (!collection || !encoder || (count && !vectors))
        return cs_fail_null(err, __func__, collection, encoder, vectors);
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    clipsearch_status status = cs_collection_check_encoder(collection, &identity, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_put_vectors(collection, items, vectors, count, identity.precisions, ids, err);
    return status;
}

/* The caller's items, or new ones without paths, with what is known of the images. The caller frees them. */
static clipsearch_item *copy_items(const clipsearch_item *items, size_t count)
{
    clipsearch_item *own = cs_zalloc_array(count, sizeof *own);
    for (size_t i = 0; own && items && i < count; i++)
        own[i] = items[i];
    return own;
}

clipsearch_status clipsearch_collection_put_images(clipsearch_collection *collection, clipsearch_session *session,
                                                   const clipsearch_item *items, const clipsearch_image *images,
                                                   size_t count, int64_t *ids, clipsearch_error *err)
{
    if (!collection || !session || (count && !images))
        return cs_fail_null(err, __func__, collection, session, images);
    float *vectors;
    clipsearch_status status = make_room(collection, session, count, &vectors, err);
    clipsearch_item *own = status == CLIPSEARCH_OK ? copy_items(items, count) : NULL;
    if (status == CLIPSEARCH_OK && !own)
        status = cs_fail_memory(err, "the items");
    if (status == CLIPSEARCH_OK)
        status = clipsearch_encode_images(session, images, count, vectors, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        own[i].width = images[i].width;
        own[i].height = images[i].height;
    }
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_put_encoded(collection, session->encoder, own, vectors, count, ids, err);
    cs_free(own);
    cs_free(vectors);
    return status;
}

/* Decode image file number `i`, and note in `item` what it is. */
static clipsearch_status read_bytes(clipsearch_item *item, const void *data, size_t size, size_t i,
                                    clipsearch_image *image, clipsearch_error *err)
{
    char number[40];
    snprintf(number, sizeof number, "image %zu", i);
    if (!data)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: its bytes are NULL", item->path ? item->path : number);
    clipsearch_status status = clipsearch_image_decode(data, size, item->path ? item->path : number, NULL, image, err);
    if (status == CLIPSEARCH_OK)
        status = cs_digest_of(CS_SHA256, data, size, item->hash, err);
    item->size = size;
    item->width = image->width;
    item->height = image->height;
    return status;
}

clipsearch_status clipsearch_collection_put_image_files(clipsearch_collection *collection, clipsearch_session *session,
                                                        const clipsearch_item *items, const void *const *files,
                                                        const size_t *sizes, size_t count, int64_t *ids,
                                                        clipsearch_error *err)
{
    if (!collection || !session || (count && (!files || !sizes)))
        return cs_fail_null(err, __func__, collection, session, files, sizes);
    float *vectors;
    clipsearch_status status = make_room(collection, session, count, &vectors, err);
    const size_t dim = cs_encoder_identify(session->encoder).dim, most = session->max_batch;
    clipsearch_item *own = status == CLIPSEARCH_OK ? copy_items(items, count) : NULL;
    clipsearch_image *images = status == CLIPSEARCH_OK ? cs_zalloc_array(most, sizeof *images) : NULL;
    if (status == CLIPSEARCH_OK && (!own || !images))
        status = cs_fail_memory(err, "the items");
    for (size_t done = 0, batch; done < count && status == CLIPSEARCH_OK; done += batch) {
        batch = count - done < most ? count - done : most; /* no more pixels at once than are encoded together */
        for (size_t i = 0; i < batch && status == CLIPSEARCH_OK; i++)
            status = read_bytes(&own[done + i], files[done + i], sizes[done + i], done + i, &images[i], err);
        if (status == CLIPSEARCH_OK)
            status = clipsearch_encode_images(session, images, batch, vectors + done * dim, err);
        for (size_t i = 0; i < batch; i++)
            clipsearch_image_free(&images[i]);
    }
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_put_encoded(collection, session->encoder, own, vectors, count, ids, err);
    cs_free(images);
    cs_free(own);
    cs_free(vectors);
    return status;
}

clipsearch_status clipsearch_ingest_path(clipsearch_collection *collection, clipsearch_session *session,
                                         const char *path, clipsearch_ingest_report *report, clipsearch_error *err)
{
    if (!collection || !session || !path)
        return cs_fail_null(err, __func__, collection, session, path);
    clipsearch_source source;
    clipsearch_source_init(&source);
    source.path = path;
    clipsearch_ingest_options options;
    clipsearch_ingest_options_init(&options);
    options.sources = &source;
    options.source_count = 1;
    return clipsearch_ingest(collection, session, &options, report, err);
}
