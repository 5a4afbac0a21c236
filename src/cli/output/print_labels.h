/* SPDX-License-Identifier: MIT
 * print_labels.h - the labels of images as text and as JSON. clipsearch(1) documents both. */
#ifndef CS_CLI_OUTPUT_PRINT_LABELS_H
#define CS_CLI_OUTPUT_PRINT_LABELS_H

#include "base/buf.h"
#include "clipsearch.h"

/* An image and its best labels. */
typedef struct cs_labelled_image {
    const char *path;
    int64_t id;                         /* 0: of no collection */
    const clipsearch_label_score *best; /* [k]; NULL: the image is bad */
    size_t k;
    const char *error; /* why it is bad */
} cs_labelled_image;

/* A line for each of its labels: "0.931  dog  path". A path below `here` (or NULL) is printed relative to it. Nothing
 * for a bad image. */
void cs_put_labelled_text(cs_buf *buf, const cs_labelled_image *image, const char *const *labels, const char *here);

/* The beginning of the JSON object, an image, and the end. */
void cs_put_labels_json_head(cs_buf *buf, const char *collection, const char *model, const char *const *templates,
                             size_t template_count);
void cs_put_labelled_json(cs_buf *buf, const cs_labelled_image *image, const char *const *labels, bool first);
void cs_put_labels_json_tail(cs_buf *buf);

#endif
