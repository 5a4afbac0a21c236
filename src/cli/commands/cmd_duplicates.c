/* SPDX-License-Identifier: MIT
 * cmd_duplicates.c - clipsearch duplicates: groups of equal and near-equal images. */
#include "cli/command.h"

#include "base/mem.h"
#include "cli/commands/folder_filter.h"
#include "cli/commands/open.h"
#include "cli/image_flags.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "cli/output/progress.h"
#include "cli/output/units.h"
#include "cli/signals.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* What is shown while the search runs. */
typedef struct watching {
    cs_progress_view view;
    bool quiet;
} watching;

/* An image that could not be read. */
static void report_bad(void *context, const char *path, const clipsearch_error *err)
{
    watching *w = context;
    (void)path;
    cs_progress_clear(&w->view);
    cs_print_message("%s", err->message);
}

static bool on_progress(void *context, const clipsearch_duplicates_progress *progress)
{
    watching *w = context;
    if (!w->quiet)
        cs_progress_show_duplicates(&w->view, progress);
    return cs_caught_signal() == 0;
}

static clipsearch_duplicate_level level_of(const char *name)
{
    int level = CLIPSEARCH_DUPLICATES_EXACT;
    if (!name)
        return CLIPSEARCH_DUPLICATES_SAME;
    while (strcmp(clipsearch_duplicate_level_name((clipsearch_duplicate_level)level), name) != 0)
        level++;
    return (clipsearch_duplicate_level)level;
}

/* The paths of those not to keep, byte for byte. Where there is no file there is nothing to move or remove. */
static void put_paths(const clipsearch_duplicates *found, char end, cs_buf *out)
{
    for (size_t g = 0; g < clipsearch_duplicates_groups(found); g++)
        for (size_t rank = 1; rank < clipsearch_duplicates_count(found, g); rank++) {
            const clipsearch_hit *hit = clipsearch_duplicates_get(found, g, rank, NULL);
            if (hit->gone)
                continue;
            cs_buf_puts(out, hit->path);
            cs_buf_putc(out, end);
        }
}

/* A block of lines for each group: the level, the sides, the path; "*" before the one to keep. */
static void put_text(const clipsearch_duplicates *found, const char *here, cs_buf *out)
{
    for (size_t g = 0; g < clipsearch_duplicates_groups(found); g++) {
        if (g)
            cs_buf_putc(out, '\n');
        for (size_t rank = 0; rank < clipsearch_duplicates_count(found, g); rank++) {
            clipsearch_duplicate_level level;
            const clipsearch_hit *hit = clipsearch_duplicates_get(found, g, rank, &level);
            cs_buf_printf(out, "%-6s  %" PRIu32 "x%" PRIu32 "  ",
                          rank ? clipsearch_duplicate_level_name(level) : "* keep", hit->width, hit->height);
            cs_put_printable(out, cs_relative_path(hit->path, here));
            cs_buf_puts(out, hit->gone ? " (gone)\n" : "\n");
        }
    }
}

static void put_json(const clipsearch_duplicates *found, const clipsearch_duplicates_report *report,
                     const char *collection, clipsearch_duplicate_level level, cs_buf *out)
{
    cs_buf_putc(out, '{');
    cs_put_member(out, "collection", collection);
    cs_buf_putc(out, ',');
    cs_put_member(out, "level", clipsearch_duplicate_level_name(level));
    cs_buf_printf(out,
                  ",\"images\":%" PRIu64 ",\"compared\":%" PRIu64 ",\"unreadable\":%" PRIu64 ",\"surplus\":%" PRIu64
                  ",\"surplus_bytes\":%" PRIu64 ",\n \"groups\":[",
                  report->images, report->decoded, report->unreadable, report->surplus, report->surplus_bytes);
    for (size_t g = 0; g < clipsearch_duplicates_groups(found); g++) {
        cs_buf_puts(out, g ? ",\n  {\"images\":[" : "\n  {\"images\":[");
        for (size_t rank = 0; rank < clipsearch_duplicates_count(found, g); rank++) {
            clipsearch_duplicate_level found_level;
            const clipsearch_hit *hit = clipsearch_duplicates_get(found, g, rank, &found_level);
            cs_buf_printf(out, "%s{\"id\":%" PRId64 ",", rank ? ",\n    " : "", hit->id);
            cs_put_path(out, hit->path);
            cs_buf_printf(out,
                          ",\"keep\":%s,\"level\":\"%s\",\"width\":%" PRIu32 ",\"height\":%" PRIu32 ",\"size\":%" PRIu64
                          ",\"gone\":%s}",
                          rank ? "false" : "true", clipsearch_duplicate_level_name(found_level), hit->width,
                          hit->height, hit->size, hit->gone ? "true" : "false");
        }
        cs_buf_puts(out, "]}");
    }
    cs_buf_puts(out, "]}\n");
}

