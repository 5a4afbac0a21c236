/* SPDX-License-Identifier: MIT
 * cmd_search.c - clipsearch search: the images nearest to texts and images. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/commands/filter_arg.h"
#include "cli/commands/open.h"
#include "cli/commands/show_images.h"
#include "cli/image_flags.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "config/names.h"

#include <stdlib.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Everything one search holds. */
typedef struct search {
    const cs_args *args;
    cs_opened opened;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    size_t dim, context_length;
    cs_results results;
    cs_show show;
} search;

static int check_arguments(const cs_args *args)
{
    if (!args->operands.count)
        return cs_report_usage(CS_SEARCH, "no query was given; give a text in quotes, or --image FILE");
    if (args->json + args->paths + args->nul > 1)
        return cs_report_usage(CS_SEARCH, CS_ONE_OUTPUT);
    if (args->min_score.given && args->max_distance.given)
        return cs_report_usage(CS_SEARCH, "--min-score is for the metrics cosine and ip, --max-distance for l2; give "
                                          "one of them");
    for (size_t i = 0; i < args->operands.count; i++)
        if (!args->operands.items[i].text[strspn(args->operands.items[i].text, " \t\r\n")])
            return cs_report_usage(CS_SEARCH, "a query is empty");
    return cs_check_filter(args->filter);
}

/* Which towers the queries need: the other's weights are then never read. */
static unsigned towers_for(const cs_operands *queries)
{
    unsigned towers = 0;
    for (size_t i = 0; i < queries->count; i++)
        towers |= queries->items[i].is_image ? CLIPSEARCH_IMAGE_TOWER : CLIPSEARCH_TEXT_TOWER;
    return towers;
}

/* Open the collection and check that it can be searched as asked. */
static int open_collection(search *s)
{
    const clipsearch_collection_info *info = &s->opened.info;
    int code = cs_open_collection(s->args, NULL, CLIPSEARCH_READ_ONLY, &s->opened);
    if (code != CS_EXIT_FOUND)
        return code;
    if (info->count == 0) {
        char message[128];
        snprintf(message, sizeof message, "the collection %s has no images yet", info->name);
        cs_print_advice(message, CS_ADVICE_INGEST, &s->opened.settings, NULL);
        return CS_EXIT_NOTHING;
    }
    if (s->args->min_score.given && info->metric == CLIPSEARCH_L2)
        return cs_report_usage(
            CS_SEARCH, "the collection %s has distances (l2), where lower is nearer; give --max-distance", info->name);
    if (s->args->max_distance.given && info->metric != CLIPSEARCH_L2)
        return cs_report_usage(CS_SEARCH, "the collection %s has scores (%s), where higher is nearer; give --min-score",
                               info->name, cs_metric_names[info->metric]);
    return CS_EXIT_FOUND;
}

