/* SPDX-License-Identifier: MIT
 * download.h - one known file fetched into a directory: resumed, checked, and given its name only then. */
#ifndef CS_MODELS_DOWNLOAD_H
#define CS_MODELS_DOWNLOAD_H

#include "models/catalogue.h"
#include "cli/output/progress.h"

typedef struct cs_download_options {
    const char *mirror;     /* takes the place of the URL's scheme and host; NULL: none */
    unsigned stall_seconds; /* no data for so long is a failure */
    bool quiet, verbose;
    cs_progress_view *view;
} cs_download_options;

typedef enum cs_download_result { CS_DOWNLOAD_NEW, CS_DOWNLOAD_THERE } cs_download_result;

/* Put `file` into `directory`. What is there already and is what it should be is left alone. Fetched bytes go to
 * NAME.part, and what they are a part of to NAME.part-from; a later call carries on with them, be it another
 * program's. Only when all bytes are there and are the published ones (size, digest) does the file get its name.
 * A connection that breaks is tried again while that brings anything. Errors: CLIPSEARCH_E_IO (network, disk), _MODEL
 * (not the published bytes; the part is thrown away), _CANCELLED (a signal; the part is kept), _UNSUPPORTED (no
 * libcurl in this build), _MEMORY. */
clipsearch_status cs_download(const cs_known_file *file, const char *directory, const cs_download_options *options,
                              cs_download_result *result, clipsearch_error *err);

/* Bytes of `file` that are still to be fetched into `directory`, as far as known. */
uint64_t cs_download_missing(const cs_known_file *file, const char *directory);

/* The URL that `file` is fetched from; cs_free it. NULL when out of memory. */
char *cs_download_url(const cs_known_file *file, const char *mirror);

#endif
