/* SPDX-License-Identifier: MIT
 * api_duplicates.c - POST /v1/duplicates: groups of equal and near-equal images. */
#include "base/clock.h"
#include "base/mem.h"
#include "output/item_json.h"
#include "server/api.h"
#include "server/hit_json.h"
#include "server/search_json.h"
#include "server/site.h"

#include <inttypes.h>
#include <string.h>

typedef struct wanted {
    char *collection, *filter, *level;
} wanted;

static clipsearch_status read_request(const cs_request *request, wanted *w, clipsearch_error *err)
{
    static const char *const known[] = {"collection", "filter", "level", NULL};
    cs_json_document *document = NULL;
    clipsearch_status status = cs_request_json(request, &document, err);
    const cs_json *root = document ? cs_json_root(document) : NULL;
    if (status == CLIPSEARCH_OK)
        status = cs_json_check_keys(root, known, "a search for duplicates", err);
    for (const cs_json *each = root ? root->first : NULL; each && status == CLIPSEARCH_OK; each = each->next) {
        if (each->type == CS_JSON_NULL)
            continue;
        char **text = each->key[0] == 'c' ? &w->collection : each->key[0] == 'f' ? &w->filter : &w->level;
        status = cs_json_read_text(each, each->key, CS_SEARCH_MOST_FILTER, text, err);
    }
    cs_json_close(&document);
    return status;
}

static clipsearch_status find_level(const char *name, clipsearch_duplicate_level *level, clipsearch_error *err)
{
    *level = CLIPSEARCH_DUPLICATES_SAME;
    if (!name)
        return CLIPSEARCH_OK;
    for (*level = CLIPSEARCH_DUPLICATES_EXACT; *level <= CLIPSEARCH_DUPLICATES_BURST; ++*level)
        if (strcmp(name, clipsearch_duplicate_level_name(*level)) == 0)
            return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"level\" should be exact, same, edited or burst, not \"%.40s\"", name);
}

/* It may take long: it ends when nobody waits any more. */
static bool go_on(void *context, const clipsearch_duplicates_progress *progress)
{
    (void)progress;
    const cs_request *request = context;
    return !atomic_load(&request->server->ends) && !cs_request_is_abandoned(request);
}

static void put_answer(cs_request *request, const clipsearch_duplicates *found,
                       const clipsearch_duplicates_report *report)
{
    cs_buf *out = cs_reply_json(&request->reply);
    cs_buf_printf(out,
                  "{\"took_ms\":%.3f,\"images\":%" PRIu64 ",\"total\":%zu,\"unreadable\":%" PRIu64
                  ",\"surplus\":%" PRIu64 ",\"surplus_bytes\":%" PRIu64 ",\"groups\":[",
                  cs_clock_ms() - request->arrived, report->images, clipsearch_duplicates_groups(found),
                  report->unreadable, report->surplus, report->surplus_bytes);
    for (size_t g = 0; g < clipsearch_duplicates_groups(found); g++) {
        cs_buf_puts(out, g ? ",\n [" : "\n [");
        for (size_t rank = 0; rank < clipsearch_duplicates_count(found, g); rank++) {
            clipsearch_duplicate_level level;
            const clipsearch_hit *hit = clipsearch_duplicates_get(found, g, rank, &level);
            cs_buf_puts(out, rank ? ",\n  {" : "\n  {");
            cs_put_hit(out, hit);
            cs_buf_putc(out, ',');
            cs_put_member(out, "level", clipsearch_duplicate_level_name(level));
            cs_buf_printf(out, ",\"keep\":%s}", rank ? "false" : "true");
        }
        cs_buf_putc(out, ']');
    }
    cs_buf_puts(out, "]}\n");
}

void cs_answer_duplicates(cs_request *request)
{
    cs_server *server = request->server;
    cs_open_collection *open = NULL;
    clipsearch_collection_info info;
    clipsearch_image_options image;
    clipsearch_duplicates_options options;
    clipsearch_duplicates_report report;
    clipsearch_duplicates *found = NULL;
    clipsearch_error err;
    wanted w = {.level = NULL};
    clipsearch_image_options_init(&image);
    image.max_pixels = server->options.max_pixels;
    clipsearch_duplicates_options_init(&options);
    clipsearch_duplicates_report_init(&report);
    clipsearch_status status = read_request(request, &w, &err);
    if (status == CLIPSEARCH_OK)
        status = find_level(w.level, &options.level, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_take(server->collections, w.collection, &open, &info, &err);
    options.filter = w.filter;
    options.image = &image;
    options.progress = go_on;
    options.context = request;
    if (status == CLIPSEARCH_OK)
        status = clipsearch_duplicates_find(open->collection, &options, &found, &report, &err);
    if (status == CLIPSEARCH_OK)
        put_answer(request, found, &report);
    else
        cs_reply_error(&request->reply, &err);
    clipsearch_duplicates_free(&found);
    cs_collection_give(server->collections, open);
    cs_free(w.collection);
    cs_free(w.filter);
    cs_free(w.level);
}
