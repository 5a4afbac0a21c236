/* SPDX-License-Identifier: MIT
 * show_settings.c - a line for each setting. */
#include "cli/commands/show_settings.h"

#include "base/consistency.h"
#include "base/decimal.h"
#include "base/mem.h"
#include "base/xdg_path.h"
#include "cli/command.h"
#include "cli/output/message.h"
#include "cli/output/print.h"
#include "models/location.h"

#include <stdio.h>

enum { VALUES = 12 };

typedef struct value {
    const char *name, *text;
    cs_origin from;
    const char *flag, *variable;
} value;

/* The paths of the files that settings come from; "": there is no place for them. */
typedef struct setting_files {
    const char *config, *model;
} setting_files;

/* "--db", "CLIPSEARCH_DB in the environment", a file's path, or "default". */
static void put_origin(cs_buf *buf, const value *v, const setting_files *files)
{
    if (v->from == CS_FROM_FLAG)
        cs_buf_puts(buf, v->flag);
    else if (v->from == CS_FROM_ENVIRONMENT)
        cs_buf_printf(buf, "%s in the environment", v->variable);
    else if (v->from == CS_FROM_CONFIG || v->from == CS_FROM_MODEL_FILE)
        cs_put_printable(buf, v->from == CS_FROM_CONFIG ? files->config : files->model);
    else
        cs_buf_puts(buf, "default");
}

/* `problem`: what is wrong with a setting, or NULL. */
static void put_values(cs_buf *buf, const value *values, const setting_files *files, const char *problem)
{
    for (size_t i = 0; i < VALUES; i++) {
        cs_buf_printf(buf, "%-13s  ", values[i].name);
        cs_put_printable(buf, values[i].text);
        cs_buf_puts(buf, "  (");
        put_origin(buf, &values[i], files);
        cs_buf_puts(buf, ")\n");
    }
    if (problem) {
        cs_buf_printf(buf, "%-13s  ", "problem");
        cs_put_printable(buf, problem);
        cs_buf_putc(buf, '\n');
    }
}

static void put_json(cs_buf *buf, const value *values, const char *config, const char *problem)
{
    static const char *const origins[] = {"option",     "ingest file", "environment", "configuration file",
                                          "model file", "default"};
    for (size_t i = 0; i < VALUES; i++) {
        cs_buf_printf(buf, "%s\"%s\":{", i ? ",\n " : "{", values[i].name);
        cs_put_member(buf, "value", values[i].text);
        cs_buf_putc(buf, ',');
        cs_put_member(buf, "from", origins[values[i].from]);
        cs_buf_putc(buf, '}');
    }
    cs_buf_puts(buf, ",\n ");
    cs_put_member(buf, "configuration_file", config);
    if (problem) {
        cs_buf_puts(buf, ",\n ");
        cs_put_member(buf, "problem", problem);
    }
    cs_buf_puts(buf, "}\n");
}

static int print_settings(const cs_settings *settings, const char *problem, bool json)
{
    char k[24], threads[24], relevance[CS_DECIMAL_TEXT];
    char *config = cs_xdg_path("XDG_CONFIG_HOME", ".config", "config.yaml"), *model = cs_settings_model_file();
    cs_buf out = cs_buf_make(1 << 20);
    snprintf(k, sizeof k, "%zu", settings->k);
    snprintf(threads, sizeof threads, "%zu", settings->threads);
    cs_float_text(settings->min_relevance, 6, relevance);
    const bool token_given = settings->token_from == CS_FROM_ENVIRONMENT;
    const value values[VALUES] = {
        {"database", settings->db, settings->db_from, "--db", "CLIPSEARCH_DB"},
        {"collection", settings->collection, settings->collection_from, "--collection", "CLIPSEARCH_COLLECTION"},
        {"model", settings->model ? settings->model : "the collection's, or " CS_DEFAULT_MODEL, settings->model_from,
         "--model", "CLIPSEARCH_MODEL"},
        {"k", k, settings->k_from, "-k", "CLIPSEARCH_K"},
        {"threads", settings->threads ? threads : "one per processor", settings->threads_from, "--threads",
         "CLIPSEARCH_THREADS"},
        {"precision", cs_precision_names[settings->precision], settings->precision_from, "--precision",
         "CLIPSEARCH_PRECISION"},
        {"decode", cs_decode_names[settings->decode], settings->decode_from, "--decode", "CLIPSEARCH_DECODE"},
        {"cpu", settings->cpu ? settings->cpu : "all that there is", settings->cpu_from, "--cpu", "CLIPSEARCH_CPU"},
        {"min_relevance", settings->min_relevance > 0 ? relevance : "all hits are shown", settings->min_relevance_from,
         NULL, NULL},
        {"token_file",
         token_given            ? "not read: a token is given"
         : settings->token_file ? settings->token_file
                                : "none",
         settings->token_from, NULL, "CLIPSEARCH_MILVUS_TOKEN"},
        {"ca", settings->ca ? settings->ca : "the system's authorities", settings->ca_from, "--ca",
         "CLIPSEARCH_MILVUS_CA"},
        {"consistency", settings->consistency ? settings->consistency : cs_consistency_names[0],
         settings->consistency_from, "--consistency", "CLIPSEARCH_MILVUS_CONSISTENCY"},
    };
    if (json)
        put_json(&out, values, config, problem);
    else
        put_values(&out, values, &(setting_files){.config = config ? config : "", .model = model ? model : ""},
                   problem);
    clipsearch_status status = cs_print_buf(&out, stdout, NULL);
    cs_buf_free(&out);
    cs_free(config);
    cs_free(model);
    return status != CLIPSEARCH_OK ? cs_report_memory() : problem ? CS_EXIT_USAGE : CS_EXIT_FOUND;
}

int cs_show_settings(const cs_args *args)
{
    clipsearch_error why;
    cs_settings settings = {0};
    int code = cs_load_settings_without_token(args, &settings);
    if (code == CS_EXIT_FOUND) { /* to repair what is wrong with the token's file, one needs to see the settings */
        clipsearch_status status = cs_settings_use_database(&settings, settings.db, &why);
        code = print_settings(&settings, status == CLIPSEARCH_OK ? NULL : why.message, args->json);
    }
    cs_settings_free(&settings);
    return code;
}
