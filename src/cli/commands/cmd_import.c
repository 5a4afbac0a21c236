/* SPDX-License-Identifier: MIT
 * cmd_import.c - clipsearch import: vectors of .npy files with what tables say of them. Everything is read once and
 * checked before anything is stored. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/item_limits.h"
#include "base/mem.h"
#include "cli/commands/import_files.h"
#include "cli/commands/open.h"
#include "cli/commands/put_batch.h"
#include "cli/commands/write_index.h"
#include "cli/output/message.h"
#include "cli/output/units.h"
#include "cli/signals.h"
#include "config/names.h"
#include "exchange/item_row.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MESSAGES = 5 }; /* about rows that are left out */

typedef struct import {
    const cs_args *args;
    cs_settings settings;
    cs_import_files files;
    clipsearch_database *db;
    clipsearch_collection *collection;
    clipsearch_encoder *encoder; /* of --model, or NULL */
    clipsearch_metric metric;
    size_t dim;
    cs_put_batch batch;
    cs_buf path, attributes;
    uint64_t before; /* items of the collection */
    uint64_t bad;    /* rows that were left out */
    bool left_out_said;
} import;

static int check_arguments(const import *in)
{
    const cs_args *args = in->args;
    if (args->operands.count > 1)
        return cs_report_usage(CS_IMPORT, "name one directory; other files need --vectors and --meta");
    if (args->operands.count && (args->vectors.count || args->meta.count))
        return cs_report_usage(CS_IMPORT, "a directory and --vectors or --meta exclude each other");
    if (!args->operands.count && !args->vectors.count)
        return cs_report_usage(CS_IMPORT,
                               "nothing to import was given; give --vectors FILE.npy --meta FILE, or a directory that "
                               "clip-retrieval wrote");
    if (args->meta.count && args->meta.count != args->vectors.count)
        return cs_report_usage(CS_IMPORT, "there are %zu --vectors and %zu --meta; each file of vectors needs its own",
                               args->vectors.count, args->meta.count);
    if (args->texts && !args->operands.count)
        return cs_report_usage(CS_IMPORT, "--texts is for a directory that clip-retrieval wrote");
    return CS_EXIT_FOUND;
}

static clipsearch_status open_files(import *in, clipsearch_error *err)
{
    const cs_args *args = in->args;
    clipsearch_status status = CLIPSEARCH_OK;
    if (args->operands.count)
        status = cs_import_files_scan(&in->files, args->operands.items[0].text, args->texts, err);
    for (size_t i = 0; i < args->vectors.count && status == CLIPSEARCH_OK; i++)
        status =
            cs_import_files_add(&in->files, args->vectors.items[i], args->meta.count ? args->meta.items[i] : NULL, err);
    for (size_t i = 0; i < in->files.count && status == CLIPSEARCH_OK; i++) {
        cs_import_file *file = &in->files.items[i];
        status = cs_npy_open(file->vectors, &file->npy, err);
        if (status != CLIPSEARCH_OK)
            break;
        in->dim = i ? in->dim : file->npy.columns;
        if (file->npy.columns < 1 || file->npy.columns > CS_ITEM_DIM_MAX)
            status = cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: vectors of %zu numbers; 1 to %d are possible", file->vectors,
                             file->npy.columns, CS_ITEM_DIM_MAX);
        else if (file->npy.columns != in->dim)
            status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: vectors of %zu numbers, and those of %s have %zu",
                             file->vectors, file->npy.columns, in->files.items[0].vectors, in->dim);
    }
    return status;
}

/* ---- rows */

/* Say once what a table has that no attribute can hold. */
static void report_left_out(import *in, const cs_rows *rows, const char *meta)
{
    const char *what = cs_rows_left_out(rows);
    if (*what && !in->left_out_said && !in->args->quiet)
        cs_print_message("%s: columns of lists, structs and bytes are left out: %s", meta, what);
    in->left_out_said |= *what != '\0';
}

static void report_bad_row(import *in, const cs_import_file *file, size_t row, const char *why)
{
    if (in->bad++ < MOST_MESSAGES)
        cs_print_message("%s: row %zu is left out: %s", file->vectors, row + 1, why);
}

/* What is wrong with a vector, NULL when nothing is. */
static const char *fault_of(const import *in, const float *vector)
{
    double squared = 0;
    for (size_t i = 0; i < in->dim; i++)
        squared += (double)vector[i] * (double)vector[i];
    if (!isfinite(squared))
        return "its vector has a NaN or an infinity";
    if (in->metric != CLIPSEARCH_COSINE && squared > CS_ITEM_SQUARED_MAX)
        return "its vector is too long to be compared with others";
    return squared == 0 && in->metric == CLIPSEARCH_COSINE ? "its vector is zero, which has no direction" : NULL;
}

