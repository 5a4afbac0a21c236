/* SPDX-License-Identifier: MIT
 * cmd_info.c - clipsearch info: the database, its collections and the model in use. */
#include "cli/command.h"

#include "base/error.h"
#include "base/file.h"
#include "base/index_types.h"
#include "base/server_scheme.h"
#include "base/mem.h"
#include "cli/commands/open.h"
#include "cli/commands/show_settings.h"
#include "cli/commands/source_text.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "cli/output/units.h"
#include "config/names.h"

#include <inttypes.h>
#include <string.h>

typedef struct info {
    const cs_args *args;
    cs_settings settings;
    cs_buf out;
    size_t collections;
    clipsearch_database *db;  /* while it is open */
    clipsearch_status status; /* of reading the sources of collections */
    clipsearch_error err;
    /* of the collection in use, NULL when there is none; an encoder "": its vectors were put without a model */
    char *encoder, *model_path;
} info;

static void put_index(info *in, const clipsearch_collection_info *c)
{
    const char *codes = clipsearch_codes_name(c->index_codes), *type = cs_index_type_word(c->index_type);
    cs_buf_puts(&in->out, "  index      ");
    if (c->index_nlist && c->index_nprobe)
        cs_buf_printf(&in->out, "%s, nlist %u, nprobe %u", type, c->index_nlist, c->index_nprobe);
    else if (c->index_nlist)
        cs_buf_printf(&in->out, "%s, nlist %u", type, c->index_nlist);
    else if (c->index_m)
        cs_buf_printf(&in->out, "%s%s, m %u, ef_construction %u, ef %u", codes && codes[0] ? codes : type,
                      codes && codes[0] ? " codes" : "", c->index_m, c->index_ef_construction, c->index_ef);
    else
        cs_buf_puts(&in->out, type ? type : "not known");
    cs_buf_puts(&in->out, c->indexed ? "\n" : ", not written\n");
}

static void put_collection_text(info *in, const clipsearch_collection_info *c)
{
    char count[27], gone[27], bytes[32];
    cs_buf_printf(&in->out, "collection   %s\n  images     %s", c->name, cs_format_count(c->count, count));
    if (c->gone)
        cs_buf_printf(&in->out, ", of %s the files are gone", cs_format_count(c->gone, gone));
    cs_buf_printf(&in->out, "\n  metric     %s\n  vectors    %zu numbers each, %s", cs_metric_names[c->metric], c->dim,
                  cs_format_bytes(c->vector_bytes, bytes));
    cs_buf_puts(&in->out, c->precisions ? "; computed in " : "");
    cs_put_precisions(&in->out, c->precisions, "", " and ");
    cs_buf_putc(&in->out, '\n');
    cs_buf_puts(&in->out, "  encoder    ");
    cs_put_printable(&in->out, c->encoder);
    if (c->fingerprint[0])
        cs_buf_printf(&in->out, ", weights %.16s", c->fingerprint);
    else
        cs_buf_printf(&in->out, "%snot known: the vectors were put %s", c->encoder[0] ? ", " : "",
                      c->foreign ? "by another program" : "without one");
    cs_buf_puts(&in->out, c->model_path ? ", read from " : "");
    cs_put_printable(&in->out, c->model_path ? c->model_path : "");
    if (c->remodel) {
        cs_buf_printf(&in->out, "\n  remodel    %s of ", cs_format_count(c->remodelled, gone));
        cs_buf_printf(&in->out, "%s images are encoded anew with ", cs_format_count(c->count, count));
        cs_put_printable(&in->out, c->remodel);
    }
    cs_buf_puts(&in->out, "\n  created    ");
    cs_put_time(&in->out, c->created);
    cs_buf_putc(&in->out, '\n');
    put_index(in, c);
    if (in->args->verbose)
        cs_buf_printf(&in->out, "  images preprocessed with %s\n", c->preprocessing);
}

static bool on_collection(void *context, const clipsearch_collection_info *collection)
{
    info *in = context;
    cs_buf sources = cs_buf_make(16 << 20);
    in->status = cs_put_sources(&sources, in->db, collection->name, in->args->json, &in->err);
    if (in->status != CLIPSEARCH_OK) {
        cs_buf_free(&sources);
        return false;
    }
    in->out.failed = in->out.failed || sources.failed;
    if (in->args->json) {
        cs_buf_puts(&in->out, in->collections ? ",\n  " : "\n  ");
        cs_put_collection_json(&in->out, collection, sources.data);
    } else {
        put_collection_text(in, collection);
        cs_buf_puts(&in->out, sources.data ? sources.data : "");
    }
    cs_buf_free(&sources);
    if (!in->encoder && strcmp(collection->name, in->settings.collection) == 0) {
        in->encoder = cs_strdup(collection->fingerprint[0] ? collection->encoder : "");
        in->model_path = collection->model_path ? cs_strdup(collection->model_path) : NULL;
        in->out.failed = in->out.failed || !in->encoder || (collection->model_path && !in->model_path);
    }
    in->collections++;
    return true;
}

