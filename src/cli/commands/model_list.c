/* SPDX-License-Identifier: MIT
 * model_list.c - clipsearch model list: the known models and the installed ones. */
#include "cli/command.h"

#include "base/mem.h"
#include "cli/commands/model_actions.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "cli/output/units.h"
#include "cli/output/write_out.h"
#include "models/location.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const presence_names[] = {[CS_ABSENT] = "no", [CS_PARTLY] = "partly", [CS_PRESENT] = "yes"};

static void put_text(cs_buf *buf, const char *before, const char *key, const char *text)
{
    cs_buf_puts(buf, before);
    cs_put_member(buf, key, text);
}

static void put_file_json(cs_buf *buf, const cs_known_file *file)
{
    static const char *const digests[] = {
        [CS_DIGEST_SHA256] = "sha256", [CS_DIGEST_SHA256_BEGIN] = "sha256_begins", [CS_DIGEST_MD5] = "md5"};
    put_text(buf, "{", "name", file->name);
    if (file->url)
        put_text(buf, ",", "url", file->url);
    else
        put_text(buf, ",", "content", file->content);
    if (file->bytes)
        cs_buf_printf(buf, ",\"%s\":%" PRIu64, file->exact ? "bytes" : "about", file->bytes);
    if (file->digest)
        put_text(buf, ",", digests[file->digest_kind], file->digest);
    cs_buf_putc(buf, '}');
}

static void put_model_json(cs_buf *buf, const cs_known_model *model, const char *directory)
{
    bool exact;
    uint64_t bytes = cs_known_bytes(model, &exact);
    cs_presence presence = cs_model_presence(model, directory);
    put_text(buf, "\n  {", "name", model->name);
    put_text(buf, ",", "title", model->title);
    put_text(buf, ",", "encoder", model->encoder);
    cs_buf_printf(buf, ",\"dim\":%zu", model->dim);
    put_text(buf, ",", "licence", model->licence);
    put_text(buf, ",", "preprocessing", model->preprocessing);
    put_text(buf, ",", "source", model->source);
    put_text(buf, ",", "choice", model->choice);
    cs_buf_printf(buf, ",\"bytes\":%" PRIu64 ",\"bytes_exact\":%s", bytes, exact ? "true" : "false");
    put_text(buf, ",", "installed", presence_names[presence]);
    put_text(buf, ",", "path", presence == CS_ABSENT ? NULL : directory);
    cs_buf_puts(buf, ",\n   \"files\":[");
    for (size_t i = 0; i < model->file_count; i++) {
        cs_buf_puts(buf, i ? ",\n     " : "\n     ");
        put_file_json(buf, &model->files[i]);
    }
    cs_buf_puts(buf, "]}");
}

static void put_model_line(cs_buf *buf, const cs_known_model *model, const char *directory)
{
    static const char *const states[] = {[CS_ABSENT] = "-", [CS_PARTLY] = "partly", [CS_PRESENT] = "installed"};
    char size[32], about[40];
    bool exact;
    uint64_t bytes = cs_known_bytes(model, &exact);
    bool known = true; /* a size without the weights would mislead */
    for (size_t i = 0; i < model->file_count; i++)
        known = known && (model->files[i].bytes || i + 1 < model->file_count);
    snprintf(about, sizeof about, "%s", known ? cs_format_bytes(bytes, size) : "?");
    cs_buf_printf(buf, "%-22s  %-9s  %9s  %4zu  ", model->name, states[cs_model_presence(model, directory)], about,
                  model->dim);
    cs_put_printable(buf, model->title);
    cs_buf_puts(buf, model->licence ? "; " : "");
    cs_put_printable(buf, model->licence ? model->licence : "");
    if (model->choice)
        cs_buf_printf(buf, " (%s)", model->choice);
    cs_buf_putc(buf, '\n');
}

static bool is_known(const cs_catalogue *catalogue, const char *name)
{
    const cs_known_model *model;
    return cs_catalogue_find(catalogue, name, &model, NULL) == CLIPSEARCH_OK;
}

/* What there is of a model that the catalogue does not have. A directory without weights is what is left of an addition
 * that was killed, or was copied in part. */
