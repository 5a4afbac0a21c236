/* SPDX-License-Identifier: MIT
 * question_text.c - reads one question: parts between standalone signs, each with a weight if it has one. */
#include "cli/question_text.h"

#include "base/decimal.h"
#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const double LEAST_WEIGHT = 0.001, MOST_WEIGHT = 1000;

static const char BLANKS[] = " \t\r\n\f\v";

static bool is_blank(char c)
{
    return c && strchr(BLANKS, c);
}

/* Whether a standalone + or - is at `at`: blanks, or an end of the text that begins at `start`, on both sides. */
static bool is_sign(const char *start, const char *at)
{
    return (*at == '+' || *at == '-') && (at == start || is_blank(at[-1])) && (!at[1] || is_blank(at[1]));
}

/* ---- what a part is */

static bool has_image_suffix(const char *path)
{
    static const char *const suffixes[] = {"jpg",  "jpeg", "jpe",  "jfif", "png",  "gif", "bmp",
                                           "webp", "tif",  "tiff", "heic", "heif", "avif"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof suffixes / sizeof *suffixes; i++)
        if (strcasecmp(dot + 1, suffixes[i]) == 0)
            return true;
    return false;
}

/* Whether `text` is the name of an image file that exists. A name without a slash must have an image's suffix. */
static bool is_image_file(const char *text)
{
    struct stat file;
    const bool slash = strchr(text, '/') != NULL;
    return (slash || has_image_suffix(text)) && stat(text, &file) == 0 &&
           (S_ISREG(file.st_mode) || (slash && S_ISFIFO(file.st_mode)));
}

/* The length of the scheme of a text like "https://...", 0 when it has none. */
static size_t scheme_length(const char *text)
{
    size_t n = 0;
    while ((text[n] >= 'a' && text[n] <= 'z') || (text[n] >= 'A' && text[n] <= 'Z'))
        n++;
    return n && strncmp(text + n, "://", 3) == 0 ? n : 0;
}

clipsearch_status cs_part_of_location(const char *location, cs_part_kind *kind, clipsearch_error *err)
{
    const size_t scheme = scheme_length(location);
    const bool web = (scheme == 4 && strncasecmp(location, "http", 4) == 0) ||
                     (scheme == 5 && strncasecmp(location, "https", 5) == 0);
    *kind = web ? CS_PART_URL : CS_PART_IMAGE;
    if (scheme && !web)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%.*s:// is not fetched; give an http:// or https:// URL, or the path of a file (\"%s\")",
                       (int)scheme, location, location);
    return CLIPSEARCH_OK;
}

static clipsearch_status classify(const char *text, cs_part_kind *kind, clipsearch_error *err)
{
    *kind = CS_PART_TEXT;
    if (scheme_length(text))
        return cs_part_of_location(text, kind, err);
    if (is_image_file(text))
        *kind = CS_PART_IMAGE;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_question_add(cs_question *question, cs_part_kind kind, const char *text, size_t length,
                                  double weight, clipsearch_error *err)
{
    if (question->count == CS_MAX_PARTS)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a query has more than %d parts; ask for fewer at once",
                       (int)CS_MAX_PARTS);
    cs_part *parts = cs_grow(question->parts, &question->capacity, question->count + 1, sizeof *parts);
    if (!parts)
        return cs_fail_memory(err, "a query");
    question->parts = parts;
    char *copy = text ? cs_strndup(text, length) : NULL;
    if (text && !copy)
        return cs_fail_memory(err, "a query");
    parts[question->count++] =
        (cs_part){.kind = kind, .text = copy, .weight = weight, .data = cs_buf_make(CS_MAX_IMAGE_BYTES)};
    return CLIPSEARCH_OK;
}

/* ---- weights */

/* The length of what stands before the first ':' of `text` when it looks like a number, or like "nan" or "inf"; 0 when
 * there is none, or when a digit follows, as in 16:9 and 3:30. */
static size_t weight_length(const char *text)
{
    const size_t sign = *text == '-' || *text == '+';
    const char *number = text + sign;
    size_t n = strspn(number, "0123456789.");
    if (n && (number[n] == 'e' || number[n] == 'E')) {
        const size_t minus = number[n + 1] == '-' || number[n + 1] == '+';
        const size_t digits = strspn(number + n + 1 + minus, "0123456789");
        n += digits ? 1 + minus + digits : 0;
    }
    static const char *const words[] = {"nan", "infinity", "inf"};
    for (size_t i = 0; !n && i < sizeof words / sizeof *words; i++)
        if (strncasecmp(number, words[i], strlen(words[i])) == 0 && number[strlen(words[i])] == ':')
            n = strlen(words[i]);
    if (!n || number[n] != ':' || strspn(number, ".:") > n)
        return 0;
    const char *next = number + n + 1;
    return *next >= '0' && *next <= '9' ? 0 : sign + n;
}

/* Read the weight of the part at *at, if it has one, and move *at behind it. */
static clipsearch_status read_weight(const char **at, double *weight, clipsearch_error *err)
{
    const size_t length = weight_length(*at);
    char number[64];
    *weight = 1;
    if (!length)
        return CLIPSEARCH_OK;
    snprintf(number, sizeof number, "%.*s", (int)(length < sizeof number ? length : sizeof number - 1), *at);
    if (length >= sizeof number || !cs_read_double(number, weight) || !isfinite(*weight) || *weight < LEAST_WEIGHT ||
        *weight > MOST_WEIGHT)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "the weight \"%s\" must be a number from %g to %g, as in 2:dog; to subtract a part, write - "
                       "before it, and to search for the words themselves, put them in double quotes",
                       number, LEAST_WEIGHT, MOST_WEIGHT);
    *at += length + 1;
    return CLIPSEARCH_OK;
}

