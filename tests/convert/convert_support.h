/* SPDX-License-Identifier: MIT
 * convert_support.h - what the tests of conversion share: small models to convert, and the vectors they give. */
#ifndef TESTS_CONVERT_SUPPORT_H
#define TESTS_CONVERT_SUPPORT_H

#include "clipsearch.h"
#include "support/folder.h"

#include <stdbool.h>
#include <stddef.h>

enum { MOST = 4096, TEXTS = 3, IMAGES = 2 };

/* Why the last call failed, of a function here or of the library. */
extern clipsearch_error err;

/* Both towers. */
static const unsigned both = CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER;

/* Vectors of some texts and images, for the towers that are asked for; the rest is zeros. */
typedef struct vectors {
    size_t dim;
    char fingerprint[65];
    float texts[TEXTS * MOST], images[IMAGES * MOST];
} vectors;

/* Encode some texts and images, always the same, with a model that is opened for it; false: `err` says why. */
bool encode(const char *model, unsigned towers, vectors *out);
/* The same, computed in this precision. */
bool encode_as(const char *model, unsigned towers, clipsearch_precision precision, vectors *out);

/* The greatest difference between two numbers at the same place. */
double greatest_difference(const vectors *a, const vectors *b);

/* clipsearch_model_convert with these towers (0: all that the model has) and this type. */
clipsearch_status convert(const char *from, const char *to, unsigned towers, clipsearch_number_type type,
                          clipsearch_convert_report *report);

/* The path of clip-tiny's file `name`; valid until the next call. */
const char *tiny(const char *name);
/* Copy the files `names` (up to NULL) of one of clip-tiny's layouts to `to`; with `vocabulary`, also the tokenizer and
 * preprocessor_config.json as transformers has them. */
void copy_tiny(const folder *f, const char *to, const char *layout, const char *const *names, bool vocabulary);

/* The path of CLIP's small ResNet or of a file of it; valid until the next call. */
const char *resnet(const char *name);
/* Copy it to `to`, with clip-tiny's tokenizer: its text tower is of that vocabulary, and it has no tokenizer itself. */
void copy_resnet(const folder *f, const char *to);

/* Both files can be read and hold the same bytes. */
bool same_file(const char *a, const char *b);
/* Both are JSON objects with the same members of whole numbers. */
bool same_vocabulary(const char *a, const char *b);

/* Make the numbers of the f32 weight file `path`, in the folder, need all of f32: each grows by a different small part
 * of itself. One of them becomes `odd`. */
void make_uneven(const folder *f, const char *path, float odd);

#endif
