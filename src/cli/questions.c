/* SPDX-License-Identifier: MIT
 * questions.c - the questions of one run: from the operands in their order, and from the lines of a list. */
#include "cli/question_text.h"

#include "base/decimal.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

/* The reader's position among the operands. */
typedef struct reader {
    cs_questions *questions;
    int sign;          /* 1 or -1: a standalone sign that waits for its part; 0: none */
    bool after_like;   /* the operand before was a --like */
    cs_question early; /* parts of --add and --not before the first query, which they belong to */
    const char *crop;  /* a --crop that waits for its image; NULL: none */
} reader;

static clipsearch_status fail_missing(int sign, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   "a part is missing after \"%c\"; write a text there, or --image FILE or --like ID",
                   sign > 0 ? '+' : '-');
}

/* Begin a question. */
static clipsearch_status begin_question(cs_questions *questions, cs_question **begun, clipsearch_error *err)
{
    if (questions->count == CS_MAX_QUESTIONS)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "there are more than %d queries; ask in several runs",
                       (int)CS_MAX_QUESTIONS);
    cs_question *items = cs_grow(questions->items, &questions->capacity, questions->count + 1, sizeof *items);
    if (!items)
        return cs_fail_memory(err, "the queries");
    questions->items = items;
    *begun = &items[questions->count++];
    **begun = (cs_question){0};
    return CLIPSEARCH_OK;
}

/* The question that the next part belongs to, and the part's sign. */
static clipsearch_status next_question(reader *r, bool join, cs_question **question, int *sign, clipsearch_error *err)
{
    *sign = r->sign ? r->sign : 1;
    *question = r->questions->count ? &r->questions->items[r->questions->count - 1] : NULL;
    const bool joined = *question && (r->sign || join);
    r->sign = 0;
    return joined ? CLIPSEARCH_OK : begin_question(r->questions, question, err);
}

static clipsearch_status read_word(reader *r, const char *text, clipsearch_error *err)
{
    cs_question *question = NULL;
    int sign;
    if (strcmp(text, "+") == 0 || strcmp(text, "-") == 0) {
        if (r->sign)
            return fail_missing(r->sign, err);
        r->sign = *text == '-' ? -1 : 1;
        return CLIPSEARCH_OK;
    }
    clipsearch_status status = next_question(r, false, &question, &sign, err);
    return status == CLIPSEARCH_OK ? cs_question_read(question, text, sign, err) : status;
}

/* --add and --not: a part of the question before them, or of the first one. */
static clipsearch_status read_addition(reader *r, const char *text, int sign, clipsearch_error *err)
{
    if (r->sign)
        return fail_missing(r->sign, err);
    cs_question *question = r->questions->count ? &r->questions->items[r->questions->count - 1] : &r->early;
    return cs_question_read(question, text, sign, err);
}

static clipsearch_status read_image(reader *r, const char *location, clipsearch_error *err)
{
    cs_question *question = NULL;
    cs_part_kind kind;
    int sign;
    if (!*location)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--image is empty; give it a file, a URL, or - for standard input");
    clipsearch_status status = cs_part_of_location(location, &kind, err);
    if (status == CLIPSEARCH_OK)
        status = next_question(r, false, &question, &sign, err);
    return status == CLIPSEARCH_OK ? cs_question_add(question, kind, location, strlen(location), sign, err) : status;
}

static clipsearch_status read_like(reader *r, const char *text, clipsearch_error *err)
{
    cs_question *question = NULL;
    int sign;
    char *end;
    const long long id = *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : 0;
    if (id < 1 || *end || id == INT64_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "--like must be the number of an image, not \"%s\"; query and search --json show them", text);
    clipsearch_status status = next_question(r, r->after_like, &question, &sign, err);
    if (status == CLIPSEARCH_OK)
        status = cs_question_add(question, CS_PART_ITEM, NULL, 0, sign, err);
    if (status == CLIPSEARCH_OK)
        question->parts[question->count - 1].item = id;
    return status;
}

/* The last part of all that is an image, or NULL. */
static cs_part *last_image(const cs_questions *questions)
{
    for (size_t q = questions->count; q-- > 0;)
        for (size_t i = questions->items[q].count; i-- > 0;) {
            cs_part *part = &questions->items[q].parts[i];
            if (part->kind == CS_PART_IMAGE || part->kind == CS_PART_URL)
                return part;
        }
    return NULL;
}

