/* SPDX-License-Identifier: MIT
 * catalogue.h - the models known by name: where their files are published, and their digests. */
#ifndef CS_MODELS_CATALOGUE_H
#define CS_MODELS_CATALOGUE_H

#include "config/yaml_tree.h"

#include <stdint.h>

/* What was published of a file's digest, in lower-case hex digits. */
typedef enum cs_digest_kind {
    CS_DIGEST_NONE,         /* nothing */
    CS_DIGEST_SHA256,       /* 64 digits */
    CS_DIGEST_SHA256_BEGIN, /* the first 8 to 63 of them */
    CS_DIGEST_MD5           /* 32 digits */
} cs_digest_kind;

/* A file of a model directory. */
typedef struct cs_known_file {
    const char *name;
    const char *url;     /* NULL: `content` is the file */
    const char *content; /* NULL: the file is fetched from `url` */
    uint64_t bytes;      /* exact when `exact`; else approximate, or 0: not known */
    bool exact;
    cs_digest_kind digest_kind;
    const char *digest; /* NULL for CS_DIGEST_NONE */
} cs_known_file;

/* Published values of a model for one image and some texts. */
typedef struct cs_acceptance {
    const char *name;
    const char *image;        /* the image's file name */
    const char *image_sha256; /* NULL: not known */
    const char *image_source; /* a URL for people; NULL: none */
    const char **texts;       /* [count] */
    double *expected;         /* [count] */
    size_t count;
    bool probabilities; /* softmax of the logits; else the logits */
    double tolerance;
} cs_acceptance;

typedef struct cs_known_model {
    const char *name;
    const char *title, *encoder, *licence, *preprocessing, *source; /* the last three may be NULL */
    const char *choice; /* "small", "balanced" or "best": the one to take of that kind; NULL: none of these */
    size_t dim;
    cs_known_file *files; /* [file_count], the weights last */
    size_t file_count;
    cs_acceptance *acceptance; /* [acceptance_count] */
    size_t acceptance_count;
} cs_known_model;

/* Everything lives as long as `yaml`. */
typedef struct cs_catalogue {
    cs_yaml *yaml;
    cs_known_model *models; /* [count], in the file's order */
    size_t count;
} cs_catalogue;

/* Limit for the texts of an acceptance value. */
enum { CS_ACCEPTANCE_TEXTS = 64 };

/* Read the file `path`, or with NULL the program's own: weights/models.yaml of the source tree that it was built in,
 * else the installed models.yaml. docs/model.md describes the file. Close the catalogue in any case.
 * Errors: CLIPSEARCH_E_NOT_FOUND, _FORMAT (with line and column), _IO, _LIMIT, _MEMORY. */
clipsearch_status cs_catalogue_load(const char *path, cs_catalogue *catalogue, clipsearch_error *err);

/* The same from a parsed document, which the catalogue owns afterwards, on success and on failure. */
clipsearch_status cs_catalogue_read(cs_yaml *yaml, cs_catalogue *catalogue, clipsearch_error *err);
void cs_catalogue_close(cs_catalogue *catalogue);

/* The model of that name. CLIPSEARCH_E_NOT_FOUND names the most similar one. */
clipsearch_status cs_catalogue_find(const cs_catalogue *catalogue, const char *name, const cs_known_model **model,
                                    clipsearch_error *err);

/* Bytes of all its files as far as known; *exact (may be NULL) is false when a size is approximate or unknown. */
uint64_t cs_known_bytes(const cs_known_model *model, bool *exact);

#endif