/* A row without a table is named after its file. */
static clipsearch_status name_row(import *in, const cs_import_file *file, size_t row, clipsearch_item *item,
                                  clipsearch_error *err)
{
    cs_buf_clear(&in->path);
    cs_buf_printf(&in->path, "%s#%zu", cs_path_base(file->vectors), row);
    *item = (clipsearch_item){.path = in->path.data};
    return in->path.failed ? cs_fail_memory(err, "a path") : CLIPSEARCH_OK;
}

/* Store row `row`, or without a batch only check it. */
static clipsearch_status take_row(import *in, const cs_import_file *file, size_t row, const cs_row *fields, bool store,
                                  clipsearch_error *err)
{
    clipsearch_item item;
    clipsearch_error why;
    clipsearch_status status =
        fields ? cs_item_from_row(fields, in->args->path_field, &in->path, &in->attributes, &item, &why)
               : name_row(in, file, row, &item, &why);
    if (status != CLIPSEARCH_OK)
        return cs_fail(err, status, "%s: row %zu: %s", file->meta ? file->meta : file->vectors, row + 1, why.message);
    if (!store)
        return CLIPSEARCH_OK;
    float *vector = cs_put_batch_vector(&in->batch);
    cs_npy_row(&file->npy, row, vector);
    const char *fault = fault_of(in, vector);
    if (fault) {
        report_bad_row(in, file, row, fault);
        return CLIPSEARCH_OK;
    }
    return cs_put_batch_add(&in->batch, &item, err);
}

static clipsearch_status check_count(const cs_import_file *file, size_t rows, bool more, clipsearch_error *err)
{
    if (rows == file->npy.rows && !more)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s has %zu vectors, and %s has %s%zu rows; do they belong together?",
                   file->vectors, file->npy.rows, file->meta, more ? "more than " : "", rows);
}

static clipsearch_status read_file(import *in, const cs_import_file *file, bool store, clipsearch_error *err)
{
    cs_rows *rows = NULL;
    cs_row row;
    bool more = true;
    size_t at = 0;
    clipsearch_status status = file->meta ? cs_rows_open(file->meta, &rows, err) : CLIPSEARCH_OK;
    if (rows && status == CLIPSEARCH_OK)
        report_left_out(in, rows, file->meta);
    for (; status == CLIPSEARCH_OK && !cs_caught_signal(); at++) {
        if (rows)
            status = cs_rows_next(rows, &row, &more, err);
        else
            more = at < file->npy.rows;
        if (status != CLIPSEARCH_OK || !more || at == file->npy.rows)
            break;
        status = take_row(in, file, at, rows ? &row : NULL, store, err);
    }
    if (rows && status == CLIPSEARCH_OK && !cs_caught_signal())
        status = check_count(file, at, more, err);
    cs_rows_close(&rows);
    return status;
}

static clipsearch_status read_files(import *in, bool store, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < in->files.count && status == CLIPSEARCH_OK && !cs_caught_signal(); i++)
        status = read_file(in, &in->files.items[i], store, err);
    return status;
}

/* ---- the collection */

/* With --model the collection is that model's, and can be searched by texts and images. */
static int open_with_model(import *in)
{
    clipsearch_error err;
    clipsearch_encoder_info info;
    int code = cs_open_model(&in->settings, NULL, CLIPSEARCH_TEXT_TOWER, false, &in->encoder);
    if (code != CS_EXIT_FOUND)
        return code;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(in->encoder, &info, NULL);
    if (info.dim != in->dim) {
        cs_print_message("%s: vectors of %zu numbers, but those of the model %s have %zu; it has not made them",
                         in->files.items[0].vectors, in->dim, info.name, info.dim);
        code = CS_EXIT_MODEL;
    } else {
        in->metric = in->args->metric ? in->metric : info.metric;
        if (clipsearch_collection_ensure(in->db, in->settings.collection, in->encoder, in->metric, &in->collection,
                                         &err) != CLIPSEARCH_OK)
            code = cs_report_with_advice(&err, CS_STAGE_DATABASE, CS_ADVICE_OTHER_COLLECTION, &in->settings, NULL);
    }
    return code;
}

