/* SPDX-License-Identifier: MIT
 * session.c - encoding texts and images. */
#include "encode/session.h"

#include "base/limits.h"
#include "base/mem.h"
#include "encode/plain_image.h"

#include <string.h>

enum {
    TOKENS_PER_TEXT = 16 /* room for texts of the usual length; a batch of longer ones is split */
};

/* What went wrong with an image of a batch, as one thread saw it. */
struct cs_session_fault {
    size_t item; /* SIZE_MAX: nothing */
    clipsearch_error error;
};

static clipsearch_status open_images(clipsearch_session *s, const clipsearch_image_options *options, unsigned threads,
                                     clipsearch_error *err)
{
    size_t side = cs_model_preprocess(&s->encoder->dir)->crop;
    s->pixels_each = 3 * side * side; /* side <= CS_MAX_IMAGE */
    size_t all;
    if (__builtin_mul_overflow(s->max_batch, s->pixels_each, &all))
        return cs_fail_memory(err, "a session's pixels");
    s->pixels = cs_alloc_aligned(all, sizeof *s->pixels);
    s->readers = cs_zalloc_array(threads, sizeof *s->readers);
    s->faults = cs_zalloc_array(threads, sizeof *s->faults);
    if (!s->pixels || !s->readers || !s->faults)
        return cs_fail_memory(err, "a session's pixels");
    s->bytes += all * sizeof *s->pixels;
    for (unsigned i = 0; i < threads; i++)
        s->readers[i] = cs_image_reader_make(options);
    return CLIPSEARCH_OK;
}

static clipsearch_status open_texts(clipsearch_session *s, clipsearch_error *err)
{
    size_t context = s->encoder->dir.config.context_length;
    s->max_tokens = s->max_batch * TOKENS_PER_TEXT; /* max_batch <= CS_MAX_BATCH */
    if (s->max_tokens < context)
        s->max_tokens = context;
    s->ids = cs_alloc_array(s->max_tokens + context, sizeof *s->ids);
    s->lengths = cs_alloc_array(s->max_batch, sizeof *s->lengths);
    s->bytes += (s->max_tokens + context) * sizeof *s->ids + s->max_batch * sizeof *s->lengths;
    return s->ids && s->lengths ? CLIPSEARCH_OK : cs_fail_memory(err, "a session's tokens");
}

/* One block serves both towers, because only one runs at a time. */
static clipsearch_status open_scratch(clipsearch_session *s, unsigned threads, clipsearch_error *err)
{
    const clipsearch_encoder *encoder = s->encoder;
    size_t images = 0, texts = 0;
    if (encoder->image && !(images = cs_image_tower_scratch(encoder->image, s->max_batch, threads)))
        return cs_fail_memory(err, "a session's scratch");
    if (encoder->text && !(texts = cs_text_tower_scratch(encoder->text, s->max_batch, s->max_tokens, threads)))
        return cs_fail_memory(err, "a session's scratch");
    s->scratch = cs_alloc_aligned(images > texts ? images : texts, 1);
    s->bytes += images > texts ? images : texts;
    return s->scratch ? CLIPSEARCH_OK : cs_fail_memory(err, "a session's scratch");
}

clipsearch_status cs_session_open(const clipsearch_encoder *encoder, const clipsearch_session_options *options,
                                  clipsearch_session **out, clipsearch_error *err)
{
    *out = NULL;
    if (options->max_batch == 0 || options->max_batch > CS_MAX_BATCH)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "max_batch is %zu; 1 to %d are allowed", options->max_batch,
                       (int)CS_MAX_BATCH);
    if (options->threads > CS_MAX_THREADS)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "threads is %u; 0 to %d are allowed", options->threads,
                       (int)CS_MAX_THREADS);
    clipsearch_session *s = cs_zalloc_array(1, sizeof *s);
    if (!s)
        return cs_fail_memory(err, "a session");
    s->encoder = s->shared = cs_encoder_share(encoder);
    s->overflow = options->overflow;
    s->max_batch = options->max_batch;
    clipsearch_status status = cs_pool_open(options->threads, &s->pool, err);
    unsigned threads = cs_pool_threads(s->pool);
    if (status == CLIPSEARCH_OK && encoder->image)
        status = open_images(s, options->image, threads, err);
    if (status == CLIPSEARCH_OK && encoder->text)
        status = open_texts(s, err);
    if (status == CLIPSEARCH_OK)
        status = open_scratch(s, threads, err);
    if (status != CLIPSEARCH_OK)
        cs_session_close(&s);
    *out = s;
    return status;
}

