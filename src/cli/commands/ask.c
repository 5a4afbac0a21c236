/* SPDX-License-Identifier: MIT
 * ask.c - from questions as they were written to the library's, and their hits. */
#include "cli/commands/ask.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/commands/relevance.h"
#include "cli/image_flags.h"
#include "cli/image_input.h"
#include "cli/output/message.h"
#include "models/web_image.h"

#include <string.h>

enum {
    BATCH = 256,   /* questions that are asked together */
    MAX_TEXTS = 32 /* texts that are encoded together */
};

static const size_t most_image_bytes = (size_t)1 << 30; /* of all images that are kept as bytes, 64 MiB or more each */

typedef struct asking {
    const cs_args *args;
    const char *filter;
    const cs_opened *opened;
    cs_questions *questions;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    clipsearch_calibration *calibration; /* NULL: hits get no relevance */
    float least_relevance;
    bool without_texts; /* texts are asked for, and the model cannot read them */
    /* of one batch */
    clipsearch_question *asked; /* [BATCH] */
    clipsearch_part *parts;     /* of all questions of the batch, in turn */
    size_t part_capacity;
} asking;

/* ---- images from the web and from pipes */

/* Read the bytes of an image that the library does not read itself. */
static clipsearch_status read_image(const asking *a, cs_part *part, clipsearch_error *err)
{
    if (part->kind == CS_PART_URL)
        return cs_web_image_get(part->text, a->args->allow_local_urls, &part->data, err);
    if (part->kind != CS_PART_IMAGE || !cs_is_stream(part->text))
        return CLIPSEARCH_OK;
    clipsearch_image_options limits;
    clipsearch_image_options_init(&limits);
    cs_apply_image_flags(a->args, &limits);
    return cs_read_image_stream(part->text, limits.max_bytes, &part->data, err);
}

static int read_images(asking *a)
{
    clipsearch_error err;
    size_t bytes = 0;
    for (size_t q = 0; q < a->questions->count; q++)
        for (size_t i = 0; i < a->questions->items[q].count; i++) {
            cs_part *part = &a->questions->items[q].parts[i];
            clipsearch_status status = read_image(a, part, &err);
            bytes += part->data.len;
            if (status == CLIPSEARCH_OK && bytes > most_image_bytes)
                status = cs_fail(&err, CLIPSEARCH_E_LIMIT,
                                 "the images of the queries from the web and from pipes have more than 1 GiB; ask in "
                                 "several runs");
            if (status == CLIPSEARCH_OK)
                continue;
            return part->kind == CS_PART_URL && err.code == CLIPSEARCH_E_ARGUMENT
                       ? cs_report_with_advice(&err, CS_STAGE_INPUT, CS_ADVICE_LOCAL_URL, NULL, NULL)
                       : cs_report_error(&err, CS_STAGE_INPUT);
        }
    return CS_EXIT_FOUND;
}

/* ---- the model */

/* Which towers the questions need: the other's weights are then never read. *texts receives the number of texts. */
static unsigned towers_for(const cs_questions *questions, size_t *texts)
{
    unsigned towers = 0;
    *texts = 0;
    for (size_t q = 0; q < questions->count; q++)
        for (size_t i = 0; i < questions->items[q].count; i++) {
            const cs_part_kind kind = questions->items[q].parts[i].kind;
            towers |= kind == CS_PART_TEXT ? CLIPSEARCH_TEXT_TOWER : kind == CS_PART_ITEM ? 0 : CLIPSEARCH_IMAGE_TOWER;
            *texts += kind == CS_PART_TEXT;
        }
    return towers;
}

/* Open the collection's model and a session with it, if a part must be encoded; make the calibration, if hits are to
 * get a relevance. */
