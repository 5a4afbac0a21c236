/* SPDX-License-Identifier: MIT
 * identity.h - what a collection records of the encoder that made its vectors. */
#ifndef CS_BASE_IDENTITY_H
#define CS_BASE_IDENTITY_H

#include "base/error.h"

/* Plain strings and numbers, so that storage can compare encoders without knowing what an encoder is. The strings are
 * borrowed: they live as long as the encoder, or the row, that they were taken from. */
typedef struct cs_encoder_identity {
    const char *name;          /* a label; it decides nothing */
    const char *fingerprint;   /* 64 hex digits: weights and configuration. "": vectors whose encoder is not known */
    const char *preprocessing; /* one line that names it exactly */
    size_t dim;                /* numbers in a vector */
    clipsearch_metric metric;  /* what the model's vectors are usually compared by */
    bool normalized;           /* its vectors have length 1 */
    const char *path;          /* the absolute path that it was opened by; NULL: it is found by its name */
    unsigned precisions;       /* cs_precision_bit of what its image tower is computed in; 0: not known */
} cs_encoder_identity;

/* A precision in a set of them; 0 for CLIPSEARCH_PRECISION_AUTO, which is none. */
static inline unsigned cs_precision_bit(clipsearch_precision precision)
{
    return precision == CLIPSEARCH_PRECISION_AUTO ? 0 : 1u << precision;
}

/* Whether vectors of the set `a` are of other precisions than those of `b`, as far as both are known. */
static inline bool cs_precisions_differ(unsigned a, unsigned b)
{
    return a && b && a != b;
}

#endif