void cs_session_close(clipsearch_session **handle)
{
    clipsearch_session *s = *handle;
    if (!s)
        return;
    for (unsigned i = 0; s->readers && i < cs_pool_threads(s->pool); i++)
        cs_image_reader_free(&s->readers[i]);
    cs_free(s->readers);
    cs_free(s->faults);
    cs_free(s->pixels);
    cs_free(s->ids);
    cs_free(s->lengths);
    cs_free(s->scratch);
    cs_pool_close(&s->pool);
    cs_encoder_close(&s->shared);
    cs_free(s);
    *handle = NULL;
}

/* ---- texts ---- */

clipsearch_status cs_session_encode_texts(clipsearch_session *s, const char *const *texts, size_t count, float *vectors,
                                          clipsearch_error *err)
{
    const clipsearch_encoder *encoder = s->encoder;
    if (!encoder->text)
        return cs_encoder_refuse_texts(encoder, err);
    size_t dim = encoder->dir.config.dim, waiting = 0, tokens = 0;
    s->truncated = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length, size = strlen(texts[i]);
        bool truncated = false;
        clipsearch_status status =
            s->overflow == CLIPSEARCH_REFUSE
                ? cs_tokenizer_encode(encoder->tokenizer, texts[i], size, true, s->ids + tokens, &length, err)
                : cs_tokenizer_truncate(encoder->tokenizer, texts[i], size, s->ids + tokens, &length, &truncated, err);
        if (status != CLIPSEARCH_OK)
            return status;
        s->truncated += truncated;
        if (waiting == s->max_batch || tokens + length > s->max_tokens) {
            cs_text_tower_forward(encoder->text, s->ids, s->lengths, waiting, s->scratch, s->pool, NULL, vectors);
            memmove(s->ids, s->ids + tokens, length * sizeof *s->ids);
            vectors += waiting * dim;
            waiting = tokens = 0;
        }
        s->lengths[waiting++] = length;
        tokens += length;
    }
    if (waiting)
        cs_text_tower_forward(encoder->text, s->ids, s->lengths, waiting, s->scratch, s->pool, NULL, vectors);
    return CLIPSEARCH_OK;
}

/* ---- images ---- */

clipsearch_status cs_session_check_image_tower(const clipsearch_session *s, clipsearch_error *err)
{
    if (s->encoder->image)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the encoder %s was opened without its image tower", s->encoder->name);
}

void cs_session_forward(clipsearch_session *s, size_t count, float *vectors)
{
    cs_image_tower_forward(s->encoder->image, s->pixels, count, s->scratch, s->pool, NULL, vectors);
}

typedef struct prepare_job {
    clipsearch_session *session;
    const clipsearch_image *images;
} prepare_job;

static void prepare_one(void *context, size_t item, unsigned worker)
{
    const prepare_job *job = context;
    clipsearch_session *s = job->session;
    cs_session_fault *fault = &s->faults[worker];
    clipsearch_error err;
    if (cs_preprocess(&s->readers[worker].preprocessor, cs_model_preprocess(&s->encoder->dir), &job->images[item], 1,
                      s->pixels + item * s->pixels_each, &err) != CLIPSEARCH_OK &&
        item < fault->item)
        *fault = (cs_session_fault){item, err};
}

clipsearch_status cs_session_encode_images(clipsearch_session *s, const clipsearch_image *images, size_t count,
                                           float *vectors, clipsearch_error *err)
{
    clipsearch_status status = cs_session_check_image_tower(s, err);
    if (status != CLIPSEARCH_OK)
        return status;
    unsigned threads = cs_pool_threads(s->pool);
    size_t dim = cs_model_dim(&s->encoder->dir);
    for (size_t done = 0; done < count;) {
        size_t n = count - done < s->max_batch ? count - done : s->max_batch;
        for (unsigned i = 0; i < threads; i++)
            s->faults[i].item = SIZE_MAX;
        prepare_job job = {s, images + done};
        cs_pool_run(s->pool, n, prepare_one, &job);
        const cs_session_fault *first =
            &s->faults[0]; /* the first in the batch, so that it does not depend on the threads */
        for (unsigned i = 1; i < threads; i++)
            if (s->faults[i].item < first->item)
                first = &s->faults[i];
        if (first->item != SIZE_MAX)
            return cs_fail(err, first->error.code, "image %zu: %s", done + first->item, first->error.message);
        cs_session_forward(s, n, vectors + done * dim);
        done += n;
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_session_encode_file(clipsearch_session *s, const char *path, float *vector, clipsearch_error *err)
{
    clipsearch_status status = cs_session_check_image_tower(s, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_image_reader *reader = &s->readers[0];
    status = cs_image_reader_read(reader, path, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_reader_prepare(reader, path, cs_model_preprocess(&s->encoder->dir), s->pixels, err);
    if (status == CLIPSEARCH_OK)
        cs_session_forward(s, 1, vector);
    return status;
}