static int put_database(info *in)
{
    clipsearch_error err;
    char bytes[32];
    clipsearch_database *db = NULL;
    cs_file_info file = {0};
    bool json = in->args->json;
    const bool remote = cs_server_scheme_of(in->settings.db) != NULL;
    bool exists = remote || cs_file_stat(in->settings.db, &file, NULL) == CLIPSEARCH_OK;
    if (json) {
        cs_buf_putc(&in->out, '{');
        cs_put_member(&in->out, "version", clipsearch_version());
        cs_buf_puts(&in->out, ",\n \"database\":{");
        cs_put_member(&in->out, "path", in->settings.db);
        cs_buf_printf(&in->out, ",\"exists\":%s,\"bytes\":%" PRIu64 "},\n \"collections\":[", exists ? "true" : "false",
                      file.size);
    } else {
        cs_buf_puts(&in->out, "database     ");
        cs_put_printable(&in->out, in->settings.db);
        cs_buf_printf(&in->out, " (%s)\n",
                      remote   ? "on a server"
                      : exists ? cs_format_bytes(file.size, bytes)
                               : "does not exist: nothing has been ingested yet");
    }
    clipsearch_status status =
        exists ? clipsearch_database_open(in->settings.db, CLIPSEARCH_READ_ONLY, &db, &err) : CLIPSEARCH_OK;
    in->db = db;
    if (db)
        status = clipsearch_database_collections(db, on_collection, in, &err);
    if (status == CLIPSEARCH_OK && in->status != CLIPSEARCH_OK)
        status = cs_fail(&err, in->status, "%s", in->err.message);
    clipsearch_database_close(&db);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    if (json)
        cs_buf_puts(&in->out, "],\n");
    else if (exists && !in->collections)
        cs_buf_puts(&in->out, "no collections\n");
    return CS_EXIT_FOUND;
}

static void put_model_text(cs_buf *buf, const clipsearch_encoder_info *m)
{
    char parameters[27], vocabulary[27];
    cs_buf_puts(buf, "model        ");
    cs_put_printable(buf, m->name);
    cs_buf_puts(buf, "\n  path       ");
    cs_put_printable(buf, m->path);
    cs_buf_printf(buf, "\n  network    %s\n  weights    %.16s, %s numbers\n  images     %zu x %zu pixels\n",
                  m->architecture, m->fingerprint, cs_format_count(m->parameters, parameters), m->image_size,
                  m->image_size);
    if (m->vocabulary)
        cs_buf_printf(buf, "  texts      up to %zu tokens of %s\n", m->context_length,
                      cs_format_count(m->vocabulary, vocabulary));
    else
        cs_buf_puts(buf, "  texts      none: it encodes images only\n");
    cs_buf_printf(buf, "  vectors    %zu numbers%s, usual metric %s\n", m->dim, m->normalized ? " of length 1" : "",
                  cs_metric_names[m->metric]);
}

static int put_model(info *in)
{
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_info model;
    const bool json = in->args->json;
    if (in->encoder && !in->encoder[0]) {
        cs_buf_puts(&in->out, json ? " \"model\":null}\n" : "");
        return CS_EXIT_FOUND;
    }
    const cs_collection_model made = {.encoder = in->encoder, .path = in->model_path};
    const int code = cs_open_model(&in->settings, in->encoder ? &made : NULL,
                                   CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER, false, &encoder);
    if (code != CS_EXIT_FOUND) { /* the rest can still be shown */
        cs_buf_puts(&in->out, json ? " \"model\":null}\n" : "model        cannot be opened\n");
        return code;
    }
    clipsearch_encoder_info_init(&model);
    clipsearch_encoder_describe(encoder, &model, NULL);
    if (json) {
        cs_buf_puts(&in->out, " \"model\":{");
        cs_put_encoder_json(&in->out, &model);
        cs_buf_puts(&in->out, "}}\n");
    } else {
        put_model_text(&in->out, &model);
    }
    clipsearch_encoder_close(&encoder);
    return code;
}

int cs_command_info(const cs_args *args)
{
    clipsearch_error err;
    info in = {.args = args, .out = cs_buf_make(64 << 20)};
    if (args->operands.count)
        return cs_report_operands(CS_INFO);
    if (args->show)
        return cs_show_settings(args);
    int code = cs_load_settings(args, NULL, &in.settings);
    if (code == CS_EXIT_FOUND)
        code = put_database(&in);
    if (code == CS_EXIT_FOUND) {
        code = put_model(&in);
        if (cs_print_buf(&in.out, stdout, &err) != CLIPSEARCH_OK)
            code = cs_report_memory();
    }
    cs_buf_free(&in.out);
    cs_free(in.encoder);
    cs_free(in.model_path);
    cs_settings_free(&in.settings);
    return code;
}