/* --crop: of the image before it, or of the first one. */
static clipsearch_status read_crop(reader *r, const char *text, clipsearch_error *err)
{
    cs_part *image = last_image(r->questions);
    clipsearch_region region;
    clipsearch_status status = cs_region_read(text, &region, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if ((image && image->has_region) || (!image && r->crop))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "an image has two regions; give one --crop for each image");
    if (image) {
        image->region = region;
        image->has_region = true;
    } else {
        r->crop = text;
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status read_operand(reader *r, const cs_operand *operand, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    switch (operand->kind) {
    case CS_WORD:
        status = read_word(r, operand->text, err);
        break;
    case CS_IMAGE:
        status = read_image(r, operand->text, err);
        break;
    case CS_LIKE:
        status = read_like(r, operand->text, err);
        break;
    case CS_ADD:
    case CS_NOT:
        status = read_addition(r, operand->text, operand->kind == CS_NOT ? -1 : 1, err);
        break;
    case CS_CROP:
        return read_crop(r, operand->text, err);
    }
    r->after_like = operand->kind == CS_LIKE;
    if (status == CLIPSEARCH_OK && r->crop && last_image(r->questions)) {
        const char *crop = r->crop;
        r->crop = NULL;
        status = read_crop(r, crop, err);
    }
    return status;
}

/* The parts given before the first query are its last ones; without a query they are one. */
static clipsearch_status take_early(reader *r, clipsearch_error *err)
{
    cs_question *first = r->questions->items;
    if (!r->early.count)
        return CLIPSEARCH_OK;
    if (!r->questions->count) {
        clipsearch_status status = begin_question(r->questions, &first, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    cs_part *parts = cs_grow(first->parts, &first->capacity, first->count + r->early.count, sizeof *parts);
    if (!parts)
        return cs_fail_memory(err, "a query");
    first->parts = parts;
    memcpy(parts + first->count, r->early.parts, r->early.count * sizeof *parts);
    first->count += r->early.count;
    r->early.count = 0; /* their strings have moved */
    return CLIPSEARCH_OK;
}

static clipsearch_status name_question(cs_question *question, clipsearch_error *err)
{
    cs_buf name = cs_buf_make(SIZE_MAX / 2);
    cs_question_put(&name, question);
    question->name = cs_buf_detach(&name);
    return question->name ? CLIPSEARCH_OK : cs_fail_memory(err, "a query");
}

clipsearch_status cs_questions_read(const cs_operands *operands, cs_questions *questions, clipsearch_error *err)
{
    reader r = {.questions = questions};
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < operands->count && status == CLIPSEARCH_OK; i++)
        status = read_operand(&r, &operands->items[i], err);
    if (status == CLIPSEARCH_OK && r.sign)
        status = fail_missing(r.sign, err);
    if (status == CLIPSEARCH_OK)
        status = take_early(&r, err);
    if (status == CLIPSEARCH_OK && r.crop && last_image(questions)) {
        const char *crop = r.crop;
        r.crop = NULL;
        status = read_crop(&r, crop, err);
    }
    if (status == CLIPSEARCH_OK && r.crop)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                         "--crop is for the image of a query, but there is none; give --image FILE");
    for (size_t i = 0; i < questions->count && status == CLIPSEARCH_OK; i++)
        status = name_question(&questions->items[i], err);
    cs_question_free(&r.early);
    return status;
}

clipsearch_status cs_questions_add_line(cs_questions *questions, const char *line, const char *place,
                                        clipsearch_error *err)
{
    cs_question *question = NULL;
    clipsearch_error why;
    if (cs_is_blank_text(line))
        return CLIPSEARCH_OK;
    clipsearch_status status = begin_question(questions, &question, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_question_read(question, line, 1, &why);
    if (status != CLIPSEARCH_OK)
        return cs_fail(err, status, "%s: %s", place, why.message);
    return name_question(question, err);
}

/* ---- regions */

clipsearch_status cs_region_read(const char *text, clipsearch_region *region, clipsearch_error *err)
{
    double numbers[4] = {0};
    size_t percents = 0, count = 0;
    bool sound = true, whole = true;
    for (const char *at = text; sound && count < 4; count++) {
        char number[32];
        const size_t length = strcspn(at, ",");
        const bool percent = length && at[length - 1] == '%';
        sound = length < sizeof number && at[length] == (count < 3 ? ',' : '\0');
        if (!sound)
            break;
        snprintf(number, sizeof number, "%.*s", (int)(length - percent), at);
        sound = cs_read_double(number, &numbers[count]) && isfinite(numbers[count]);
        percents += percent;
        whole = whole && numbers[count] == floor(numbers[count]);
        at += length + 1;
    }
    if (!sound || (percents && percents < 4) || (!percents && !whole))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "--crop must be X,Y,WIDTH,HEIGHT, all in pixels or all in per cent, as in 0,0,200,100 or "
                       "10%%,10%%,50%%,50%%, not \"%s\"",
                       text);
    *region = (clipsearch_region){numbers[0], numbers[1], numbers[2], numbers[3], percents == 4};
    if (!(region->width > 0 && region->height > 0))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--crop %s has no area; its width and height must be above 0", text);
    if (region->x < 0 || region->y < 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--crop %s begins outside the image; X and Y must not be below 0",
                       text);
    return CLIPSEARCH_OK;
}

void cs_questions_free(cs_questions *questions)
{
    for (size_t i = 0; i < questions->count; i++)
        cs_question_free(&questions->items[i]);
    cs_free(questions->items);
    *questions = (cs_questions){0};
}
