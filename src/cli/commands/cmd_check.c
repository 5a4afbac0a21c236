/* SPDX-License-Identifier: MIT
 * cmd_check.c - clipsearch check: whether rows and index are sound, and how good the recall of searches is. */
#include "cli/command.h"

#include "base/decimal.h"
#include "base/json.h"
#include "cli/commands/for_each_collection.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "cli/output/units.h"
#include "config/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct checking {
    const cs_args *args;
    cs_buf out;
    size_t count;
    bool damaged; /* an index is damaged */
} checking;

static const char *const state_words[] = {
    [CLIPSEARCH_INDEX_NONE] = "none",
    [CLIPSEARCH_INDEX_USABLE] = "usable",
    [CLIPSEARCH_INDEX_UNUSED] = "unused",
    [CLIPSEARCH_INDEX_DAMAGED] = "damaged",
};

/* `trouble`: what is wrong, or "". */
static void put_json(checking *c, const clipsearch_collection_info *info, const clipsearch_check_report *r,
                     const char *trouble)
{
    cs_buf *buf = &c->out;
    cs_buf_puts(buf, c->count ? ",\n {" : "{");
    cs_put_member(buf, "name", info->name);
    cs_buf_puts(buf, ",\"precisions\":[");
    cs_put_precisions(buf, info->precisions, "\"", ",");
    cs_buf_printf(buf, "],\"sound\":%s,", trouble[0] ? "false" : "true");
    cs_put_member(buf, "trouble", trouble);
    cs_buf_printf(buf, ",\"images\":%" PRIu64 ",\"index\":{\"state\":\"%s\",", r->images, state_words[r->state]);
    cs_put_member(buf, "why", r->why);
    cs_buf_printf(buf,
                  ",\"bytes\":%" PRIu64 ",\"vectors\":%" PRIu64 ",\"changes\":%" PRIu64 ",\"missing\":%" PRIu64
                  ",\"surplus\":%" PRIu64 ",\"broken\":%" PRIu64 ",\"unreachable\":%" PRIu64 ",\"links\":%" PRIu64
                  ",\"reciprocal\":%" PRIu64 ",\"removed\":%" PRIu64 ",\"levels\":%d}",
                  r->file_bytes, r->vectors, r->changes, r->missing, r->surplus, r->broken, r->unreachable, r->links,
                  r->reciprocal, r->removed, r->levels);
    if (r->sample) {
        cs_buf_printf(buf, ",\"sample\":%" PRIu64 ",\"recall_at_10\":", r->sample);
        cs_put_double(buf, r->recall);
    }
    if (r->query_sample) {
        cs_buf_printf(buf, ",\"sentences\":{\"sample\":%" PRIu64 ",\"recall_at_10\":", r->query_sample);
        cs_put_double(buf, r->query_recall);
        cs_buf_putc(buf, '}');
    }
    cs_buf_putc(buf, '}');
}

static void put_recall(cs_buf *buf, const clipsearch_check_report *r)
{
    if (r->sample)
        cs_buf_printf(buf, "  recall@10  %.4f for images, measured with %" PRIu64 " of its own vectors\n", r->recall,
                      r->sample);
}

static void put_index(cs_buf *buf, const clipsearch_check_report *r)
{
    char bytes[32], vectors[27], changes[27], links[27];
    cs_buf_printf(buf, "  index      %s, %s vectors, %s changes since\n", cs_format_bytes(r->file_bytes, bytes),
                  cs_format_count(r->vectors, vectors), cs_format_count(r->changes, changes));
    cs_buf_printf(buf,
                  "  graph      %s links, %.0f %% of them in both directions, %d upper level%s; %" PRIu64
                  " removed, %" PRIu64 " unreachable, %" PRIu64 " broken\n",
                  cs_format_count(r->links, links), r->links ? 100.0 * (double)r->reciprocal / (double)r->links : 0,
                  r->levels, r->levels == 1 ? "" : "s", r->removed, r->unreachable, r->broken);
    if (r->missing || r->surplus)
        cs_buf_printf(buf, "  vectors    %" PRIu64 " missing, %" PRIu64 " too many\n", r->missing, r->surplus);
    put_recall(buf, r);
    if (r->query_sample)
        cs_buf_printf(buf, "             %.4f for sentences, measured with %" PRIu64 "\n", r->query_recall,
                      r->query_sample);
}

static void put_server_index(cs_buf *buf, const clipsearch_check_report *r)
{
    cs_buf_puts(buf, "  index      ");
    cs_put_printable(buf, r->why);
    cs_buf_putc(buf, '\n');
    put_recall(buf, r);
}

