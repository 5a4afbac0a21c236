/* SPDX-License-Identifier: MIT
 * progress_json.c - progress as lines of JSON. */
#include "cli/output/progress_json.h"

#include "base/json.h"
#include "cli/output/print.h"
#include "cli/output/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LINE = 16 << 20 };

static const double INTERVAL_SECONDS = 1;

static const char *phase_name(clipsearch_phase phase)
{
    switch (phase) {
    case CLIPSEARCH_PHASE_WALK:
        return "walk";
    case CLIPSEARCH_PHASE_WAIT:
        return "wait";
    case CLIPSEARCH_PHASE_ENCODE:
        return "encode";
    case CLIPSEARCH_PHASE_PRUNE:
        return "prune";
    case CLIPSEARCH_PHASE_INDEX:
        return "index";
    }
    return "";
}

static void put_text(cs_buf *buf, const char *key, const char *text)
{
    cs_buf_printf(buf, ",\"%s\":", key);
    cs_json_put_string(buf, text, strlen(text));
}

static void put_path(cs_buf *buf, const char *path)
{
    cs_buf_putc(buf, ',');
    cs_put_path(buf, path);
}

/* null while it is not known. */
static void put_estimate(cs_buf *buf, const char *key, double value)
{
    if (value >= 0)
        cs_buf_printf(buf, ",\"%s\":%.2f", key, value);
    else
        cs_buf_printf(buf, ",\"%s\":null", key);
}

static void put_sources(cs_buf *buf, const clipsearch_progress *progress)
{
    cs_buf_puts(buf, ",\"sources\":[");
    for (size_t i = 0; i < progress->source_count; i++) {
        const clipsearch_source_progress *source = &progress->sources[i];
        cs_buf_printf(buf, "%s{\"found\":%" PRIu64 ",\"done\":%" PRIu64 ",\"skipped\":%" PRIu64, i ? "," : "",
                      source->found, source->done, source->skipped);
        put_path(buf, source->path);
        cs_buf_putc(buf, '}');
    }
    cs_buf_putc(buf, ']');
}

/* The end of every line. */
static void put_collection(cs_buf *buf, const char *collection)
{
    if (collection)
        put_text(buf, "collection", collection);
    cs_buf_putc(buf, '}');
}

void cs_put_progress_json(cs_buf *buf, const char *collection, const clipsearch_progress *progress)
{
    cs_buf_printf(buf,
                  "{\"phase\":\"%s\",\"seconds\":%.3f,\"found\":%" PRIu64 ",\"done\":%" PRIu64 ",\"stored\":%" PRIu64
                  ",\"unchanged\":%" PRIu64 ",\"skipped\":%" PRIu64,
                  phase_name(progress->phase), progress->seconds, progress->found, progress->done, progress->stored,
                  progress->unchanged, progress->skipped);
    put_estimate(buf, "rate", cs_progress_rate(progress));
    put_estimate(buf, "eta", cs_progress_seconds_left(progress));
    if (progress->phase == CLIPSEARCH_PHASE_WAIT)
        cs_buf_printf(buf, ",\"waits_for\":%" PRId64, progress->holder);
    if (progress->phase == CLIPSEARCH_PHASE_INDEX)
        cs_buf_printf(buf, ",\"index_done\":%" PRIu64 ",\"index_all\":%" PRIu64, progress->index_done,
                      progress->index_all);
    put_path(buf, progress->path ? progress->path : "");
    put_sources(buf, progress);
    put_collection(buf, collection);
}

/* One write a line, so that lines of two processes on one terminal or file are not mixed. */
static void print_line(cs_buf *buf)
{
    cs_buf_putc(buf, '\n');
    if (!buf->failed)
        fwrite(buf->data, 1, buf->len, stderr);
    fflush(stderr);
    cs_buf_free(buf);
}

void cs_progress_json_show(cs_progress_json *view, const clipsearch_progress *progress)
{
    if (view->printed >= 0 && view->phase == progress->phase && progress->seconds - view->printed < INTERVAL_SECONDS)
        return;
    view->printed = progress->seconds;
    view->phase = progress->phase;
    cs_buf buf = cs_buf_make(MAX_LINE);
    cs_put_progress_json(&buf, view->collection, progress);
    print_line(&buf);
}

void cs_progress_json_message(const char *collection, const char *phase, const char *path, const char *message)
{
    cs_buf buf = cs_buf_make(MAX_LINE);
    cs_buf_printf(&buf, "{\"phase\":\"%s\"", phase);
    if (path)
        put_path(&buf, path);
    put_text(&buf, path ? "error" : "message", message);
    put_collection(&buf, collection);
    print_line(&buf);
}

/* Sources that are missing, and files that were left out, by kind. */
static void put_left_out(cs_buf *buf, const clipsearch_ingest_report *report)
{
    cs_buf_printf(buf, ",\"missing_sources\":%" PRIu64 ",\"hidden\":%" PRIu64 ",\"left_out\":{",
                  report->missing_sources, report->hidden);
    for (size_t i = 0; i < report->kind_count; i++) {
        cs_buf_puts(buf, i ? "," : "");
        cs_json_put_string(buf, report->kinds[i].kind, strlen(report->kinds[i].kind));
        cs_buf_printf(buf, ":%" PRIu64, report->kinds[i].files);
    }
    cs_buf_putc(buf, '}');
}

void cs_progress_json_end(const char *collection, const clipsearch_ingest_report *report, clipsearch_status status,
                          int exit_code, const char *error)
{
    const char *phase = status == CLIPSEARCH_OK ? "done" : status == CLIPSEARCH_E_CANCELLED ? "cancelled" : "failed";
    cs_buf buf = cs_buf_make(MAX_LINE);
    cs_buf_printf(&buf,
                  "{\"phase\":\"%s\",\"exit\":%d,\"seconds\":%.3f,\"found\":%" PRIu64 ",\"inserted\":%" PRIu64
                  ",\"replaced\":%" PRIu64 ",\"unchanged\":%" PRIu64 ",\"moved\":%" PRIu64 ",\"copied\":%" PRIu64
                  ",\"updated\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"unreadable\":%" PRIu64 ",\"pruned\":%" PRIu64
                  ",\"gone\":%" PRIu64 ",\"kept\":%" PRIu64 ",\"returned\":%" PRIu64 ",\"indexed\":%s",
                  phase, exit_code, report->seconds, report->found, report->inserted, report->replaced,
                  report->unchanged, report->moved, report->copied, report->updated, report->skipped,
                  report->unreadable, report->pruned, report->gone, report->kept, report->returned,
                  report->indexed ? "true" : "false");
    put_left_out(&buf, report);
    if (error)
        put_text(&buf, "error", error);
    put_collection(&buf, collection);
    print_line(&buf);
}