/* Open the collection's model and a session with it. */
static int open_model(search *s)
{
    clipsearch_error err;
    clipsearch_encoder_info encoder;
    clipsearch_session_options options;
    int code =
        cs_open_model(&s->opened.settings, s->opened.info.encoder, towers_for(&s->args->operands), false, &s->encoder);
    if (code != CS_EXIT_FOUND)
        return code;
    if (clipsearch_collection_check_encoder(s->opened.collection, s->encoder, &err) != CLIPSEARCH_OK)
        return cs_report_with_advice(&err, CS_STAGE_MODEL, CS_ADVICE_OTHER_MODEL, &s->opened.settings, NULL);
    clipsearch_session_options_init(&options);
    options.threads = (unsigned)s->opened.settings.threads;
    options.max_batch = 1;
    clipsearch_image_options image;
    clipsearch_image_options_init(&image);
    options.image = &image;
    cs_apply_image_flags(s->args, &image);
    if (clipsearch_session_open(s->encoder, &options, &s->session, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info_init(&encoder);
    clipsearch_encoder_describe(s->encoder, &encoder, NULL);
    s->dim = encoder.dim;
    s->context_length = encoder.context_length;
    return CS_EXIT_FOUND;
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

static clipsearch_status encode_query(const search *s, const cs_operand *query, float *vector, clipsearch_error *err)
{
    if (query->is_image)
        return clipsearch_encode_file(s->session, query->text, vector, err);
    clipsearch_status status = clipsearch_encode_texts(s->session, &query->text, 1, vector, err);
    if (status == CLIPSEARCH_OK && clipsearch_session_truncated(s->session) && !s->args->quiet)
        print_truncated(query->text, s->context_length);
    return status;
}

static void print_timing(const search *s, const cs_result *result, const clipsearch_search_stats *stats)
{
    cs_print_message("%s: %.1f ms (search %.1f ms), %zu of %llu images, %s", result->query, result->ms,
                     result->search_ms, clipsearch_hits_count(result->hits, 0),
                     (unsigned long long)s->opened.info.count, stats->graph ? "with the index" : "exact");
}

static int answer_query(search *s, const cs_operand *query, cs_result *result, float *vector)
{
    clipsearch_error err;
    clipsearch_search_stats stats;
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.has_limit = s->args->min_score.given || s->args->max_distance.given;
    options.limit = s->args->min_score.given ? s->args->min_score.value : s->args->max_distance.value;
    options.filter = s->args->filter;
    options.exact = s->args->exact;
    options.gone = s->args->gone;
    options.ef = s->args->ef.given ? s->args->ef.value : 0;
    clipsearch_search_stats_init(&stats);
    options.stats = &stats;
    result->is_image = query->is_image;
    result->query = query->text;
    const double start = cs_clock_ms();
    if (encode_query(s, query, vector, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_INPUT);
    const double encoded = cs_clock_ms();
    clipsearch_status status =
        clipsearch_search(s->opened.collection, vector, 1, s->opened.settings.k, &options, &result->hits, &err);
    if (status == CLIPSEARCH_E_LIMIT) /* the filter */
        return cs_report_usage(CS_SEARCH, "%s", err.message);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    const double end = cs_clock_ms();
    result->ms = end - start;
    result->search_ms = end - encoded;
    if (s->args->verbose)
        print_timing(s, result, &stats);
    return CS_EXIT_FOUND;
}

static int answer_all(search *s)
{
    int code = CS_EXIT_FOUND;
    const cs_operands *queries = &s->args->operands;
    float *vector = cs_alloc_array(s->dim, sizeof *vector); /* [dim] */
    s->results = (cs_results){.collection = s->opened.info.name,
                              .model = s->opened.info.encoder,
                              .metric = s->opened.info.metric,
                              .items = cs_zalloc_array(queries->count, sizeof *s->results.items)};
    if (!vector || !s->results.items)
        code = cs_report_memory();
    for (size_t i = 0; i < queries->count && code == CS_EXIT_FOUND; i++) {
        s->results.count++;
        code = answer_query(s, &queries->items[i], &s->results.items[i], vector);
    }
    cs_free(vector);
    return code;
}

/* Print the results, and show them in the other ways that are asked for. */
static int output_results(search *s)
{
    clipsearch_error err;
    clipsearch_status status = CLIPSEARCH_OK;
    const cs_args *args = s->args;
    if (cs_show_replaces_text(&s->show)) {
        /* they come below */
    } else if (args->json) {
        status = cs_print_json(&s->results, stdout, &err);
    } else if (args->paths || args->nul) {
        cs_print_paths(&s->results, args->nul ? '\0' : '\n', stdout);
    } else {
        char here[PATH_MAX]; /* paths below it are printed relative to it; a folder that was removed has no name */
        status = cs_print_text(&s->results, getcwd(here, sizeof here), stdout, &err);
    }
    return status == CLIPSEARCH_OK ? cs_show_results(&s->show, &s->results) : cs_report_error(&err, CS_STAGE_INPUT);
}

static int report_count(const search *s)
{
    const cs_args *args = s->args;
    for (size_t i = 0; i < s->results.count; i++)
        if (clipsearch_hits_count(s->results.items[i].hits, 0))
            return CS_EXIT_FOUND;
    const clipsearch_collection_info *info = &s->opened.info;
    if (args->quiet)
        return CS_EXIT_NOTHING;
    if (info->gone == info->count && !args->gone)
        cs_print_message("all images of the collection %s are gone: their files are not there (--gone shows them)",
                         info->name);
    else
        cs_print_message("nothing found%s%s",
                         args->min_score.given || args->max_distance.given ? " that is near enough" : "",
                         args->filter ? " among the images that pass the filter" : "");
    return CS_EXIT_NOTHING;
}

int cs_command_search(const cs_args *args)
{
    search s = {.args = args};
    int code = check_arguments(args);
    if (code == CS_EXIT_FOUND)
        code = cs_show_prepare(CS_SEARCH, args, &s.show);
    if (code == CS_EXIT_FOUND)
        code = open_collection(&s);
    if (code == CS_EXIT_FOUND)
        code = open_model(&s);
    if (code == CS_EXIT_FOUND)
        code = answer_all(&s);
    if (code == CS_EXIT_FOUND)
        code = output_results(&s);
    if (code == CS_EXIT_FOUND)
        code = report_count(&s);
    for (size_t i = 0; i < s.results.count; i++)
        clipsearch_hits_free(&s.results.items[i].hits);
    cs_free(s.results.items);
    cs_show_close(&s.show);
    clipsearch_session_close(&s.session);
    clipsearch_encoder_close(&s.encoder);
    cs_close_opened(&s.opened);
    return code;
}
