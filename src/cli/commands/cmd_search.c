/* SPDX-License-Identifier: MIT
 * cmd_search.c - clipsearch search: the images nearest to texts and images. */
#include "cli/command.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/commands/ask.h"
#include "cli/commands/attribute_advice.h"
#include "cli/commands/folder_filter.h"
#include "cli/commands/open.h"
#include "cli/commands/relevance.h"
#include "cli/commands/show_images.h"
#include "cli/input_list.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "cli/word_advice.h"
#include "config/names.h"

#include <stdlib.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Everything one search holds. */
typedef struct search {
    const cs_args *args;
    cs_opened opened;
    cs_questions questions;
    clipsearch_hits **answers; /* [questions] one for each batch, the rest NULL */
    char *filter;              /* of --filter, --since, --until, --in and --here; NULL: none */
    cs_results results;
    cs_show show;
} search;

static int check_arguments(const cs_args *args)
{
    if (!args->operands.count && !args->list)
        return cs_report_usage(CS_SEARCH, "no query was given; give a text in quotes, or --image FILE");
    if (args->json + args->paths + args->nul > 1)
        return cs_report_usage(CS_SEARCH, CS_ONE_OUTPUT);
    if (args->min_score.given && args->max_distance.given)
        return cs_report_usage(CS_SEARCH, "--min-score is for the metrics cosine and ip, --max-distance for l2; give "
                                          "one of them");
    return CS_EXIT_FOUND;
}

/* Add the queries of --list, a line each. */
static clipsearch_status read_list(const cs_args *args, cs_questions *questions, clipsearch_error *err)
{
    cs_input_list lines;
    const char *name = cs_input_name(args->list);
    clipsearch_status status = cs_read_inputs(args, &lines, err);
    for (size_t i = args->operands.count; i < lines.count && status == CLIPSEARCH_OK; i++) {
        char place[PATH_MAX + 64];
        snprintf(place, sizeof place, "%s: line %zu", name, i - args->operands.count + 1);
        status = cs_questions_add_line(questions, lines.items[i].text, place, err);
    }
    cs_free_inputs(&lines);
    return status;
}

static int read_questions(search *s)
{
    clipsearch_error err;
    clipsearch_status status = cs_questions_read(&s->args->operands, &s->questions, &err);
    if (status == CLIPSEARCH_OK && s->args->list)
        status = read_list(s->args, &s->questions, &err);
    if (status == CLIPSEARCH_E_ARGUMENT)
        return cs_report_usage(CS_SEARCH, "%s", err.message);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_INPUT);
    if (!s->args->quiet)
        cs_advise_about_texts(&s->questions);
    if (s->questions.count)
        return CS_EXIT_FOUND;
    cs_print_message("%s has no queries", cs_input_name(s->args->list));
    return CS_EXIT_NOTHING;
}

/* Open the collection and check that it can be searched as asked. */
static int open_collection(search *s)
{
    const clipsearch_collection_info *info = &s->opened.info;
    int code = cs_open_collection(s->args, NULL, CLIPSEARCH_READ_ONLY, &s->opened);
    if (code != CS_EXIT_FOUND)
        return code;
    if (s->args->min_score.given && info->metric == CLIPSEARCH_L2)
        return cs_report_usage(
            CS_SEARCH, "the collection %s has distances (l2), where lower is nearer; give --max-distance", info->name);
    if (s->args->max_distance.given && info->metric != CLIPSEARCH_L2)
        return cs_report_usage(CS_SEARCH, "the collection %s has scores (%s), where higher is nearer; give --min-score",
                               info->name, cs_metric_names[info->metric]);
    return CS_EXIT_FOUND;
}

static int answer_all(search *s)
{
    s->results = (cs_results){.collection = s->opened.info.name,
                              .model = s->opened.info.encoder,
                              .metric = s->opened.info.metric,
                              .relevance = s->args->min_relevance.given,
                              .items = cs_zalloc_array(s->questions.count, sizeof *s->results.items),
                              .count = s->questions.count};
    s->answers = cs_zalloc_array(s->questions.count, sizeof *s->answers);
    if (!s->results.items || !s->answers) {
        s->results.count = 0;
        return cs_report_memory();
    }
    return cs_ask_questions(s->args, s->filter, &s->opened, &s->questions, s->answers, s->results.items);
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

/* What a message ends with when only some of the images were searched. */
static const char *among(const search *s)
{
    if (!s->filter)
        return "";
    return s->args->filter || s->args->since || s->args->until ? " among the images that pass the filter"
                                                               : " among the images in these directories";
}

static int report_count(const search *s)
{
    const cs_args *args = s->args;
    const clipsearch_collection_info *info = &s->opened.info;
    if (info->count == 0) {
        char message[128];
        snprintf(message, sizeof message, "the collection %s has no images yet", info->name);
        cs_print_advice(message, CS_ADVICE_INGEST, &s->opened.settings, NULL);
        return CS_EXIT_NOTHING;
    }
    const bool relevance = cs_least_relevance(args, &s->opened.settings, &s->questions) > 0;
    if (relevance && !args->quiet)
        cs_note_irrelevant(&s->results, among(s));
    for (size_t i = 0; i < s->results.count; i++)
        if (cs_result_count(&s->results.items[i]))
            return CS_EXIT_FOUND;
    if (args->quiet)
        return CS_EXIT_NOTHING;
    if (info->gone == info->count && !args->gone)
        cs_print_message("all images of the collection %s are gone: their files are not there (--gone shows them)",
                         info->name);
    else if (!relevance)
        cs_print_message("nothing found%s%s",
                         args->min_score.given || args->max_distance.given ? " that is near enough" : "", among(s));
    cs_advise_about_attributes(s->opened.collection, s->opened.info.name, args->filter);
    return CS_EXIT_NOTHING;
}

int cs_command_search(const cs_args *args)
{
    search s = {.args = args};
    int code = check_arguments(args);
    if (code == CS_EXIT_FOUND)
        code = cs_make_filter(CS_SEARCH, args, &s.filter);
    if (code == CS_EXIT_FOUND)
        code = cs_show_prepare(CS_SEARCH, args, &s.show);
    if (code == CS_EXIT_FOUND)
        code = read_questions(&s);
    if (code == CS_EXIT_FOUND)
        code = cs_check_relevance(args, &s.questions);
    if (code == CS_EXIT_FOUND)
        code = open_collection(&s);
    if (code == CS_EXIT_FOUND)
        code = answer_all(&s);
    if (code == CS_EXIT_FOUND)
        code = output_results(&s);
    if (code == CS_EXIT_FOUND)
        code = report_count(&s);
    for (size_t i = 0; i < s.results.count; i++)
        clipsearch_hits_free(&s.answers[i]);
    cs_free(s.answers);
    cs_free(s.results.items);
    cs_questions_free(&s.questions);
    cs_free(s.filter);
    cs_show_close(&s.show);
    cs_close_opened(&s.opened);
    return code;
}
