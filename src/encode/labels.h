/* SPDX-License-Identifier: MIT
 * labels.h - zero-shot classification: which of a list of labels fits an image best.
 *
 * The vector of a label is that of its text in a template, "a photo of a dog." With several templates it is the mean of
 * their vectors, scaled to length 1. The probabilities of an image are the softmax of its cosines with the labels,
 * times the logit scale that the model was trained with. Radford et al., Learning Transferable Visual Models From
 * Natural Language Supervision, 2021, section 3.1. */
#ifndef CS_ENCODE_LABELS_H
#define CS_ENCODE_LABELS_H

#include "encode/session.h"

enum {
    CS_LABELS_MAX = 100000,
    CS_LABEL_TEMPLATES_MAX = 1000,
    CS_LABEL_BYTES_MAX = 10000 /* of a label and of a template; far more than a model reads */
};

struct clipsearch_labels {
    size_t count, dim;
    float scale;    /* of the logits */
    float *vectors; /* [count, dim], of length 1 */
};

/* As clipsearch_labels_open and clipsearch_labels_rank say; arguments are not NULL, `options` is the library's own. */
clipsearch_status cs_labels_open(clipsearch_session *session, const char *const *labels, size_t count,
                                 const clipsearch_labels_options *options, clipsearch_labels **opened,
                                 clipsearch_error *err);
void cs_labels_close(clipsearch_labels **labels);
clipsearch_status cs_labels_rank(const clipsearch_labels *labels, const float *vectors, size_t count, size_t k,
                                 clipsearch_label_score *best, clipsearch_error *err);

#endif
