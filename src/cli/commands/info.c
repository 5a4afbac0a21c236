/* SPDX-License-Identifier: MIT
 * info.c - clipsearch info: what is in the database, and which model is in use. */
#include "cli/command.h"

#include "base/decimal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "models/models.h"
#include "output/results.h"
#include "cli/output/say.h"
#include "config/settings.h"
#include "config/words.h"

#include <inttypes.h>
#include <string.h>

/* What is being written, and how. */
typedef struct info {
    const cs_args *args;
    cs_settings settings;
    cs_buf out;
    size_t collections;
    char *encoder; /* of the collection in use, NULL when there is none */
} info;

static void put_member(cs_buf *buf, const char *before, const char *key, const char *text)
{
    cs_buf_printf(buf, "%s\"%s\":", before, key);
    cs_json_put_string(buf, text, strlen(text));
}

static void put_collection_text(info *in, const clipsearch_collection_info *c)
{
    char count[27], bytes[32];
    cs_buf_printf(&in->out, "collection   %s\n  pictures   %s\n  metric     %s\n  vectors    %zu numbers each, %s\n",
                  c->name, cs_grouped(c->count, count), cs_metric_words[c->metric], c->dim,
                  cs_byte_words(c->vector_bytes, bytes));
    cs_buf_puts(&in->out, "  encoder    ");
    cs_put_printable(&in->out, c->encoder);
    cs_buf_printf(&in->out, ", weights %.16s\n  made       ", c->fingerprint);
    cs_put_time(&in->out, c->created);
    cs_buf_putc(&in->out, '\n');
    cs_buf_printf(&in->out, "  index      %s codes, m %u, ef_construction %u, ef %u%s\n",
                  clipsearch_codes_name(c->index_codes), c->index_m, c->index_ef_construction, c->index_ef,
                  c->indexed ? "" : ", not written");
    if (in->args->verbose)
        cs_buf_printf(&in->out, "  pictures prepared by %s\n", c->preprocessing);
}

static bool on_collection(void *context, const clipsearch_collection_info *collection)
{
    info *in = context;
    if (in->args->json) {
        cs_buf_puts(&in->out, in->collections ? ",\n  " : "\n  ");
        cs_put_collection_json(&in->out, collection);
    } else {
        put_collection_text(in, collection);
    }
    if (!in->encoder && strcmp(collection->name, in->settings.collection) == 0) {
        in->encoder = cs_strdup(collection->encoder);
        in->out.failed = in->out.failed || !in->encoder;
    }
    in->collections++;
    return true;
}

static int put_database(info *in)
{
    clipsearch_error err;
    char words[32];
    clipsearch_database *db = NULL;
    cs_file_info file = {0};
    bool json = in->args->json;
    bool exists = cs_file_stat(in->settings.db, &file, NULL) == CLIPSEARCH_OK;
    if (json) {
        put_member(&in->out, "{", "version", clipsearch_version());
        put_member(&in->out, ",\n \"database\":{", "path", in->settings.db);
        cs_buf_printf(&in->out, ",\"exists\":%s,\"bytes\":%" PRIu64 "},\n \"collections\":[", exists ? "true" : "false",
                      file.size);
    } else {
        cs_buf_puts(&in->out, "database     ");
        cs_put_printable(&in->out, in->settings.db);
        cs_buf_printf(&in->out, " (%s)\n",
                      exists ? cs_byte_words(file.size, words) : "not there yet: nothing has been ingested");
    }
    clipsearch_status status =
        exists ? clipsearch_database_open(in->settings.db, CLIPSEARCH_READ_ONLY, &db, &err) : CLIPSEARCH_OK;
    if (db)
        status = clipsearch_database_collections(db, on_collection, in, &err);
    clipsearch_database_close(&db);
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, CS_STAGE_DATABASE);
    if (json)
        cs_buf_puts(&in->out, "],\n");
    else if (exists && !in->collections)
        cs_buf_puts(&in->out, "no collections\n");
    return CS_EXIT_FOUND;
}

static void put_model_json(cs_buf *buf, const clipsearch_encoder_info *m)
{
    put_member(buf, " \"model\":{", "name", m->name);
    put_member(buf, ",", "path", m->path);
    put_member(buf, ",", "fingerprint", m->fingerprint);
    put_member(buf, ",", "preprocessing", m->preprocessing);
    put_member(buf, ",", "architecture", m->architecture);
    put_member(buf, ",", "metric", cs_metric_words[m->metric]);
    cs_buf_printf(buf,
                  ",\"dim\":%zu,\"image_size\":%zu,\"context_length\":%zu,\"vocabulary\":%zu,\"parameters\":%" PRIu64
                  ",\"logit_scale\":",
                  m->dim, m->image_size, m->context_length, m->vocabulary, m->parameters);
    cs_put_double(buf, (double)m->logit_scale);
    cs_buf_puts(buf, "}}\n");
}

static void put_model_text(cs_buf *buf, const clipsearch_encoder_info *m)
{
    char parameters[27], vocabulary[27];
    cs_buf_puts(buf, "model        ");
    cs_put_printable(buf, m->name);
    cs_buf_puts(buf, "\n  place      ");
    cs_put_printable(buf, m->path);
    cs_buf_printf(buf, "\n  network    %s\n  weights    %.16s, %s numbers\n  pictures   %zu x %zu pixels\n",
                  m->architecture, m->fingerprint, cs_grouped(m->parameters, parameters), m->image_size, m->image_size);
    if (m->vocabulary)
        cs_buf_printf(buf, "  texts      up to %zu tokens of %s\n", m->context_length,
                      cs_grouped(m->vocabulary, vocabulary));
    else
        cs_buf_puts(buf, "  texts      none: it encodes pictures only\n");
    cs_buf_printf(buf, "  vectors    %zu numbers%s, usually compared by %s\n", m->dim,
                  m->normalized ? " of length 1" : "", cs_metric_words[m->metric]);
}

static int put_model(info *in)
{
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_info model;
    clipsearch_encoder_info_init(&model);
    clipsearch_status status = cs_model_open(&in->settings, in->encoder, CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER,
                                             false, &encoder, &err);
    if (status != CLIPSEARCH_OK) { /* all else can still be told */
        cs_buf_puts(&in->out, in->args->json ? " \"model\":null}\n" : "model        cannot be opened\n");
        return cs_report(&err, CS_STAGE_MODEL);
    }
    clipsearch_encoder_describe(encoder, &model, NULL);
    if (in->args->json)
        put_model_json(&in->out, &model);
    else
        put_model_text(&in->out, &model);
    clipsearch_encoder_close(&encoder);
    return CS_EXIT_FOUND;
}

int cs_command_info(const cs_args *args)
{
    clipsearch_error err;
    info in = {.args = args, .out = cs_buf_make(64 << 20)};
    if (args->words.count)
        return cs_usage(CS_INFO, "info takes no words; to search for the word: clipsearch search info");
    int code = CS_EXIT_FOUND;
    if (cs_settings_load(args, NULL, &in.settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    bool told = code == CS_EXIT_FOUND && (code = put_database(&in)) == CS_EXIT_FOUND;
    if (told)
        code = put_model(&in);
    if (told && in.out.failed)
        code = cs_report_memory();
    else if (told)
        fwrite(in.out.data, 1, in.out.len, stdout);
    cs_buf_free(&in.out);
    cs_free(in.encoder);
    cs_settings_free(&in.settings);
    return code;
}
