/* SPDX-License-Identifier: MIT
 * encode_pool.c - whoever finds a session free encodes what waits, its own item among it or not. No thread is needed
 * for that, and a lone request waits for nobody. */
#include "server/encode_pool.h"

#include "base/mem.h"

#include <pthread.h>
#include <string.h>

/* Items that are encoded together at most: a batch's first item waits for its last. */
enum { MOST_TOGETHER = 32, MOST_SESSIONS = 64 };

/* Something that waits to be encoded; on the stack of the thread that wants it. */
typedef struct job {
    const char *text; /* or: */
    const clipsearch_image *image;
    float *vector; /* [dim] */
    clipsearch_status status;
    clipsearch_error err;
    bool taken, done;
    struct job *next;
} job;

struct cs_encode_pool {
    clipsearch_encoder *encoder;
    clipsearch_encoder_info info;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a session is free, or a batch is done */
    clipsearch_session *sessions[MOST_SESSIONS];
    size_t session_count, free_count; /* the first free_count of `sessions` are free */
    job *first, **last;
    uint64_t items, batches;
};

static clipsearch_status open_sessions(cs_encode_pool *pool, size_t count, unsigned threads, uint64_t max_pixels,
                                       clipsearch_error *err)
{
    clipsearch_session_options options;
    clipsearch_image_options image;
    clipsearch_session_options_init(&options);
    clipsearch_image_options_init(&image);
    image.max_pixels = max_pixels;
    options.image = &image;
    options.threads = threads;
    options.max_batch = MOST_TOGETHER;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && i < MOST_SESSIONS && status == CLIPSEARCH_OK; i++) {
        status = clipsearch_session_open(pool->encoder, &options, &pool->sessions[i], err);
        pool->session_count += status == CLIPSEARCH_OK;
    }
    pool->free_count = pool->session_count;
    return status;
}

clipsearch_status cs_encode_pool_open(clipsearch_encoder *encoder, size_t sessions, unsigned threads,
                                      uint64_t max_pixels, cs_encode_pool **opened, clipsearch_error *err)
{
    cs_encode_pool *pool = cs_zalloc_array(1, sizeof *pool);
    *opened = NULL;
    if (!pool) {
        clipsearch_encoder_close(&encoder);
        return cs_fail_memory(err, "an encoder");
    }
    pool->encoder = encoder;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    clipsearch_encoder_info_init(&pool->info);
    clipsearch_status status = clipsearch_encoder_describe(encoder, &pool->info, err);
    if (status == CLIPSEARCH_OK)
        status = open_sessions(pool, sessions ? sessions : 1, threads, max_pixels, err);
    *opened = pool;
    if (status != CLIPSEARCH_OK)
        cs_encode_pool_close(opened);
    return status;
}

void cs_encode_pool_close(cs_encode_pool **opened)
{
    cs_encode_pool *pool = *opened;
    if (!pool)
        return;
    for (size_t i = 0; i < pool->session_count; i++)
        clipsearch_session_close(&pool->sessions[i]);
    clipsearch_encoder_close(&pool->encoder);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    cs_free(pool);
    *opened = NULL;
}

const clipsearch_encoder_info *cs_encode_pool_info(const cs_encode_pool *pool)
{
    return &pool->info;
}

const clipsearch_encoder *cs_encode_pool_encoder(const cs_encode_pool *pool)
{
    return pool->encoder;
}

/* Take from the jobs that wait those of the first one's kind. */
static size_t take_batch(cs_encode_pool *pool, job *batch[MOST_TOGETHER])
{
    size_t count = 0;
    const bool texts = pool->first->text != NULL;
    for (job **at = &pool->first; *at && count < MOST_TOGETHER;) {
        job *each = *at;
        if ((each->text != NULL) != texts) {
            at = &each->next;
            continue;
        }
        each->taken = true;
        batch[count++] = each;
        *at = each->next;
    }
    pool->last = &pool->first;
    while (*pool->last)
        pool->last = &(*pool->last)->next;
    return count;
}

static void run_batch(const cs_encode_pool *pool, clipsearch_session *session, job *const *batch, size_t count)
{
    const size_t dim = pool->info.dim;
    const char *texts[MOST_TOGETHER];
    clipsearch_image images[MOST_TOGETHER];
    clipsearch_error err;
    float *vectors = cs_alloc_array(count, dim * sizeof *vectors);
    clipsearch_status status = vectors ? CLIPSEARCH_OK : cs_fail_memory(&err, "vectors");
    for (size_t i = 0; i < count; i++) {
        texts[i] = batch[i]->text;
        if (batch[i]->image)
            images[i] = *batch[i]->image;
    }
    if (status == CLIPSEARCH_OK)
        status = batch[0]->text ? clipsearch_encode_texts(session, texts, count, vectors, &err)
                                : clipsearch_encode_images(session, images, count, vectors, &err);
    for (size_t i = 0; i < count; i++) {
        batch[i]->status = status;
        if (status == CLIPSEARCH_OK)
            memcpy(batch[i]->vector, vectors + i * dim, dim * sizeof *vectors);
        else
            batch[i]->err = err;
    }
    cs_free(vectors);
}

/* Encode what waits, with the free session on top. Called and left with the lock. */
static void lead(cs_encode_pool *pool)
{
    job *batch[MOST_TOGETHER];
    const size_t count = take_batch(pool, batch);
    clipsearch_session *session = pool->sessions[--pool->free_count];
    pthread_mutex_unlock(&pool->lock);
    run_batch(pool, session, batch, count);
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < count; i++)
        batch[i]->done = true;
    pool->items += count;
    pool->batches++;
    pool->sessions[pool->free_count++] = session;
    pthread_cond_broadcast(&pool->changed);
}

static clipsearch_status encode(cs_encode_pool *pool, job *own, clipsearch_error *err)
{
    pthread_mutex_lock(&pool->lock);
    *pool->last = own;
    pool->last = &own->next;
    while (!own->done) {
        if (!own->taken && pool->free_count)
            lead(pool);
        else
            pthread_cond_wait(&pool->changed, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    if (own->status != CLIPSEARCH_OK && err)
        *err = own->err;
    return own->status;
}

clipsearch_status cs_encode_pool_text(cs_encode_pool *pool, const char *text, float *vector, clipsearch_error *err)
{
    job own = {.text = text, .vector = vector};
    return encode(pool, &own, err);
}

clipsearch_status cs_encode_pool_image(cs_encode_pool *pool, const clipsearch_image *image, float *vector,
                                       clipsearch_error *err)
{
    job own = {.image = image, .vector = vector};
    return encode(pool, &own, err);
}

clipsearch_session *cs_encode_pool_borrow(cs_encode_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (!pool->free_count)
        pthread_cond_wait(&pool->changed, &pool->lock);
    clipsearch_session *session = pool->sessions[--pool->free_count];
    pthread_mutex_unlock(&pool->lock);
    return session;
}

void cs_encode_pool_return(cs_encode_pool *pool, clipsearch_session *session)
{
    pthread_mutex_lock(&pool->lock);
    pool->sessions[pool->free_count++] = session;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
}

void cs_encode_pool_counts(cs_encode_pool *pool, uint64_t *items, uint64_t *batches)
{
    pthread_mutex_lock(&pool->lock);
    *items = pool->items;
    *batches = pool->batches;
    pthread_mutex_unlock(&pool->lock);
}