static const char *own_state(const char *path, bool json)
{
    static const unsigned towers[] = {CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER, CLIPSEARCH_IMAGE_TOWER,
                                      CLIPSEARCH_TEXT_TOWER};
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    clipsearch_status status = CLIPSEARCH_E_MODEL;
    for (size_t i = 0; i < sizeof towers / sizeof *towers && status != CLIPSEARCH_OK; i++) {
        options.towers = towers[i];
        status = clipsearch_encoder_open(path, &options, &encoder, &err);
        clipsearch_encoder_close(&encoder);
    }
    if (status == CLIPSEARCH_OK)
        return json ? "yes" : "installed";
    return status == CLIPSEARCH_E_NOT_FOUND ? "partly" : "unusable";
}

/* Append `name` in a column of 22 letters. printf would count bytes. */
static void put_name(cs_buf *buf, const char *name)
{
    enum { LETTERS = 22 };
    size_t letters = 0;
    cs_buf printable = cs_buf_make(1024);
    cs_put_printable(&printable, name);
    for (size_t i = 0; i < printable.len; i++)
        letters += ((unsigned char)printable.data[i] & 0xC0) != 0x80;
    cs_buf_printf(buf, "%s%*s", printable.data ? printable.data : "", letters < LETTERS ? (int)(LETTERS - letters) : 0,
                  "");
    cs_buf_free(&printable);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The built-in model and the user's own models, which the catalogue does not have. */
static void put_others(cs_buf *buf, const cs_catalogue *catalogue, bool json)
{
    enum { MAX_NAMES = 1000 };
    char *names[MAX_NAMES] = {NULL}, *models = cs_user_model_path("");
    size_t count = 0, n = models ? strlen(models) : 0;
    if (n && models[n - 1] == '/')
        models[n - 1] = '\0';
    DIR *directory = models ? opendir(models) : NULL;
    names[count++] = cs_strdup(CS_DEFAULT_MODEL);
    for (struct dirent *entry; directory && count < MAX_NAMES && (entry = readdir(directory));)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, CS_DEFAULT_MODEL) != 0 &&
            !is_known(catalogue, entry->d_name) && (names[count] = cs_strdup(entry->d_name)))
            count++;
    if (directory)
        closedir(directory);
    cs_free(models);
    if (names[0])
        qsort(names, count, sizeof *names, compare_strings);
    for (size_t i = 0; i < count; i++) {
        char *path = names[i] ? cs_model_directory(names[i]) : NULL;
        if (path && json) {
            put_text(buf, "\n  {", "name", names[i]);
            put_text(buf, ",", "title", cs_model_is_built_in(path) ? "the small built-in model" : NULL);
            put_text(buf, ",", "installed", own_state(path, true));
            put_text(buf, ",", "path", path);
            cs_buf_puts(buf, "},");
        } else if (path) {
            put_name(buf, names[i]);
            cs_buf_printf(buf, "  %-9s%17s  %s\n", own_state(path, false), "",
                          cs_model_is_built_in(path) ? "the small built-in model" : "your own");
        }
        cs_free(path);
        cs_free(names[i]);
    }
}

int cs_command_model_list(const cs_args *args, const char *const *operands, size_t count)
{
    (void)operands, (void)count;
    cs_catalogue catalogue;
    int code = cs_model_catalogue(args, &catalogue);
    cs_buf buf = cs_buf_make(64 << 20);
    if (code == CS_EXIT_FOUND) {
        cs_buf_puts(&buf, args->json ? "{\"models\":[" : "");
        put_others(&buf, &catalogue, args->json);
        for (size_t i = 0; i < catalogue.count; i++) {
            char *directory = cs_model_directory(catalogue.models[i].name);
            if (args->json)
                put_model_json(&buf, &catalogue.models[i], directory);
            else
                put_model_line(&buf, &catalogue.models[i], directory);
            cs_buf_puts(&buf, args->json && i + 1 < catalogue.count ? "," : "");
            cs_free(directory);
        }
        if (args->json && !catalogue.count && buf.len && !buf.failed && buf.data[buf.len - 1] == ',')
            buf.data[--buf.len] = '\0';
        cs_buf_puts(&buf, args->json ? "]}\n" : "");
        code = buf.failed ? cs_report_memory() : code;
        if (!buf.failed)
            cs_write_out(buf.data, buf.len, stdout);
    }
    cs_buf_free(&buf);
    cs_catalogue_close(&catalogue);
    return code;
}
