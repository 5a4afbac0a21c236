/* SPDX-License-Identifier: MIT
 * config_read.h - typed values from a JSON configuration; every error names the key in full. Private to model. */
#ifndef CS_MODEL_CONFIG_READ_H
#define CS_MODEL_CONFIG_READ_H

#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads one object of a configuration. The first failure latches `status`; later reads give their fallback, so a reader
 * is a straight list of reads with one check at its end. A member that is null counts as missing. */
typedef struct cs_config_reader {
    const char *file;      /* for messages */
    const char *section;   /* "vision_config", or "" at the top */
    const cs_json *object; /* NULL: every member is missing */
    clipsearch_status status;
    clipsearch_error *err;
} cs_config_reader;

/* A reader of `object`. */
cs_config_reader cs_config_reader_make(const char *file, const char *section, const cs_json *object,
                                       clipsearch_error *err);

/* Latch a failure that names file, section and key, followed by the message. */
void cs_config_fail(cs_config_reader *reader, clipsearch_status code, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The member, or NULL when it is missing, null, or a failure is latched. */
const cs_json *cs_config_get(const cs_config_reader *reader, const char *key);

/* A whole number from 1 to `max`. A fallback of 0: the key must be there. */
size_t cs_config_size(cs_config_reader *reader, const char *key, size_t fallback, size_t max);

/* The same, or a list of two equal ones, [224, 224]. Two different ones are unsupported: only squares are. */
size_t cs_config_square(cs_config_reader *reader, const char *key, size_t fallback, size_t max);

double cs_config_number(cs_config_reader *reader, const char *key, double fallback);
bool cs_config_bool(cs_config_reader *reader, const char *key, bool fallback);
const char *cs_config_string(cs_config_reader *reader, const char *key, const char *fallback);

/* An object, or NULL when it is missing. */
const cs_json *cs_config_object(cs_config_reader *reader, const char *key);

/* Three numbers in a list, or (when `one_for_all`) one number for all three; `out` is left as it is when missing. */
void cs_config_triple(cs_config_reader *reader, const char *key, bool one_for_all, float out[3]);

#endif