static int open_model(asking *a)
{
    size_t texts;
    clipsearch_error err;
    const cs_settings *settings = &a->opened->settings;
    const unsigned towers = towers_for(a->questions, &texts);
    if (!towers)
        return CS_EXIT_FOUND;
    if (!a->opened->info.fingerprint[0] && !a->opened->info.foreign)
        return cs_report_no_model(a->opened->info.name);
    const cs_collection_model made = cs_model_of(&a->opened->info);
    int code = cs_open_model(settings, &made, towers, false, &a->encoder);
    if (code != CS_EXIT_FOUND)
        return code;
    if (clipsearch_collection_check_encoder(a->opened->collection, a->encoder, &err) != CLIPSEARCH_OK)
        return cs_report_with_advice(&err, CS_STAGE_MODEL, CS_ADVICE_OTHER_MODEL, settings,
                                     settings->model ? settings->model : made.encoder);
    clipsearch_session_options options;
    clipsearch_session_options_init(&options);
    options.threads = (unsigned)settings->threads;
    const bool many = texts > MAX_TEXTS || cs_wants_relevance(a->args, settings, a->questions);
    options.max_batch = many ? MAX_TEXTS : texts ? texts : 1;
    clipsearch_image_options image;
    clipsearch_image_options_init(&image);
    options.image = &image;
    cs_apply_image_flags(a->args, &image);
    if (clipsearch_session_open(a->encoder, &options, &a->session, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(a->encoder, &info, NULL);
    a->without_texts = texts && !(info.towers & CLIPSEARCH_TEXT_TOWER);
    a->least_relevance = cs_least_relevance(a->args, settings, a->questions);
    return cs_wants_relevance(a->args, settings, a->questions)
               ? cs_make_calibration(a->args, a->opened, a->session, &a->calibration)
               : CS_EXIT_FOUND;
}

static void print_truncated(const char *text, size_t tokens)
{
    size_t n = strnlen(text, 40); /* bytes that identify the query, whole characters only */
    while (n && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    cs_print_message(
        "the query \"%.*s...\" is longer than the %zu tokens that the model reads; only its beginning counts", (int)n,
        text, tokens);
}

/* Name the texts of a batch that were truncated. */
static void note_truncated(const asking *a, size_t first, size_t count)
{
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    if (a->args->quiet || !clipsearch_session_truncated(a->session) ||
        clipsearch_encoder_describe(a->encoder, &info, NULL) != CLIPSEARCH_OK)
        return;
    int32_t *ids = cs_alloc_array(info.context_length, sizeof *ids);
    for (size_t q = first; q < first + count && ids; q++)
        for (size_t i = 0; i < a->questions->items[q].count; i++) {
            const char *text = a->questions->items[q].parts[i].text;
            size_t tokens;
            if (a->questions->items[q].parts[i].kind == CS_PART_TEXT &&
                clipsearch_tokenize(a->encoder, text, CLIPSEARCH_REFUSE, ids, info.context_length, &tokens, NULL) ==
                    CLIPSEARCH_E_LIMIT)
                print_truncated(text, info.context_length);
        }
    cs_free(ids);
}

/* ---- asking */

static clipsearch_part library_part(const cs_part *part)
{
    clipsearch_part out;
    clipsearch_part_init(&out);
    out.weight = part->weight;
    out.region = part->has_region ? &part->region : NULL;
    if (part->kind == CS_PART_TEXT) {
        out.text = part->text;
    } else if (part->kind == CS_PART_ITEM) {
        out.id = part->item;
    } else {
        out.path = cs_input_name(part->text);
        out.image = part->data.len ? part->data.data : NULL;
        out.image_size = part->data.len;
    }
    return out;
}

/* Make the library's questions [count] of the program's, from number `first` on. */
static clipsearch_status prepare(asking *a, size_t first, size_t count, clipsearch_error *err)
{
    size_t parts = 0, at = 0;
    for (size_t q = 0; q < count; q++)
        parts += a->questions->items[first + q].count;
    clipsearch_part *room = cs_grow(a->parts, &a->part_capacity, parts, sizeof *room);
    if (!room)
        return cs_fail_memory(err, "the queries");
    a->parts = room;
    for (size_t q = 0; q < count; q++) {
        const cs_question *question = &a->questions->items[first + q];
        clipsearch_question *out = &a->asked[q];
        clipsearch_question_init(out);
        out->parts = a->parts + at;
        out->part_count = question->count;
        out->name = question->name;
        out->with_self = a->args->with_self;
        for (size_t i = 0; i < question->count; i++)
            a->parts[at++] = library_part(&question->parts[i]);
    }
    return CLIPSEARCH_OK;
}

static void print_timing(const asking *a, const cs_result *result, const clipsearch_search_stats *stats)
{
    cs_print_message("%s: %.1f ms (search %.1f ms), %zu of %llu images, %s", result->query, result->ms,
                     result->search_ms, cs_result_count(result), (unsigned long long)a->opened->info.count,
                     stats->graph || stats->scanned ? "with the index" : "exact");
}

/* A question that is one whole image file is shown as that file. */
static bool is_one_image(const cs_question *question)
{
    return question->count == 1 && question->parts->kind == CS_PART_IMAGE && question->parts->weight == 1;
}

/* Print an error of clipsearch_ask. What is wrong with a file is not the database's fault, nor is a number that no
 * image has. */
static int report_failure(const clipsearch_error *err)
{
    const int code = cs_report_error(err, err->code == CLIPSEARCH_E_DATABASE ? CS_STAGE_DATABASE : CS_STAGE_INPUT);
    return err->code == CLIPSEARCH_E_NOT_FOUND ? CS_EXIT_NOTHING : code;
}

/* The result of a question that nothing has been found for yet. */
static cs_result make_result(const cs_question *question)
{
    const bool image = is_one_image(question);
    return (cs_result){.is_image = image,
                       .query = image ? question->parts->text : question->name,
                       .bytes = image && question->parts->data.len ? question->parts->data.data : NULL,
                       .size = image ? question->parts->data.len : 0,
                       .question = question};
}

/* Ask questions [first, first + count) together. */
static int ask_batch(asking *a, size_t first, size_t count, clipsearch_hits **answer, cs_result *results)
{
    clipsearch_error err;
    clipsearch_search_stats stats;
    clipsearch_search_options options;
    const cs_args *args = a->args;
    clipsearch_search_options_init(&options);
    options.has_limit = args->min_score.given || args->max_distance.given;
    options.limit = args->min_score.given ? args->min_score.value : args->max_distance.value;
    options.filter = a->filter;
    options.exact = args->exact;
    options.fold_copies = !args->all;
    options.gone = args->gone;
    options.ef = args->ef.given ? args->ef.value : 0;
    options.calibration = a->calibration;
    options.min_relevance = a->calibration ? cs_least_relevance(args, &a->opened->settings, a->questions) : 0;
    clipsearch_search_stats_init(&stats);
    options.stats = &stats;
    clipsearch_status status = prepare(a, first, count, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_ask(a->opened->collection, a->session, a->asked, count, a->opened->settings.k, &options,
                                answer, &err);
    if (status != CLIPSEARCH_OK)
        return status == CLIPSEARCH_E_ARGUMENT && a->without_texts
                   ? cs_report_with_advice(&err, CS_STAGE_INPUT, CS_ADVICE_TEXTS, &a->opened->settings, NULL)
                   : report_failure(&err);
    note_truncated(a, first, count);
    for (size_t q = 0; q < count; q++) {
        results[q] = make_result(&a->questions->items[first + q]);
        results[q].ms = (stats.encode_ms + stats.search_ms) / (double)count;
        results[q].search_ms = stats.search_ms / (double)count;
        results[q].hits = *answer;
        results[q].number = q;
    }
    if (args->verbose)
        print_timing(a, results, &stats);
    return CS_EXIT_FOUND;
}

int cs_ask_questions(const cs_args *args, const char *filter, const cs_opened *opened, cs_questions *questions,
                     clipsearch_hits **answers, cs_result *results)
{
    if (!opened->info.count) { /* no model is needed to find nothing */
        for (size_t q = 0; q < questions->count; q++)
            results[q] = make_result(&questions->items[q]);
        return CS_EXIT_FOUND;
    }
    asking a = {.args = args,
                .filter = filter,
                .opened = opened,
                .questions = questions,
                .asked = cs_alloc_array(BATCH, sizeof *a.asked)};
    const size_t batch = args->verbose ? 1 : BATCH; /* each with its own time */
    int code = a.asked ? read_images(&a) : cs_report_memory();
    if (code == CS_EXIT_FOUND)
        code = open_model(&a);
    for (size_t first = 0, count; first < questions->count && code == CS_EXIT_FOUND; first += count) {
        count = questions->count - first < batch ? questions->count - first : batch;
        code = ask_batch(&a, first, count, &answers[first], results + first);
    }
    cs_free(a.asked);
    cs_free(a.parts);
    clipsearch_calibration_free(&a.calibration);
    clipsearch_session_close(&a.session);
    clipsearch_encoder_close(&a.encoder);
    return code;
}