/* ---- one part after another */

/* `at` is a double quote. The quote that closes the part: behind it there is nothing but blanks before the next sign or
 * the end. NULL when there is none: the part is not quoted. */
static const char *closing_quote(const char *start, const char *at)
{
    for (const char *close = strchr(at + 1, '"'); close; close = strchr(close + 1, '"')) {
        const char *next = close + 1 + strspn(close + 1, BLANKS);
        if (!*next || (next > close + 1 && is_sign(start, next)))
            return close;
    }
    return NULL;
}

/* Read the part at *at of the text that begins at `start`, and move *at to the sign behind it or to the end. */
static clipsearch_status read_part(cs_question *question, const char *start, const char **at, int sign,
                                   clipsearch_error *err)
{
    double weight;
    clipsearch_status status = read_weight(at, &weight, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const char *part = *at + strspn(*at, BLANKS), *close = *part == '"' ? closing_quote(start, part) : NULL, *end;
    cs_part_kind kind = CS_PART_TEXT;
    if (close) {
        part++;
        end = close;
        *at = close + 1 + strspn(close + 1, BLANKS);
    } else {
        for (*at = part; **at && !is_sign(start, *at); ++*at)
            ;
        end = *at;
        while (end > part && is_blank(end[-1]))
            end--;
    }
    if (end == part + strspn(part, BLANKS) || (close && part + strspn(part, BLANKS) >= close))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a part of the query \"%s\" is empty; write a text there", start);
    status = cs_question_add(question, kind, part, (size_t)(end - part), weight * sign, err);
    if (status != CLIPSEARCH_OK || close)
        return status;
    cs_part *added = &question->parts[question->count - 1];
    return classify(added->text, &added->kind, err);
}

static clipsearch_status read_parts(cs_question *question, const char *text, int group_sign, clipsearch_error *err)
{
    const char *at = text + strspn(text, BLANKS);
    char last = '+'; /* the sign before the part */
    if (is_sign(text, at))
        last = *at++;
    for (;;) {
        const int sign = last == '-' ? -group_sign : group_sign;
        at += strspn(at, BLANKS);
        if (!*at || is_sign(text, at))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                           "a part is missing %s \"%c\" in the query \"%s\"; to search for a text with a sign in it, "
                           "put the text in double quotes inside the query",
                           *at ? "before" : "after", *at ? *at : last, text);
        clipsearch_status status = read_part(question, text, &at, sign, err);
        if (status != CLIPSEARCH_OK || !*at)
            return status;
        last = *at++;
    }
}

clipsearch_status cs_question_read(cs_question *question, const char *text, int sign, clipsearch_error *err)
{
    const char *begin = text + strspn(text, BLANKS);
    size_t length = strlen(begin);
    while (length && is_blank(begin[length - 1]))
        length--;
    if (!length)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a query is empty");
    if (length > CS_MAX_QUESTION_BYTES)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a query has more than %d bytes", (int)CS_MAX_QUESTION_BYTES);
    char *whole = cs_strndup(begin, length);
    if (!whole)
        return cs_fail_memory(err, "a query");
    clipsearch_status status = is_image_file(whole) ? cs_question_add(question, CS_PART_IMAGE, whole, length, sign, err)
                                                    : read_parts(question, whole, sign, err);
    cs_free(whole);
    return status;
}

/* ---- writing */

/* Whether `text` alone is read as a text of weight 1. */
static bool reads_as_itself(const char *text)
{
    cs_question question = {0};
    const bool same = cs_question_read(&question, text, 1, NULL) == CLIPSEARCH_OK && question.count == 1 &&
                      question.parts[0].kind == CS_PART_TEXT && question.parts[0].weight == 1 &&
                      strcmp(question.parts[0].text, text) == 0;
    cs_question_free(&question);
    return same;
}

static void put_part(cs_buf *buf, const cs_part *part)
{
    if (fabs(part->weight) != 1) {
        cs_put_double(buf, fabs(part->weight));
        cs_buf_putc(buf, ':');
    }
    if (part->kind == CS_PART_ITEM) {
        cs_buf_printf(buf, "--like %" PRId64, part->item);
    } else if (part->kind == CS_PART_TEXT) {
        const bool quoted =
            !reads_as_itself(part->text) || (fabs(part->weight) != 1 && *part->text >= '0' && *part->text <= '9');
        cs_buf_printf(buf, quoted ? "\"%s\"" : "%s", part->text);
    } else {
        cs_buf_puts(buf, part->text);
    }
    const clipsearch_region *r = &part->region;
    if (part->has_region)
        cs_buf_printf(buf, r->percent ? " --crop %g%%,%g%%,%g%%,%g%%" : " --crop %.0f,%.0f,%.0f,%.0f", r->x, r->y,
                      r->width, r->height);
}

void cs_question_put(cs_buf *buf, const cs_question *question)
{
    if (question->count == 1 && question->parts[0].kind == CS_PART_TEXT && question->parts[0].weight == 1 &&
        !question->parts[0].has_region) {
        cs_buf_puts(buf, question->parts[0].text); /* a plain query is shown as it is */
        return;
    }
    for (size_t i = 0; i < question->count; i++) {
        const bool minus = question->parts[i].weight < 0;
        if (i || minus)
            cs_buf_puts(buf, i ? minus ? " - " : " + " : "- ");
        put_part(buf, &question->parts[i]);
    }
}

void cs_question_free(cs_question *question)
{
    for (size_t i = 0; i < question->count; i++) {
        cs_free(question->parts[i].text);
        cs_buf_free(&question->parts[i].data);
    }
    cs_free(question->parts);
    cs_free(question->name);
    *question = (cs_question){0};
}
