/* SPDX-License-Identifier: MIT
 * search.c - clipsearch search: queries to pictures. */
#include "cli/command.h"

#include "base/mem.h"
#include "cli/commands/filter_arg.h"
#include "models/models.h"
#include "cli/commands/open.h"
#include "output/results.h"
#include "cli/output/say.h"
#include "config/settings.h"
#include "config/words.h"

#include <stdlib.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Everything one search holds. */
typedef struct search {
    const cs_args *args;
    cs_settings settings;
    clipsearch_database *db;
    clipsearch_collection *collection;
    clipsearch_encoder *encoder;
    clipsearch_session *session;
    clipsearch_collection_info info;
    size_t dim, context_length;
    cs_results results;
} search;

static int check_words(const cs_args *args)
{
    if (!args->words.count)
        return cs_usage(CS_SEARCH, "search for what? Give a sentence in quotes, or --image FILE");
    if (args->json + args->paths + args->nul > 1)
        return cs_usage(CS_SEARCH, "--json, --paths and --null are three ways to print; give one");
    if (args->min_score.given && args->max_distance.given)
        return cs_usage(CS_SEARCH, "--min-score is for the metrics cosine and ip, --max-distance for l2; give one");
    for (size_t i = 0; i < args->words.count; i++)
        if (!args->words.items[i].text[strspn(args->words.items[i].text, " \t\r\n")])
            return cs_usage(CS_SEARCH, "a query is empty");
    return CS_EXIT_FOUND;
}

/* Which towers the queries need: the other's weights are then never read. */
static unsigned towers_for(const cs_words *words)
{
    unsigned towers = 0;
    for (size_t i = 0; i < words->count; i++)
        towers |= words->items[i].is_image ? CLIPSEARCH_IMAGE_TOWER : CLIPSEARCH_TEXT_TOWER;
    return towers;
}

/* Open database and collection, and see whether there is anything in it. */
static int open_collection(search *s)
{
    int code = cs_open_collection(&s->settings, CLIPSEARCH_READ_ONLY, &s->db, &s->collection, &s->info);
    if (code != CS_EXIT_FOUND)
        return code;
    if (s->info.count == 0) {
        char what[128];
        snprintf(what, sizeof what, "the collection %s has no pictures yet", s->settings.collection);
        cs_say_ingest(&s->settings, what);
        return CS_EXIT_NOTHING;
    }
    if (s->args->min_score.given && s->info.metric == CLIPSEARCH_L2)
        return cs_usage(CS_SEARCH, "the collection %s has distances (l2), where lower is nearer; give --max-distance",
                        s->info.name);
    if (s->args->max_distance.given && s->info.metric != CLIPSEARCH_L2)
        return cs_usage(CS_SEARCH, "the collection %s has scores (%s), where higher is nearer; give --min-score",
                        s->info.name, cs_metric_words[s->info.metric]);
    return CS_EXIT_FOUND;
}

/* Open the collection's model, and the collection once more, which proves that they belong together. */
static int open_model(search *s)
{
    clipsearch_error err;
    char *encoder = cs_strdup(s->info.encoder);
    if (!encoder)
        return cs_report_memory();
    clipsearch_collection_close(&s->collection);
    clipsearch_status status =
        cs_model_open(&s->settings, encoder, towers_for(&s->args->words), false, &s->encoder, &err);
    cs_free(encoder);
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_MODEL);
    status = clipsearch_collection_open(s->db, s->settings.collection, s->encoder, &s->collection, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_describe(s->collection, &s->info, &err);
    if (status == CLIPSEARCH_E_MISMATCH) {
        cs_say("%s\nSearch with the model the collection was made with (--model), or ingest the pictures again into "
               "another collection (--collection)",
               err.message);
        return CS_EXIT_MODEL;
    }
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_DATABASE);
    clipsearch_session_options options;
    clipsearch_session_options_init(&options);
    options.threads = (unsigned)s->settings.threads;
    options.max_batch = 1;
    options.image.ignore_exif = s->args->exif && cs_word_index(s->args->exif, cs_exif_words) == 1;
    status = clipsearch_session_open(s->encoder, &options, &s->session, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_MODEL);
    clipsearch_encoder_info encoder_info;
    clipsearch_encoder_describe(s->encoder, &encoder_info);
    s->dim = encoder_info.dim;
    s->context_length = encoder_info.context_length;
    return CS_EXIT_FOUND;
}

/* The model reads only so many tokens; say so when a query goes on. */
static void note_overflow(const search *s, const char *text)
{
    int32_t *ids = cs_alloc_array(s->context_length, sizeof *ids);
    clipsearch_error why;
    size_t count;
    if (ids && !s->args->quiet &&
        clipsearch_tokenize(s->encoder, text, CLIPSEARCH_REFUSE, ids, s->context_length, &count, &why) ==
            CLIPSEARCH_E_LIMIT)
        cs_say("of a long query only its beginning counts: %s", why.message);
    cs_free(ids);
}

