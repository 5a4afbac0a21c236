/* SPDX-License-Identifier: MIT
 * download.h - fetches one known file into a directory: resumes, checks, and only then gives it its name. */
#ifndef CS_MODELS_DOWNLOAD_H
#define CS_MODELS_DOWNLOAD_H

#include "models/catalogue.h"

/* How far the fetching or the check of a file has come. `seconds` begins at 0 again with each of the two. */
typedef struct cs_download_progress {
    const char *name;
    bool checking;        /* the bytes are read again to compute their digest */
    uint64_t done, total; /* total 0: not known */
    uint64_t before;      /* of `done`, what was there at the start and does not count for the speed */
    double seconds;
} cs_download_progress;

typedef struct cs_download_options {
    const char *mirror;     /* replaces the URL's scheme and host; NULL: none */
    unsigned stall_seconds; /* a connection without data for so long has failed */
    /* Callbacks, each may be NULL; all on the caller's thread. */
    void (*progress)(void *context, const cs_download_progress *progress);
    void (*note)(void *context, bool detail, const char *line); /* what happened; `detail`: of little interest */
    bool (*keep_going)(void *context);                          /* false stops and keeps the part */
    void *context;
} cs_download_options;

typedef enum cs_download_result {
    CS_DOWNLOAD_FETCHED,
    CS_DOWNLOAD_PRESENT,
    CS_DOWNLOAD_REFUSED, /* an error: the server cannot be reached, or does not give the published file */
    CS_DOWNLOAD_FAILED   /* another error: of the disk, of memory, stopped */
} cs_download_result;

/* Put `file` into `directory`. A file that is there and is as published is left alone. Fetched bytes go to NAME.part;
 * NAME.part-from records what they are part of, so that a later call, even of another process, can resume. The file
 * gets its name only when all its bytes are there and are the published ones (size, digest). A broken connection is
 * tried again as long as that brings new bytes. Errors: CLIPSEARCH_E_IO (network, disk), _MODEL (not the published
 * bytes; the part is removed), _CANCELLED (stopped by `keep_going`; the part is kept), _UNSUPPORTED (this build has no
 * libcurl), _MEMORY; *result tells them apart further. */
clipsearch_status cs_download(const cs_known_file *file, const char *directory, const cs_download_options *options,
                              cs_download_result *result, clipsearch_error *err);

/* Bytes of `file` that are still to be fetched into `directory`, as far as known. */
uint64_t cs_download_missing(const cs_known_file *file, const char *directory);

/* The URL that `file` is fetched from; cs_free it. NULL when out of memory. */
char *cs_download_url(const cs_known_file *file, const char *mirror);

#endif
