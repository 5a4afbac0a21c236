/* SPDX-License-Identifier: MIT
 * pipeline.c - a ring of jobs. Threads take them in order and finish in any; the caller gets them back in order. */
#include "ingest/pipeline.h"

#include "base/mem.h"
#include "base/digest.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ATTRIBUTES = 1 << 30 }; /* bytes; what a row may hold is checked where it is written */

typedef struct slot {
    cs_job job;
    bool done; /* guarded by the lock */
} slot;

typedef struct decoder {
    cs_pipeline *pipeline;
    pthread_t thread;
    cs_image_reader reader;
} decoder;

struct cs_pipeline {
    cs_pipeline_spec spec;
    slot *slots;       /* [capacity] */
    float *pixels;     /* [capacity, 3, S, S] */
    decoder *decoders; /* [threads + 1]; the last has no thread and serves cs_pipeline_prepare */
    unsigned started;
    pthread_mutex_t lock;
    pthread_cond_t submitted, finished;
    bool stop;
    /* job numbers, which only grow: released <= taken <= filled <= released + capacity */
    uint64_t released, taken, filled;
};

uint64_t cs_hash_key(const uint8_t hash[32])
{
    uint64_t key = 0;
    for (int i = 0; i < 8; i++)
        key = key << 8 | hash[i];
    return key;
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool is_known(const cs_pipeline_spec *spec, const cs_job *job)
{
    if (job->has_row && memcmp(job->hash, job->row_hash, sizeof job->hash) == 0)
        return true;
    uint64_t key = cs_hash_key(job->hash);
    return spec->known_count && bsearch(&key, spec->known, spec->known_count, sizeof key, compare_keys);
}

static void process(decoder *self, cs_job *job, bool always)
{
    const cs_pipeline_spec *spec = &self->pipeline->spec;
    job->prepared = false;
    unsigned tries = 0;
    do
        job->status = cs_image_reader_read(&self->reader, job->path, &job->info, &job->error);
    while (job->status != CLIPSEARCH_OK && cs_retry(spec->retries, ++tries, &job->error));
    if (job->status != CLIPSEARCH_OK)
        return;
    job->status = cs_digest_of(CS_SHA256, self->reader.file.data, self->reader.file.len, job->hash, &job->error);
    if (job->status != CLIPSEARCH_OK)
        return;
    if (spec->hash_only || (!always && is_known(spec, job)))
        return;
    job->status = cs_image_reader_prepare(&self->reader, job->path, spec->preprocess, job->pixels, &job->error);
    job->prepared = job->status == CLIPSEARCH_OK;
    job->width = self->reader.width;
    job->height = self->reader.height;
}

static void *decoder_main(void *argument)
{
    decoder *self = argument;
    cs_pipeline *p = self->pipeline;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->taken == p->filled && !p->stop)
            pthread_cond_wait(&p->submitted, &p->lock);
        if (p->stop)
            break;
        slot *mine = &p->slots[p->taken++ % p->spec.capacity];
        if (mine->job.read) {
            pthread_mutex_unlock(&p->lock);
            process(self, &mine->job, false);
            pthread_mutex_lock(&p->lock);
        }
        mine->done = true;
        pthread_cond_signal(&p->finished); /* only the caller waits for it */
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Signals belong to the program: our threads block them all, so a handler runs on one of the program's own. */
static int start_threads(cs_pipeline *p)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = 0;
    while (p->started < p->spec.threads && !failed) {
        decoder *next = &p->decoders[p->started];
        failed = pthread_create(&next->thread, NULL, decoder_main, next);
        p->started += !failed;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

clipsearch_status cs_pipeline_open(const cs_pipeline_spec *spec, cs_pipeline **out, clipsearch_error *err)
{
    *out = NULL;
    cs_pipeline *p = cs_zalloc_array(1, sizeof *p);
    if (!p)
        return cs_fail_memory(err, "decoding threads");
    p->spec = *spec;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->submitted, NULL);
    pthread_cond_init(&p->finished, NULL);
    size_t floats = 0;
    bool fits = spec->hash_only || !__builtin_mul_overflow(spec->capacity, spec->pixels_each, &floats);
    p->slots = cs_zalloc_array(spec->capacity, sizeof *p->slots);
    p->pixels = fits ? cs_alloc_aligned(floats, sizeof *p->pixels) : NULL;
    p->decoders = cs_zalloc_array((size_t)spec->threads + 1, sizeof *p->decoders);
    if (!p->slots || !p->pixels || !p->decoders) {
        cs_pipeline_close(&p);
        return cs_fail_memory(err, "decoding threads");
    }
    for (size_t i = 0; i < spec->capacity; i++) {
        p->slots[i].job.attributes = cs_buf_make(MAX_ATTRIBUTES);
        p->slots[i].job.pixels = spec->hash_only ? NULL : p->pixels + i * spec->pixels_each;
    }
    for (unsigned i = 0; i <= spec->threads; i++)
        p->decoders[i] = (decoder){.pipeline = p, .reader = cs_image_reader_make(spec->image)};
    int failed = start_threads(p);
    if (failed) {
        cs_pipeline_close(&p);
        return cs_fail_errno(err, CLIPSEARCH_E_MEMORY, failed, "cannot start %u decoding threads", spec->threads);
    }
    *out = p;
    return CLIPSEARCH_OK;
}

void cs_pipeline_close(cs_pipeline **handle)
{
    cs_pipeline *p = *handle;
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->submitted);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->started; i++)
        pthread_join(p->decoders[i].thread, NULL);
    for (unsigned i = 0; p->decoders && i <= p->spec.threads; i++)
        cs_image_reader_free(&p->decoders[i].reader);
    for (size_t i = 0; p->slots && i < p->spec.capacity; i++)
        cs_buf_free(&p->slots[i].job.attributes);
    pthread_cond_destroy(&p->finished);
    pthread_cond_destroy(&p->submitted);
    pthread_mutex_destroy(&p->lock);
    cs_free(p->decoders);
    cs_free(p->pixels);
    cs_free(p->slots);
    cs_free(p);
    *handle = NULL;
}

bool cs_pipeline_has_room(const cs_pipeline *p)
{
    /* released and filled change on this thread only, so no lock is needed to read them */
    return p->filled - p->released < p->spec.capacity;
}

cs_job *cs_pipeline_next(cs_pipeline *p)
{
    cs_job *job = &p->slots[p->filled % p->spec.capacity].job;
    *job = (cs_job){.attributes = job->attributes, .pixels = job->pixels};
    cs_buf_clear(&job->attributes);
    return job;
}

void cs_pipeline_submit(cs_pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    p->slots[p->filled % p->spec.capacity].done = false;
    p->filled++;
    pthread_cond_signal(&p->submitted);
    pthread_mutex_unlock(&p->lock);
}

cs_job *cs_pipeline_wait(cs_pipeline *p)
{
    if (p->released == p->filled)
        return NULL;
    slot *oldest = &p->slots[p->released % p->spec.capacity];
    pthread_mutex_lock(&p->lock);
    while (!oldest->done)
        pthread_cond_wait(&p->finished, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return &oldest->job;
}

void cs_pipeline_release(cs_pipeline *p)
{
    p->released++;
}

void cs_pipeline_prepare(cs_pipeline *p, cs_job *job)
{
    process(&p->decoders[p->spec.threads], job, true);
}