/* Vectors of several precisions are compared with one another, which costs a little of the order of hits. */
static void put_precisions(cs_buf *buf, unsigned precisions)
{
    const bool several = (precisions & (precisions - 1)) != 0;
    if (!precisions)
        return;
    cs_buf_puts(buf, several ? "  precision  some vectors were computed in " : "  precision  ");
    cs_put_precisions(buf, precisions, "", ", some in ");
    cs_buf_puts(buf, several ? "; `clipsearch ingest --remodel --precision WHAT` encodes all in one\n" : "\n");
}

static void put_text(checking *c, const clipsearch_collection_info *info, const clipsearch_check_report *r,
                     const char *trouble)
{
    char count[27];
    cs_buf *buf = &c->out;
    cs_buf_printf(buf, "%s: %s image%s, %s\n", info->name, cs_format_count(r->images, count), cs_plural(r->images),
                  trouble[0] ? "NOT sound" : "sound");
    put_precisions(buf, info->precisions);
    if (r->state == CLIPSEARCH_INDEX_NONE)
        cs_buf_puts(buf, "  index      none; so few images are searched exactly\n");
    else if (r->links)
        put_index(buf, r);
    else if (r->state == CLIPSEARCH_INDEX_USABLE && r->why[0])
        put_server_index(buf, r);
    if (r->state == CLIPSEARCH_INDEX_UNUSED || r->state == CLIPSEARCH_INDEX_DAMAGED) {
        cs_buf_printf(buf, "  index      %s: ", state_words[r->state]);
        cs_put_printable(buf, r->why);
        cs_buf_putc(buf, '\n');
    }
    if (trouble[0] && r->state != CLIPSEARCH_INDEX_DAMAGED) {
        cs_buf_puts(buf, "  trouble    ");
        cs_put_printable(buf, trouble);
        cs_buf_putc(buf, '\n');
    }
}

/* Write the index again and check it once more. */
static clipsearch_status repair_index(const cs_settings *settings, clipsearch_collection *collection, size_t sample,
                                      clipsearch_check_report *report, clipsearch_error *err)
{
    clipsearch_checkpoint_options options;
    clipsearch_checkpoint_options_init(&options);
    options.threads = (unsigned)settings->threads;
    options.rebuild = true;
    clipsearch_status status = clipsearch_collection_checkpoint(collection, &options, err);
    return status == CLIPSEARCH_OK ? clipsearch_collection_check(collection, sample, report, err) : status;
}

static int check_collection(void *context, const cs_settings *settings, clipsearch_collection *collection)
{
    checking *c = context;
    clipsearch_error err = {0};
    clipsearch_check_report report;
    clipsearch_check_report_init(&report);
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    clipsearch_status status = clipsearch_collection_describe(collection, &info, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    status = clipsearch_collection_check(collection, c->args->sample.value, &report, &err);
    if (c->args->repair &&
        (status == CLIPSEARCH_E_FORMAT || (status == CLIPSEARCH_OK && report.state == CLIPSEARCH_INDEX_UNUSED))) {
        if (!c->args->quiet)
            cs_print_message("%s; writing it again", report.why);
        err = (clipsearch_error){0};
        status = repair_index(settings, collection, c->args->sample.value, &report, &err);
    }
    const bool unsound = status == CLIPSEARCH_E_FORMAT || status == CLIPSEARCH_E_DATABASE;
    if (status != CLIPSEARCH_OK && !unsound)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    if (unsound && report.state != CLIPSEARCH_INDEX_DAMAGED) /* the last line says what helps against that */
        cs_print_message("%s", err.message);
    (c->args->json ? put_json : put_text)(c, &info, &report, unsound ? err.message : "");
    c->count++;
    c->damaged = c->damaged || report.state == CLIPSEARCH_INDEX_DAMAGED;
    return unsound ? CS_EXIT_DATABASE : CS_EXIT_FOUND;
}

int cs_command_check(const cs_args *args)
{
    cs_opened opened = {0};
    checking c = {.args = args, .out = cs_buf_make(64 << 20)};
    int code = cs_open_database(args, args->repair ? 0 : CLIPSEARCH_READ_ONLY, &opened);
    if (code == CS_EXIT_FOUND) {
        clipsearch_database_on_note(opened.db, NULL, NULL); /* the report has it all */
        code = cs_for_each_collection(&opened, &args->operands, check_collection, &c);
        if (c.out.failed)
            code = cs_report_memory();
        else if (args->json)
            printf("[%s]\n", c.out.data ? c.out.data : "");
        else if (!args->quiet || code != CS_EXIT_FOUND)
            fputs(c.out.data ? c.out.data : "", stdout);
    }
    if (c.damaged && !args->quiet)
        cs_print_advice("an index is damaged; searches are exact and slower", CS_ADVICE_REPAIR, &opened.settings, "");
    cs_close_opened(&opened);
    cs_buf_free(&c.out);
    return code;
}
