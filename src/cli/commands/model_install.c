/* SPDX-License-Identifier: MIT
 * model_install.c - the directory of a new model, the files that are missing, the model of new collections. */
#include "cli/commands/model_install.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/xdg_path.h"
#include "cli/command.h"
#include "cli/commands/model_actions.h"
#include "cli/output/message.h"
#include "cli/output/units.h"
#include "models/download.h"
#include "models/location.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { MOST_COLLECTIONS = 8 }; /* that are named */

/* ---------------------------------------------------------------- the directory */

/* Bytes of the longest part of `path` that is there. */
static size_t existing_part(const char *path)
{
    cs_file_info info;
    size_t n = strlen(path);
    for (;;) {
        char *part = cs_strndup(path, n);
        const bool there = !part || cs_file_stat(part, &info, NULL) == CLIPSEARCH_OK;
        cs_free(part);
        if (there || n == 0)
            return n;
        while (n > 0 && path[n - 1] == '/')
            n--;
        while (n > 0 && path[n - 1] != '/')
            n--;
        while (n > 1 && path[n - 1] == '/')
            n--;
    }
}

clipsearch_status cs_install_begin(cs_install *install, const char *directory, uint64_t bytes, clipsearch_error *err)
{
    *install = (cs_install){.directory = directory, .made = existing_part(directory)};
    cs_buf file = cs_buf_make(1 << 16);
    cs_buf_printf(&file, "%s/x", directory);
    clipsearch_status status = file.failed ? cs_fail_memory(err, directory) : cs_create_parents(file.data, err);
    cs_buf_free(&file);
    if (status != CLIPSEARCH_OK)
        return status;
    struct statvfs fs;
    if (statvfs(directory, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < bytes) {
        char available[32], needed[32];
        return cs_fail(err, CLIPSEARCH_E_IO, "%s: %s are needed, but only %s are free", directory,
                       cs_format_bytes(bytes, needed), cs_format_bytes((uint64_t)fs.f_bavail * fs.f_frsize, available));
    }
    return CLIPSEARCH_OK;
}

void cs_install_tidy(const cs_install *install)
{
    char *path = install->directory ? cs_strdup(install->directory) : NULL;
    for (size_t n = path ? strlen(path) : 0; n > install->made && rmdir(path) == 0;) {
        while (n > 0 && path[n - 1] == '/')
            n--;
        while (n > 0 && path[n - 1] != '/')
            n--;
        path[n] = '\0';
    }
    cs_free(path);
}

/* ---------------------------------------------------------------- files that are missing */

static void put_missing_file(cs_buf *buf, const cs_known_file *file)
{
    static const char *const digests[] = {
        [CS_DIGEST_SHA256] = "SHA-256", [CS_DIGEST_SHA256_BEGIN] = "SHA-256 begins with", [CS_DIGEST_MD5] = "MD5"};
    cs_buf_printf(buf, "\n  %s\n    as %s", file->url, file->name);
    if (file->bytes)
        cs_buf_printf(buf, ", %s%" PRIu64 " bytes", file->exact ? "" : "about ", file->bytes);
    if (file->digest)
        cs_buf_printf(buf, ", %s %s", digests[file->digest_kind], file->digest);
}

void cs_print_by_hand(const cs_args *args, const cs_known_model *model, const char *directory, bool refused)
{
    cs_buf text = cs_buf_make(1 << 20);
    cs_buf_printf(&text, "to fetch %s by hand, download", model->name);
    for (size_t i = 0; i < model->file_count; i++)
        if (model->files[i].url && !cs_known_file_is_there(&model->files[i], directory))
            put_missing_file(&text, &model->files[i]);
    cs_buf_printf(&text,
                  "\ninto one directory and run: clipsearch model add%s%s%s DIRECTORY\n"
                  "It checks the files and puts them into %s",
                  args->catalogue ? " --catalogue " : "", args->catalogue ? args->catalogue : "",
                  args->name ? " --name NAME" : "", directory);
    if (refused)
        cs_buf_puts(&text, "\nTo fetch the same files from another server, use: --mirror URL");
    if (!text.failed)
        cs_print_message("%s", text.data);
    cs_buf_free(&text);
}

/* ---------------------------------------------------------------- the vocabulary */

/* A model that this build cannot use is reported by cs_install_use. */
void cs_install_compile(const cs_args *args, const char *directory)
{
    clipsearch_error err;
    clipsearch_status status = clipsearch_model_compile(directory, NULL, &err);
    if ((status == CLIPSEARCH_E_IO || status == CLIPSEARCH_E_MEMORY) && !args->quiet)
        cs_print_message("the vocabulary was not compiled, so each text query takes some milliseconds more: %s",
                         err.message);
}

/* ---------------------------------------------------------------- what new collections use */

/* The collections of the default database whose vectors are of another model. */
typedef struct others {
    const char *fingerprint, *preprocessing, *model;
    const cs_settings *settings;
    size_t count;
} others;

static bool print_other(void *context, const clipsearch_collection_info *info)
{
    others *o = context;
    if (strcmp(info->fingerprint, o->fingerprint) == 0 && strcmp(info->preprocessing, o->preprocessing) == 0)
        return true;
    if (o->count++ == MOST_COLLECTIONS) {
        printf("and so on; to see all collections, run: clipsearch collections\n");
        return false;
    }
    const bool usual = strcmp(info->name, o->settings->collection) == 0;
    printf("To encode %s anew with it, run: clipsearch ingest --remodel --model ", info->name);
    cs_print_name(o->model, stdout);
    printf("%s%s\n", usual ? "" : " --collection ", usual ? "" : info->name);
    return true;
}

/* That the database is not there, or cannot be read, does not matter here. */
static void print_others(const cs_settings *settings, const clipsearch_encoder_info *model, const char *name)
{
    others o = {
        .fingerprint = model->fingerprint, .preprocessing = model->preprocessing, .model = name, .settings = settings};
    cs_file_info info;
    clipsearch_database *db = NULL;
    if (cs_file_stat(settings->db, &info, NULL) == CLIPSEARCH_OK &&
        clipsearch_database_open(settings->db, CLIPSEARCH_READ_ONLY, &db, NULL) == CLIPSEARCH_OK)
        clipsearch_database_collections(db, print_other, &o, NULL);
    clipsearch_database_close(&db);
}

static void print_with_name(const char *words, const char *name)
{
    printf("%s", words);
    cs_print_name(name, stdout);
    printf("\n");
}

/* A setting of the user's own counts more. */
static void print_choice(const cs_settings *settings, const char *name)
{
    char *config = cs_xdg_path("XDG_CONFIG_HOME", ".config", "config.yaml");
    const bool ours = settings->model && strcmp(settings->model, name) == 0;
    if (ours || !settings->model)
        print_with_name("New collections use ", name);
    else
        cs_print_message("%s names the model %s, which counts more: new collections use that",
                         settings->model_from == CS_FROM_ENVIRONMENT ? "CLIPSEARCH_MODEL"
                         : config                                    ? config
                                                                     : "config.yaml",
                         settings->model);
    cs_free(config);
}

static int use_model(const cs_args *args, const clipsearch_encoder_info *info, const char *name)
{
    clipsearch_error err;
    cs_settings settings;
    if (cs_settings_write_model(strcmp(name, CS_DEFAULT_MODEL) == 0 ? NULL : name, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_INPUT);
    int code = args->quiet ? CS_EXIT_FOUND : cs_load_settings_without_token(args, &settings);
    if (args->quiet)
        return code;
    if (code == CS_EXIT_FOUND) {
        print_choice(&settings, name);
        print_others(&settings, info, name);
    }
    cs_settings_free(&settings);
    return code;
}

int cs_install_use(const cs_args *args, const char *directory, const char *name, bool complete)
{
    char real[PATH_MAX];
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_encoder_options options;
    clipsearch_encoder_info info;
    clipsearch_encoder_options_init(&options);
    clipsearch_encoder_info_init(&info);
    clipsearch_status status = clipsearch_encoder_open(directory, &options, &encoder, &err);
    if (status != CLIPSEARCH_OK) {
        options.towers = CLIPSEARCH_IMAGE_TOWER;
        status = clipsearch_encoder_open(directory, &options, &encoder, NULL);
    }
    if (status != CLIPSEARCH_OK && !complete)
        return cs_report_error(&err, CS_STAGE_MODEL);
    if (status != CLIPSEARCH_OK) {
        cs_print_message("the files are complete, but this build cannot use them: %s", err.message);
        return CS_EXIT_FOUND;
    }
    clipsearch_encoder_describe(encoder, &info, NULL);
    const char *known_as = name ? name : realpath(directory, real) ? real : directory;
    int code = CS_EXIT_FOUND;
    if (info.towers & CLIPSEARCH_TEXT_TOWER)
        code = use_model(args, &info, known_as);
    else if (!args->quiet)
        print_with_name("It encodes images only, so new collections use it when they are told: --model ", known_as);
    clipsearch_encoder_close(&encoder);
    return code;
}
