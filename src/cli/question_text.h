/* SPDX-License-Identifier: MIT
 * question_text.h - questions as they are written: dog + snow - people. docs/query.md has the grammar. */
#ifndef CS_CLI_QUESTION_TEXT_H
#define CS_CLI_QUESTION_TEXT_H

#include "base/buf.h"
#include "cli/command_line.h"

enum {
    CS_MAX_PARTS = 1000,        /* of one question */
    CS_MAX_QUESTIONS = 1000000, /* of one run */
    CS_MAX_QUESTION_BYTES = 1 << 20,
    CS_MAX_IMAGE_BYTES = 256 << 20 /* of an image that the program reads itself */
};

typedef enum cs_part_kind {
    CS_PART_TEXT,
    CS_PART_IMAGE, /* `text` is the path of a file; "-" from --image: standard input */
    CS_PART_URL,   /* an image at an http or https URL */
    CS_PART_ITEM   /* the stored vector of the image number `item` */
} cs_part_kind;

typedef struct cs_part {
    cs_part_kind kind;
    char *text; /* owned; NULL for an item */
    int64_t item;
    double weight; /* below 0: subtracted */
    bool has_region;
    clipsearch_region region;
    cs_buf data; /* an image's bytes, when the program has read them itself */
} cs_part;

/* One question, the query that one list of hits answers. */
typedef struct cs_question {
    char *name; /* owned: the question in one line, for headings and messages */
    cs_part *parts;
    size_t count, capacity;
} cs_question;

typedef struct cs_questions {
    cs_question *items;
    size_t count, capacity;
} cs_questions;

/* Read `text` and append its parts to `question`, their weights times `sign` (1 or -1).
 * Errors: CLIPSEARCH_E_ARGUMENT (says what is wrong and what to write), _LIMIT, _MEMORY. */
clipsearch_status cs_question_read(cs_question *question, const char *text, int sign, clipsearch_error *err);

/* Append one part; `text` NULL: none. */
clipsearch_status cs_question_add(cs_question *question, cs_part_kind kind, const char *text, size_t length,
                                  double weight, clipsearch_error *err);

/* What an image given by name is: an http or https URL or a file. CLIPSEARCH_E_ARGUMENT for other URLs. */
clipsearch_status cs_part_of_location(const char *location, cs_part_kind *kind, clipsearch_error *err);

/* Read the operands of a search: words, signs, and the options that are operands (--image, --like, --add, --not,
 * --crop), in their order. The questions get names. Free `questions` in any case. Errors: as cs_question_read. */
clipsearch_status cs_questions_read(const cs_operands *operands, cs_questions *questions, clipsearch_error *err);

/* Append the question that one line of a list has; a line of blanks appends none. `place` begins messages. */
clipsearch_status cs_questions_add_line(cs_questions *questions, const char *line, const char *place,
                                        clipsearch_error *err);

/* Append the question as cs_question_read reads it; items and images as the options that give them. */
void cs_question_put(cs_buf *buf, const cs_question *question);

/* Read "X,Y,W,H" or "X%,Y%,W%,H%". Errors: CLIPSEARCH_E_ARGUMENT. */
clipsearch_status cs_region_read(const char *text, clipsearch_region *region, clipsearch_error *err);

void cs_question_free(cs_question *question);
void cs_questions_free(cs_questions *questions);

#endif
