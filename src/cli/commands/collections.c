/* SPDX-License-Identifier: MIT
 * collections.c - clipsearch collections: what is in the database, a line a collection. */
#include "cli/command.h"

#include "cli/commands/open.h"
#include "output/results.h"
#include "cli/output/say.h"
#include "config/words.h"

#include <stdio.h>

typedef struct listing {
    bool json;
    size_t count;
    cs_buf out;
} listing;

static bool on_collection(void *context, const clipsearch_collection_info *c)
{
    listing *list = context;
    char count[27];
    if (list->json) {
        cs_buf_puts(&list->out, list->count ? ",\n " : "");
        cs_put_collection_json(&list->out, c);
    } else {
        cs_buf_printf(&list->out, "%s\t%s %s\t%s\t", c->name, cs_grouped(c->count, count),
                      c->count == 1 ? "picture" : "pictures", cs_metric_words[c->metric]);
        cs_put_printable(&list->out, c->encoder);
        cs_buf_putc(&list->out, '\n');
    }
    list->count++;
    return true;
}

int cs_command_collections(const cs_args *args)
{
    clipsearch_error err;
    cs_settings settings;
    clipsearch_database *db = NULL;
    listing list = {.json = args->json, .out = cs_buf_make(64 << 20)};
    if (args->words.count)
        return cs_usage(CS_COLLECTIONS,
                        "collections takes no words; to search for the word: clipsearch search collections");
    int code = CS_EXIT_FOUND;
    if (cs_settings_load(args, NULL, &settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    if (code == CS_EXIT_FOUND)
        code = cs_open_database(&settings, CLIPSEARCH_READ_ONLY, &db);
    if (code == CS_EXIT_FOUND) {
        cs_buf_puts(&list.out, list.json ? "[" : "");
        if (clipsearch_database_collections(db, on_collection, &list, &err) != CLIPSEARCH_OK)
            code = cs_report(&err, CS_STAGE_DATABASE);
        cs_buf_puts(&list.out, list.json ? "]\n" : "");
    }
    if (code == CS_EXIT_FOUND && list.out.failed)
        code = cs_report_memory();
    if (code == CS_EXIT_FOUND && list.out.len)
        fwrite(list.out.data, 1, list.out.len, stdout);
    if (code == CS_EXIT_FOUND && !list.count) {
        code = CS_EXIT_NOTHING;
        if (!args->quiet)
            cs_say("the database %s holds no collections", settings.db);
    }
    clipsearch_database_close(&db);
    cs_buf_free(&list.out);
    cs_settings_free(&settings);
    return code;
}
