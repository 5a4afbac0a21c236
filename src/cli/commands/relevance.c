/* SPDX-License-Identifier: MIT
 * relevance.c - hits that fit their query, and queries that nothing fits. */
#include "cli/commands/relevance.h"

#include "base/mem.h"
#include "cli/command.h"
#include "cli/output/message.h"
#include "config/relevance_cache.h"

#include <string.h>

enum {
    MOST_NAMED = 10, /* queries that are named, each in a line; of more only the number is said */
    LONG_TEXT = 6    /* words of a text that is more than a thing and what it is like */
};

static bool is_asked_for(const cs_args *args)
{
    return args->relevant || args->min_relevance.given;
}

/* A question that has a part which is no text; NULL: there is none. */
static const cs_question *find_image(const cs_questions *questions)
{
    for (size_t q = 0; q < questions->count; q++)
        for (size_t i = 0; i < questions->items[q].count; i++)
            if (questions->items[q].parts[i].kind != CS_PART_TEXT)
                return &questions->items[q];
    return NULL;
}

float cs_least_relevance(const cs_args *args, const cs_settings *settings, const cs_questions *questions)
{
    if (is_asked_for(args))
        return args->relevant ? CLIPSEARCH_RELEVANT : args->min_relevance.value;
    return settings->min_relevance > 0 && !find_image(questions) ? settings->min_relevance : 0;
}

bool cs_wants_relevance(const cs_args *args, const cs_settings *settings, const cs_questions *questions)
{
    return is_asked_for(args) || cs_least_relevance(args, settings, questions) > 0;
}

int cs_check_relevance(const cs_args *args, const cs_questions *questions)
{
    if (!is_asked_for(args))
        return CS_EXIT_FOUND;
    const char *option = args->relevant ? "--relevant" : "--min-relevance";
    if (args->relevant && args->min_relevance.given)
        return cs_report_usage(CS_SEARCH, "--relevant is --min-relevance 0.5; give one of them");
    if (args->min_relevance.given && !(args->min_relevance.value >= 0 && args->min_relevance.value <= 1))
        return cs_report_usage(CS_SEARCH, "--min-relevance must be from 0 to 1");
    const cs_question *image = find_image(questions);
    if (image)
        return cs_report_usage(CS_SEARCH,
                               "%s is for queries of text, but \"%s\" has an image; for those there is --min-score",
                               option, image->name);
    return CS_EXIT_FOUND;
}

int cs_make_calibration(const cs_args *args, const cs_opened *opened, clipsearch_session *session,
                        clipsearch_calibration **calibration)
{
    clipsearch_error err;
    char *cache = cs_relevance_cache(opened->settings.db, opened->info.name);
    clipsearch_status status = clipsearch_calibrate(opened->collection, session, cache, calibration, &err);
    cs_free(cache);
    if (status == CLIPSEARCH_OK || (status == CLIPSEARCH_E_UNSUPPORTED && !is_asked_for(args)))
        return CS_EXIT_FOUND;
    const int code = cs_report_error(&err, CS_STAGE_DATABASE);
    return status == CLIPSEARCH_E_UNSUPPORTED ? CS_EXIT_USAGE : code;
}

static bool is_long(const char *text)
{
    static const char blanks[] = " \t\r\n";
    size_t words = 0;
    for (text += strspn(text, blanks); *text; text += strspn(text, blanks), words++)
        text += strcspn(text, blanks);
    return words >= LONG_TEXT;
}

void cs_note_irrelevant(const cs_results *results, const char *among)
{
    size_t count = 0;
    bool any_long = false;
    for (size_t i = 0; i < results->count; i++)
        if (!cs_result_count(&results->items[i])) {
            count++;
            any_long = any_long || is_long(results->items[i].query);
        }
    if (count > MOST_NAMED)
        cs_print_message("nothing in %s fits %zu of the %zu queries well%s", results->collection, count, results->count,
                         among);
    for (size_t i = 0; i < results->count && count <= MOST_NAMED; i++)
        if (!cs_result_count(&results->items[i]))
            cs_print_message("nothing in %s fits \"%s\" well%s", results->collection, results->items[i].query, among);
    if (any_long)
        cs_print_message("relevance says little of whole sentences: ask in a few words, or show all with "
                         "--min-relevance 0");
}
