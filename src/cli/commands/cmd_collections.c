/* SPDX-License-Identifier: MIT
 * cmd_collections.c - clipsearch collections: the collections of the database, a line each. */
#include "cli/command.h"

#include "cli/commands/open.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "cli/output/units.h"
#include "config/names.h"

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
        cs_put_collection_json(&list->out, c, NULL);
    } else {
        cs_buf_printf(&list->out, "%s\t%s image%s\t%s\t", c->name, cs_format_count(c->count, count),
                      cs_plural(c->count), cs_metric_names[c->metric]);
        cs_put_printable(&list->out, c->encoder);
        cs_buf_putc(&list->out, '\n');
    }
    list->count++;
    return true;
}

int cs_command_collections(const cs_args *args)
{
    clipsearch_error err;
    cs_opened opened = {0};
    listing list = {.json = args->json, .out = cs_buf_make(64 << 20)};
    if (args->operands.count)
        return cs_report_operands(CS_COLLECTIONS);
    int code = cs_open_database(args, CLIPSEARCH_READ_ONLY, &opened);
    if (code == CS_EXIT_FOUND) {
        cs_buf_puts(&list.out, list.json ? "[" : "");
        if (clipsearch_database_collections(opened.db, on_collection, &list, &err) != CLIPSEARCH_OK)
            code = cs_report_error(&err, CS_STAGE_DATABASE);
        cs_buf_puts(&list.out, list.json ? "]\n" : "");
    }
    if (code == CS_EXIT_FOUND && cs_print_buf(&list.out, stdout, &err) != CLIPSEARCH_OK)
        code = cs_report_memory();
    if (code == CS_EXIT_FOUND && !list.count) {
        code = CS_EXIT_NOTHING;
        if (!args->quiet)
            cs_print_message("the database %s has no collections", opened.settings.db);
    }
    cs_buf_free(&list.out);
    cs_close_opened(&opened);
    return code;
}