static int open_without_model(import *in)
{
    clipsearch_error err;
    clipsearch_vectors_options options;
    clipsearch_vectors_options_init(&options);
    options.dim = in->dim;
    options.metric = in->metric;
    if (clipsearch_collection_ensure_vectors(in->db, in->settings.collection, &options, &in->collection, &err) ==
        CLIPSEARCH_OK)
        return CS_EXIT_FOUND;
    return cs_report_with_advice(&err, CS_STAGE_DATABASE, CS_ADVICE_OTHER_COLLECTION, &in->settings, NULL);
}

static int open_collection(import *in)
{
    clipsearch_error err;
    clipsearch_collection_info info;
    in->metric =
        in->args->metric ? (clipsearch_metric)cs_name_index(in->args->metric, cs_metric_names) : CLIPSEARCH_COSINE;
    if (in->settings.db_from == CS_FROM_DEFAULT && cs_create_parents(in->settings.db, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    if (clipsearch_database_open(in->settings.db, CLIPSEARCH_CREATE, &in->db, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    cs_attend_database(in->args, &in->settings, in->db);
    int code = in->settings.model_from == CS_FROM_FLAG ? open_with_model(in) : open_without_model(in);
    if (code != CS_EXIT_FOUND)
        return code;
    clipsearch_collection_info_init(&info);
    clipsearch_status status = clipsearch_collection_describe(in->collection, &info, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_put_batch_open(in->collection, in->dim, &in->batch, &err);
    in->before = info.count;
    in->metric = info.metric;
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_error(&err, CS_STAGE_DATABASE);
}

/* ---- the command */

static int report_stopped(const import *in)
{
    char count[27], message[128];
    snprintf(message, sizeof message, "interrupted; %s vectors are stored", cs_format_count(in->batch.stored, count));
    cs_print_advice(message, CS_ADVICE_RESUME, &in->settings, NULL);
    return CS_EXIT_SIGNAL + cs_caught_signal();
}

static int store_all(import *in)
{
    clipsearch_error err;
    clipsearch_status status = read_files(in, true, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_put_batch_store(&in->batch, &err);
    if (status != CLIPSEARCH_OK)
        return cs_report_with_advice(&err, CS_STAGE_DATABASE, in->batch.stored ? CS_ADVICE_RESUME : CS_ADVICE_NONE,
                                     &in->settings, NULL);
    return cs_caught_signal() ? report_stopped(in)
                              : cs_write_index(in->args, &in->settings, in->collection, in->encoder);
}

static void print_report(const import *in, double seconds)
{
    clipsearch_collection_info info;
    char stored[27], replaced[27], bad[27], time[32];
    clipsearch_collection_info_init(&info);
    if (in->bad > MOST_MESSAGES)
        cs_print_message("%s rows were left out in all", cs_format_count(in->bad, bad));
    if (in->args->quiet || clipsearch_collection_describe(in->collection, &info, NULL) != CLIPSEARCH_OK)
        return;
    const uint64_t added = info.count >= in->before ? info.count - in->before : 0;
    printf("Imported %s vector%s into %s", cs_format_count(in->batch.stored, stored), cs_plural(in->batch.stored),
           in->settings.collection);
    if (in->batch.stored > added)
        printf(" (%s of them replaced others of their path)", cs_format_count(in->batch.stored - added, replaced));
    printf(" in %s\n", cs_format_duration(seconds, time));
}

static int run(import *in)
{
    clipsearch_error err;
    const double begin = cs_clock_ms();
    int code = cs_load_settings(in->args, NULL, &in->settings);
    if (code != CS_EXIT_FOUND)
        return code;
    if (open_files(in, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_INPUT);
    cs_catch_signals();
    if (read_files(in, false, &err) != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_INPUT);
    code = cs_caught_signal() ? report_stopped(in) : open_collection(in);
    if (code == CS_EXIT_FOUND)
        code = store_all(in);
    if (code != CS_EXIT_FOUND)
        return code;
    print_report(in, (cs_clock_ms() - begin) / 1000);
    return in->bad ? CS_EXIT_FILE : in->batch.stored ? CS_EXIT_FOUND : CS_EXIT_NOTHING;
}

int cs_command_import(const cs_args *args)
{
import in = {.args = args, .path = cs_buf_make(1 << 17), .attributes = cs_buf_make(128 << 20) };
    int code = check_arguments(&in);
    if (code == CS_EXIT_FOUND)
        code = run(&in);
    cs_put_batch_close(&in.batch);
    clipsearch_collection_close(&in.collection);
    clipsearch_encoder_close(&in.encoder);
    clipsearch_database_close(&in.db);
    cs_import_files_free(&in.files);
    cs_buf_free(&in.path);
    cs_buf_free(&in.attributes);
    cs_settings_free(&in.settings);
    return code;
}