static int print_found(const cs_args *args, const char *collection, const clipsearch_duplicates *found,
                       const clipsearch_duplicates_report *report)
{
    clipsearch_error err;
    char here[PATH_MAX]; /* a folder that was removed has no name */
    cs_buf out = cs_buf_make(SIZE_MAX / 2);
    if (args->json)
        put_json(found, report, collection, level_of(args->level), &out);
    else if (args->paths || args->nul)
        put_paths(found, args->nul ? '\0' : '\n', &out);
    else
        put_text(found, getcwd(here, sizeof here), &out);
    if (cs_print_buf(&out, stdout, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_INPUT);
    const bool nothing = !args->quiet && !report->groups;
    if (nothing && (report->images || !cs_say_none_chosen(args, collection)))
        cs_print_message("no duplicates among %" PRIu64 " image%s of the collection %s", report->images,
                         cs_plural(report->images), collection);
    return report->groups ? CS_EXIT_FOUND : CS_EXIT_NOTHING;
}

static int find_and_print(const cs_args *args, const char *filter, const cs_opened *opened)
{
    clipsearch_error err;
    clipsearch_duplicates *found = NULL;
    clipsearch_duplicates_options options;
    clipsearch_duplicates_report report;
    clipsearch_image_options image;
    clipsearch_duplicates_options_init(&options);
    clipsearch_duplicates_report_init(&report);
    clipsearch_image_options_init(&image);
    cs_apply_image_flags(args, &image);
    options.level = level_of(args->level);
    options.filter = filter;
    options.threads = (unsigned)opened->settings.threads;
    options.image = &image;
    watching w = {.view = cs_progress_open(), .quiet = args->quiet};
    options.bad = report_bad;
    options.progress = on_progress;
    options.context = &w;
    cs_catch_signals();
    clipsearch_status status = clipsearch_duplicates_find(opened->collection, &options, &found, &report, &err);
    cs_progress_clear(&w.view);
    int code = CS_EXIT_FOUND;
    if (status == CLIPSEARCH_E_CANCELLED) {
        cs_print_message("interrupted; no duplicates are shown");
        code = CS_EXIT_SIGNAL + cs_caught_signal();
    } else if (status == CLIPSEARCH_E_LIMIT) /* the filter */
        code = cs_report_usage(CS_DUPLICATES, "%s", err.message);
    else if (status != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_DATABASE);
    else
        code = print_found(args, opened->info.name, found, &report);
    clipsearch_duplicates_free(&found);
    return code;
}

int cs_command_duplicates(const cs_args *args)
{
    char *filter = NULL;
    cs_opened opened = {0};
    if (args->operands.count)
        return cs_report_operands(CS_DUPLICATES);
    if (args->json + args->paths + args->nul > 1)
        return cs_report_usage(CS_DUPLICATES, CS_ONE_OUTPUT);
    int code = cs_make_filter(CS_DUPLICATES, args, &filter);
    if (code == CS_EXIT_FOUND)
        code = cs_open_collection(args, NULL, CLIPSEARCH_READ_ONLY, &opened);
    if (code == CS_EXIT_FOUND)
        code = find_and_print(args, filter, &opened);
    cs_close_opened(&opened);
    cs_free(filter);
    return code;
}
