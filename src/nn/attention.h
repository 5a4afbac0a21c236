/* SPDX-License-Identifier: MIT
 * attention.h - multi-head attention over a batch of sequences of any lengths. */
#ifndef CS_NN_ATTENTION_H
#define CS_NN_ATTENTION_H

#include "base/pool.h"
#include "nn/workspace.h"

/* Sequences one after another, without padding, as the rows of one matrix. */
typedef struct cs_sequences {
    size_t count;
    const size_t *offsets; /* [count + 1]: sequence i is rows offsets[i] .. offsets[i + 1] - 1, at least one */
    size_t longest;        /* no sequence is longer; the scratch is made for it */
    bool causal;           /* row t of a sequence attends to its rows 0..t only */
} cs_sequences;

/* What attention writes besides its output; carved by cs_attention_carve. */
typedef struct cs_attention_scratch {
    void *block; /* [threads, bytes] */
    size_t bytes;
} cs_attention_scratch;

/* The scratch of `threads` workers for heads of `head` floats and sequences up to `longest`. */
void cs_attention_carve(cs_attention_scratch *scratch, size_t head, size_t longest, unsigned threads,
                        cs_workspace *workspace);

/* out = softmax(q k^T / sqrt(head)) v within each sequence, for each of `heads` heads of width / heads floats. k, v:
 * [rows, width]. all_rows: q, out [rows, width]. Otherwise q, out [count, width] hold one row for each sequence, which
 * attends to all of it (a class token, or the last row of a causal sequence). A sequence's output has the same bits in
 * any batch and with any number of threads. */
void cs_attention_forward(const cs_sequences *sequences, size_t width, size_t heads, bool all_rows, const float *q,
                          const float *k, const float *v, float *out, const cs_attention_scratch *scratch,
                          cs_pool *pool);

#endif
