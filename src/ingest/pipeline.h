/* SPDX-License-Identifier: MIT
 * pipeline.h - threads that read, hash, decode and preprocess image files ahead of the thread that encodes them. */
#ifndef CS_INGEST_PIPELINE_H
#define CS_INGEST_PIPELINE_H

#include "encode/image_reader.h"
#include "ingest/contents.h"
#include "ingest/retry.h"
#include "metadata/metadata.h"

/* A file that has been through the pipeline. */
typedef struct cs_decoded_file {
    const char *path; /* NULL: submitted without a file, all below is empty */
    clipsearch_status status;
    clipsearch_error error; /* unless status is CLIPSEARCH_OK */
    cs_file_info info;      /* of the bytes that were read; ctime_ns: as in walk.h */
    uint8_t hash[32];       /* SHA-256 of them */
    const char *metadata;   /* what they say of the image, as metadata.h writes it; valid until the file is released */
    bool prepared;          /* width, height and pixels are filled: its content was not known */
    uint32_t width, height; /* of the image */
    float *pixels;          /* [3, S, S] */
} cs_decoded_file;

typedef struct cs_pipeline_spec {
    unsigned threads;
    size_t capacity; /* files at once */
    const clipsearch_image_options *image;
    const cs_preprocess_config *preprocess;
    size_t pixels_each;           /* 3*S*S */
    const cs_content_keys *known; /* contents that need not be decoded */
    uint32_t metadata;            /* the fields of it that are wanted */
    cs_retries *retries;          /* what a machine's error may still cost */
} cs_pipeline_spec;

typedef struct cs_pipeline cs_pipeline;

/* Start the threads. What `spec` points at must outlive the pipeline. One thread uses a pipeline: files come back in
 * the order in which they were submitted, whatever the threads do. */
clipsearch_status cs_pipeline_open(const cs_pipeline_spec *spec, cs_pipeline **pipeline, clipsearch_error *err);
/* Waits for the files that are being read, drops the rest. */
void cs_pipeline_close(cs_pipeline **pipeline);

/* Fewer than `capacity` files are in the pipeline. */
bool cs_pipeline_has_room(const cs_pipeline *pipeline);
/* Submit the file `path`, which must live until it is released; only with room. `sidecar`: it is read with the file of
 * XMP beside it. `known_hash` (may be NULL) is a content that need not be decoded. A NULL path only keeps a place in
 * the order. */
void cs_pipeline_submit(cs_pipeline *pipeline, const char *path, bool sidecar, const uint8_t *known_hash);
/* The oldest file, waiting until it is done; NULL when there is none. */
const cs_decoded_file *cs_pipeline_wait(cs_pipeline *pipeline);
/* File number `i` counted from the oldest; NULL when there is none or it is not done yet. */
const cs_decoded_file *cs_pipeline_peek(cs_pipeline *pipeline, size_t i);
/* Give back what cs_pipeline_wait gave. */
void cs_pipeline_release(cs_pipeline *pipeline);

/* On the caller's thread: read the oldest file, which is done, again and prepare it though its content is known. */
void cs_pipeline_prepare_oldest(cs_pipeline *pipeline);

#endif
