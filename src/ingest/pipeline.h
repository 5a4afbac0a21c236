/* SPDX-License-Identifier: MIT
 * pipeline.h - threads that read, hash, decode and prepare picture files ahead of the one that encodes them. */
#ifndef CS_INGEST_PIPELINE_H
#define CS_INGEST_PIPELINE_H

#include "encode/image_reader.h"
#include "ingest/retry.h"

/* One file on its way. The caller fills the first part before submitting. */
typedef struct cs_job {
    size_t file; /* the caller's number for it */
    const char *path;
    bool read;    /* false: nothing is to be done, it only keeps its place in the row */
    bool has_row; /* the collection has this path, with the content row_hash, under row_id */
    int64_t row_id;
    uint8_t row_hash[32];
    uint32_t row_width, row_height;
    bool attributes_given, attributes_differ; /* the source says something of them; and not what the row says */
    cs_buf attributes;                        /* what is to be stored */
    /* filled by the pipeline, unless `read` was false */
    clipsearch_status status; /* and, when the caller set it, what the walk found */
    clipsearch_error error;
    cs_file_info info; /* of the bytes that were read */
    uint8_t hash[32];  /* of them */
    bool prepared;     /* pixels, width and height are there: not when the hash is row_hash or a known one */
    uint32_t width, height;
    float *pixels; /* [3, S, S] */
} cs_job;

typedef struct cs_pipeline_spec {
    unsigned threads;
    size_t capacity; /* jobs at once */
    const clipsearch_image_options *image;
    const cs_preprocess_config *preprocess;
    size_t pixels_each;    /* 3*S*S */
    const uint64_t *known; /* [known_count] ascending: cs_hash_key of content that need not be decoded */
    size_t known_count;
    bool hash_only;      /* never decode */
    cs_retries *retries; /* what a machine's error may still cost */
} cs_pipeline_spec;

typedef struct cs_pipeline cs_pipeline;

/* The first eight bytes of a content hash, to look for it quickly. */
uint64_t cs_hash_key(const uint8_t hash[32]);

/* Start the threads. What `spec` points at must live as long. One thread uses a pipeline: jobs come back in the order
 * they were submitted, whatever the threads do. */
clipsearch_status cs_pipeline_open(const cs_pipeline_spec *spec, cs_pipeline **pipeline, clipsearch_error *err);
/* Waits for the files in hand, drops the rest. */
void cs_pipeline_close(cs_pipeline **pipeline);

/* Fewer than `capacity` jobs are under way. */
bool cs_pipeline_has_room(const cs_pipeline *pipeline);
/* A job to fill; only with room. Its attributes buffer is empty and keeps its memory. */
cs_job *cs_pipeline_next(cs_pipeline *pipeline);
/* Send off what cs_pipeline_next gave. */
void cs_pipeline_submit(cs_pipeline *pipeline);
/* The oldest job, waiting until it is done; NULL when there is none. */
cs_job *cs_pipeline_wait(cs_pipeline *pipeline);
/* Give back what cs_pipeline_wait gave. */
void cs_pipeline_release(cs_pipeline *pipeline);

/* On the caller's thread: read again and prepare a job whose hash was thought to be known. Fills status and error. */
void cs_pipeline_prepare(cs_pipeline *pipeline, cs_job *job);

#endif
