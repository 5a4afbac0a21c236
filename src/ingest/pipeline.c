/* SPDX-License-Identifier: MIT
 * pipeline.c - a ring of files. Threads take them in order and finish in any; the caller gets them back in order. */
#include "ingest/pipeline.h"

#include "base/mem.h"
#include "base/digest.h"
#include "ingest/sidecar.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

typedef struct slot {
    cs_decoded_file file;
    cs_buf metadata; /* what file.metadata points to */
    bool has_sidecar, has_known_hash;
    uint8_t known_hash[32];
    bool done; /* guarded by the lock */
} slot;

typedef struct decoder {
    cs_pipeline *pipeline;
    pthread_t thread;
    cs_image_reader reader;
    cs_metadata metadata;
    cs_buf sidecar; /* the file of XMP beside the image */
} decoder;

struct cs_pipeline {
    cs_pipeline_spec spec;
    slot *slots;       /* [capacity] */
    float *pixels;     /* [capacity, 3, S, S] */
    decoder *decoders; /* [threads + 1]; the last has no thread and serves cs_pipeline_prepare_oldest */
    unsigned started;
    pthread_mutex_t lock;
    pthread_cond_t submitted, finished;
    bool stop;
    /* numbers of files, which only grow: released <= taken <= filled <= released + capacity */
    uint64_t released, taken, filled;
};

static bool is_known(const cs_pipeline_spec *spec, const slot *at)
{
    const uint8_t *hash = at->file.hash;
    return (at->has_known_hash && memcmp(hash, at->known_hash, sizeof at->known_hash) == 0) ||
           cs_content_keys_has(spec->known, hash);
}

/* Read the image, and the file of XMP beside it. */
static clipsearch_status read_files(decoder *self, cs_decoded_file *file, bool sidecar)
{
    int64_t ctime_ns = 0;
    clipsearch_status status = cs_image_reader_read(&self->reader, file->path, &file->info, &file->error);
    cs_buf_clear(&self->sidecar);
    if (status == CLIPSEARCH_OK && sidecar)
        status = cs_sidecar_read(file->path, &self->sidecar, &ctime_ns, &file->error);
    if (status == CLIPSEARCH_OK && ctime_ns)
        file->info.ctime_ns = cs_sidecar_time(file->info.ctime_ns, ctime_ns);
    return status;
}

/* always: decode it even if its content is known. */
static void process(decoder *self, slot *at, bool always)
{
    const cs_pipeline_spec *spec = &self->pipeline->spec;
    cs_decoded_file *file = &at->file;
    unsigned tries = 0;
    file->prepared = false;
    do
        file->status = read_files(self, file, at->has_sidecar);
    while (file->status != CLIPSEARCH_OK && cs_retry(spec->retries, ++tries, &file->error));
    if (file->status != CLIPSEARCH_OK)
        return;
    const cs_buf *bytes = &self->reader.file;
    file->status = cs_digest_of(CS_SHA256, bytes->data, bytes->len, file->hash, &file->error);
    const cs_metadata_file image = {bytes->data, bytes->len},
                           sidecar = {self->sidecar.len ? self->sidecar.data : NULL, self->sidecar.len};
    if (file->status == CLIPSEARCH_OK)
        file->status = cs_metadata_read(&self->metadata, image, sidecar, spec->metadata, &at->metadata, &file->error);
    if (file->status != CLIPSEARCH_OK)
        return;
    file->metadata = at->metadata.data;
    if (!always && is_known(spec, at))
        return;
    file->status = cs_image_reader_prepare(&self->reader, file->path, spec->preprocess, file->pixels, &file->error);
    file->prepared = file->status == CLIPSEARCH_OK;
    file->width = self->reader.width;
    file->height = self->reader.height;
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
        if (mine->file.path) {
            pthread_mutex_unlock(&p->lock);
            process(self, mine, false);
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
    bool fits = !__builtin_mul_overflow(spec->capacity, spec->pixels_each, &floats);
    p->slots = cs_zalloc_array(spec->capacity, sizeof *p->slots);
    p->pixels = fits ? cs_alloc_aligned(floats, sizeof *p->pixels) : NULL;
    p->decoders = cs_zalloc_array((size_t)spec->threads + 1, sizeof *p->decoders);
    if (!p->slots || !p->pixels || !p->decoders) {
        cs_pipeline_close(&p);
        return cs_fail_memory(err, "decoding threads");
    }
    for (size_t i = 0; i < spec->capacity; i++) {
        p->slots[i].file.pixels = p->pixels + i * spec->pixels_each;
        p->slots[i].metadata = cs_buf_make(SIZE_MAX / 2);
    }
    for (unsigned i = 0; i <= spec->threads; i++)
        p->decoders[i] = (decoder){
            .pipeline = p, .reader = cs_image_reader_make(spec->image), .sidecar = cs_buf_make(CS_XMP_MAX_PACKET)};
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
    for (unsigned i = 0; p->decoders && i <= p->spec.threads; i++) {
        cs_image_reader_free(&p->decoders[i].reader);
        cs_metadata_free(&p->decoders[i].metadata);
        cs_buf_free(&p->decoders[i].sidecar);
    }
    for (size_t i = 0; p->slots && i < p->spec.capacity; i++)
        cs_buf_free(&p->slots[i].metadata);
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

void cs_pipeline_submit(cs_pipeline *p, const char *path, bool sidecar, const uint8_t *known_hash)
{
    slot *at = &p->slots[p->filled % p->spec.capacity];
    *at = (slot){.file = {.path = path, .pixels = at->file.pixels},
                 .metadata = at->metadata,
                 .has_sidecar = sidecar,
                 .has_known_hash = known_hash != NULL};
    if (known_hash)
        memcpy(at->known_hash, known_hash, sizeof at->known_hash);
    pthread_mutex_lock(&p->lock);
    p->filled++;
    pthread_cond_signal(&p->submitted);
    pthread_mutex_unlock(&p->lock);
}

const cs_decoded_file *cs_pipeline_wait(cs_pipeline *p)
{
    if (p->released == p->filled)
        return NULL;
    slot *oldest = &p->slots[p->released % p->spec.capacity];
    pthread_mutex_lock(&p->lock);
    while (!oldest->done)
        pthread_cond_wait(&p->finished, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return &oldest->file;
}

const cs_decoded_file *cs_pipeline_peek(cs_pipeline *p, size_t i)
{
    if (i >= p->filled - p->released)
        return NULL;
    const slot *at = &p->slots[(p->released + i) % p->spec.capacity];
    pthread_mutex_lock(&p->lock);
    bool done = at->done;
    pthread_mutex_unlock(&p->lock);
    return done ? &at->file : NULL;
}

void cs_pipeline_release(cs_pipeline *p)
{
    p->released++;
}

void cs_pipeline_prepare_oldest(cs_pipeline *p)
{
    process(&p->decoders[p->spec.threads], &p->slots[p->released % p->spec.capacity], true);
}
