/* SPDX-License-Identifier: MIT
 * search_json.h - what a request searches for, from JSON, from the fields of a form, or from a query string. */
#ifndef CS_SERVER_SEARCH_JSON_H
#define CS_SERVER_SEARCH_JSON_H

#include "base/json.h"

#include <stdint.h>

enum {
    CS_SEARCH_MOST_PARTS = 100,
    CS_SEARCH_MOST_HITS = 10000, /* offset + k */
    CS_SEARCH_MOST_K = 1000,     /* hits of one answer */
    CS_SEARCH_MOST_TEXT = 10000, /* bytes of a text */
    CS_SEARCH_MOST_FILTER = 65536
};

/* A part of a query; one of text, id, image and vector is set. All pointers are owned. */
typedef struct cs_search_part {
    char *text;
    int64_t id;
    uint8_t *image; /* [image_size] an image file */
    size_t image_size;
    float *vector; /* [vector_size] */
    size_t vector_size;
    bool has_crop;
    double crop[4]; /* left, top, width, height in per cent of the image's sides */
    double weight;
} cs_search_part;

/* The search. Free it in any case. */
typedef struct cs_search_body {
    char *collection, *filter; /* NULL: not given */
    cs_search_part *parts;     /* [part_count]; none: list the items */
    size_t part_count, part_room;
    size_t k, offset, ef;
    bool has_min_score, has_max_distance, relevance, all, gone, with_self, exact;
    float min_score, max_distance, min_relevance;
} cs_search_body;

void cs_search_body_init(cs_search_body *body);
void cs_search_body_free(cs_search_body *body);

/* Fill in `body` from a JSON object. Unknown keys are refused. Errors: CLIPSEARCH_E_ARGUMENT (names the key, or the
 * part and the key), _LIMIT, _MEMORY. */
clipsearch_status cs_search_from_json(const cs_json *object, cs_search_body *body, clipsearch_error *err);

/* Set one field from a query string or a form: q (a text; again for more), not (a text that is subtracted), id, k,
 * offset, filter, collection, min_score, ... Errors: as above. */
clipsearch_status cs_search_set(cs_search_body *body, const char *name, const char *value, clipsearch_error *err);

/* Once all fields are set: whether they go together. cs_search_from_json has done it. Errors: CLIPSEARCH_E_ARGUMENT,
 * _LIMIT. */
clipsearch_status cs_search_check(const cs_search_body *body, clipsearch_error *err);

/* Another part; NULL when there are too many (*err says so) or no memory. */
cs_search_part *cs_search_add_part(cs_search_body *body, clipsearch_error *err);

/* Read "x,y,w,h", per cent. Errors: CLIPSEARCH_E_ARGUMENT. */
clipsearch_status cs_read_crop(const char *text, double crop[4], clipsearch_error *err);
/* Read [x, y, w, h]. */
clipsearch_status cs_json_read_crop(const cs_json *value, double crop[4], clipsearch_error *err);

/* The text, a copy; base64 as bytes. Errors: CLIPSEARCH_E_ARGUMENT (`key` is no string, has a NUL, or is no base64),
 * _LIMIT (longer than `most`), _MEMORY. */
clipsearch_status cs_json_read_text(const cs_json *value, const char *key, size_t most, char **text,
                                    clipsearch_error *err);
clipsearch_status cs_json_read_base64(const cs_json *value, const char *key, uint8_t **bytes, size_t *size,
                                      clipsearch_error *err);

/* A whole number from `least` to `most`. Errors: CLIPSEARCH_E_ARGUMENT. */
clipsearch_status cs_json_read_whole(const cs_json *value, const char *key, int64_t least, int64_t most,
                                     int64_t *number, clipsearch_error *err);

/* Refuse members of `object` that `known` [NULL-ended] does not have. `what`: "a search". */
clipsearch_status cs_json_check_keys(const cs_json *object, const char *const *known, const char *what,
                                     clipsearch_error *err);

#endif