static int answer(search *s, cs_result *result, float *vector)
{
    clipsearch_error err;
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.has_limit = s->args->min_score.given || s->args->max_distance.given;
    options.filter = s->args->filter;
    options.exact = s->args->exact;
    options.ef = s->args->ef.given ? s->args->ef.value : 0;
    clipsearch_search_stats stats;
    options.stats = &stats;
    options.limit = s->args->min_score.given ? s->args->min_score.value : s->args->max_distance.value;
    double start = cs_now_ms();
    clipsearch_status status;
    if (result->query.is_image) {
        status = clipsearch_encode_file(s->session, result->query.text, vector, &err);
    } else {
        note_overflow(s, result->query.text);
        status = clipsearch_encode_texts(s->session, &result->query.text, 1, vector, &err);
    }
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_INPUT);
    double encoded = cs_now_ms();
    status = clipsearch_search(s->collection, vector, 1, s->settings.k, &options, &result->hits, &err);
    if (status == CLIPSEARCH_E_LIMIT) /* the filter */
        return cs_usage(CS_SEARCH, "%s", err.message);
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_DATABASE);
    result->ms = cs_now_ms() - start;
    result->search_ms = result->ms - (encoded - start);
    if (s->args->verbose)
        cs_say("%s: %.1f ms (searching %.1f), %zu of %llu pictures, %s", result->query.text, result->ms,
               result->search_ms, clipsearch_hits_count(result->hits, 0), (unsigned long long)s->info.count,
               stats.graph ? "by the index" : "exactly");
    return CS_EXIT_FOUND;
}

static int answer_all(search *s)
{
    int code = CS_EXIT_FOUND;
    const cs_words *words = &s->args->words;
    float *vector = cs_alloc_array(s->dim, sizeof *vector); /* [dim] */
    s->results.items = cs_zalloc_array(words->count, sizeof *s->results.items);
    if (!vector || !s->results.items)
        code = cs_report_memory();
    s->results.collection = s->info.name;
    s->results.model = s->info.encoder;
    s->results.metric = s->info.metric;
    for (size_t i = 0; i < words->count && code == CS_EXIT_FOUND; i++) {
        s->results.items[i].query = words->items[i];
        s->results.count++;
        code = answer(s, &s->results.items[i], vector);
    }
    cs_free(vector);
    return code;
}

static int print(const search *s)
{
    clipsearch_error err;
    clipsearch_status status = CLIPSEARCH_OK;
    const cs_args *args = s->args;
    if (args->json) {
        status = cs_print_json(&s->results, stdout, &err);
    } else if (args->paths || args->nul) {
        cs_print_paths(&s->results, args->nul ? '\0' : '\n', stdout);
    } else {
        char here[PATH_MAX]; /* paths below it are printed relative to it; a folder that was removed has no name */
        status = cs_print_text(&s->results, getcwd(here, sizeof here), stdout, &err);
    }
    if (status == CLIPSEARCH_OK && args->sheet)
        status = cs_draw_sheet(&s->results, args->sheet, &err);
    if (status != CLIPSEARCH_OK)
        return status == CLIPSEARCH_E_LIMIT ? cs_usage(CS_SEARCH, "%s", err.message) : cs_report(&err, CS_STAGE_INPUT);
    size_t found = 0;
    for (size_t i = 0; i < s->results.count; i++)
        found += clipsearch_hits_count(s->results.items[i].hits, 0);
    if (!found && !args->quiet)
        cs_say("nothing found%s%s", args->min_score.given || args->max_distance.given ? " that is near enough" : "",
               args->filter ? " among the pictures that pass the filter" : "");
    return found ? CS_EXIT_FOUND : CS_EXIT_NOTHING;
}

int cs_command_search(const cs_args *args)
{
    clipsearch_error err;
    search s = {.args = args};
    int code = check_words(args);
    if (code == CS_EXIT_FOUND)
        code = cs_check_filter(args->filter);
    if (code == CS_EXIT_FOUND && cs_settings_load(args, NULL, &s.settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    if (code == CS_EXIT_FOUND)
        code = open_collection(&s);
    if (code == CS_EXIT_FOUND)
        code = open_model(&s);
    if (code == CS_EXIT_FOUND)
        code = answer_all(&s);
    if (code == CS_EXIT_FOUND)
        code = print(&s);
    for (size_t i = 0; i < s.results.count; i++)
        clipsearch_hits_free(&s.results.items[i].hits);
    cs_free(s.results.items);
    clipsearch_session_close(&s.session);
    clipsearch_encoder_close(&s.encoder);
    clipsearch_collection_close(&s.collection);
    clipsearch_database_close(&s.db);
    cs_settings_free(&s.settings);
    return code;
}
