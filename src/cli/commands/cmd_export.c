/* SPDX-License-Identifier: MIT
 * cmd_export.c - clipsearch export: the vectors of a collection as a .npy file, what is known of its images as JSON
 * lines, CSV or Parquet. Row n of one file belongs to row n of the other. */
#include "cli/command.h"

#include "base/file.h"
#include "base/half.h"
#include "base/mem.h"
#include "cli/commands/folder_filter.h"
#include "cli/commands/open.h"
#include "cli/output/message.h"
#include "cli/output/output_file.h"
#include "cli/output/units.h"
#include "cli/output/write_out.h"
#include "cli/signals.h"
#include "exchange/item_row.h"
#include "exchange/npy.h"
#include "exchange/parquet_write.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

typedef struct export
{
    const cs_args *args;
    cs_opened opened;
    cs_output_file vectors, meta; /* stream NULL: not asked for */
    bool half, csv, parquet;
    cs_parquet_writer *table; /* of a Parquet file, else NULL */
    clipsearch_error table_error;
    clipsearch_status table_status;
    uint16_t *halves;  /* [dim] */
    int64_t too_large; /* the id of an item with a number that no half can hold, or 0 */
    cs_buf line;
    uint64_t rows;
}
export;

/* Whether the name of a file ends in `ending`. */
static bool ends_in(const char *path, const char *ending)
{
    const char *dot = strrchr(cs_path_base(path), '.');
    return dot && strcasecmp(dot, ending) == 0;
}

static int check_arguments(export *e)
{
    const cs_args *args = e->args;
    if (args->operands.count)
        return cs_report_operands(CS_EXPORT);
    if (!args->vectors.count && !args->meta.count)
        return cs_report_usage(CS_EXPORT,
                               "nothing to write was given; give --vectors FILE.npy, --meta FILE.jsonl or both");
    if (args->vectors.count > 1 || args->meta.count > 1)
        return cs_report_usage(CS_EXPORT, "--vectors and --meta name one file each");
    if (args->vectors.count && strcmp(args->vectors.items[0], "-") == 0)
        return cs_report_usage(CS_EXPORT, "vectors cannot be written to standard output; name a file");
    const char *const others[] = {".parquet", ".csv", ".jsonl", ".json", ".txt"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (args->vectors.count && ends_in(args->vectors.items[0], others[i]))
            return cs_report_usage(CS_EXPORT, "%s: vectors are written as .npy; --meta writes the table",
                                   args->vectors.items[0]);
    e->half = args->type && strcmp(args->type, "f16") == 0;
    e->csv = args->meta.count && ends_in(args->meta.items[0], ".csv");
    e->parquet = args->meta.count && ends_in(args->meta.items[0], ".parquet");
    return CS_EXIT_FOUND;
}

/* The header has room for any number of rows; how many there are is known at the end. */
static clipsearch_status write_header(export *e, clipsearch_error *err)
{
    cs_buf header = cs_buf_make(CS_NPY_HEADER);
    cs_npy_put_header(&header, (size_t)e->rows, e->opened.info.dim, e->half);
    clipsearch_status status = header.failed ? cs_fail_memory(err, "the output") : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK && cs_flush_out(e->vectors.stream, NULL) &&
        pwrite(e->vectors.file.fd, header.data, header.len, 0) != (ssize_t)header.len)
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot write", e->args->vectors.items[0]);
    cs_buf_free(&header);
    return status;
}

static clipsearch_status open_files(export *e, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (e->args->vectors.count) {
        status = cs_output_file_open(e->args->vectors.items[0], &e->vectors, err);
        if (status == CLIPSEARCH_OK)
            status = write_header(e, err);
        if (status == CLIPSEARCH_OK && fseek(e->vectors.stream, CS_NPY_HEADER, SEEK_SET) != 0)
            status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot write", e->args->vectors.items[0]);
    }
    if (status == CLIPSEARCH_OK && e->args->meta.count)
        status = cs_output_file_open(e->args->meta.items[0], &e->meta, err);
    if (status == CLIPSEARCH_OK && e->csv)
        fputs(cs_item_csv_header, e->meta.stream);
    if (status == CLIPSEARCH_OK && e->parquet)
        status = cs_parquet_writer_open(e->meta.stream, &e->table, err);
    return status;
}

static void write_vector(export *e, int64_t id, const float *vector)
{
    const size_t dim = e->opened.info.dim;
    if (!e->half) {
        cs_write_out(vector, dim * sizeof *vector, e->vectors.stream);
        return;
    }
    for (size_t i = 0; i < dim; i++) {
        e->halves[i] = cs_f16_from_float(vector[i]);
        if (isfinite(vector[i]) && !isfinite(cs_float_from_f16(e->halves[i])))
            e->too_large = id;
    }
    cs_write_out(e->halves, dim * sizeof *e->halves, e->vectors.stream);
}

static bool write_item(void *context, const clipsearch_hit *item, const float *vector)
{
    export *e = context;
    if (e->vectors.stream)
        write_vector(e, item->id, vector);
    if (e->table) {
        e->table_status = cs_parquet_writer_add(e->table, item, &e->table_error);
    } else if (e->meta.stream) {
        cs_buf_clear(&e->line);
        (e->csv ? cs_put_item_csv : cs_put_item_row)(&e->line, item);
        if (!e->line.failed)
            cs_write_out(e->line.data, e->line.len, e->meta.stream);
    }
    e->rows++;
    return !e->too_large && !e->line.failed && e->table_status == CLIPSEARCH_OK &&
           !(e->vectors.stream && ferror(e->vectors.stream)) && !(e->meta.stream && ferror(e->meta.stream)) &&
           !cs_caught_signal();
}

static int export_all(export *e, const char *filter)
{
    clipsearch_error err;
    clipsearch_each_options options;
    clipsearch_each_options_init(&options);
    options.filter = filter;
    options.gone = e->args->gone;
    options.vectors = e->vectors.stream != NULL;
    clipsearch_status status = clipsearch_collection_each(e->opened.collection, &options, write_item, e, &err);
    if (status == CLIPSEARCH_E_LIMIT)
        return cs_report_usage(CS_EXPORT, "%s", err.message);
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, CS_STAGE_DATABASE);
    if (cs_caught_signal()) {
        cs_print_message("interrupted; nothing was written");
        return CS_EXIT_SIGNAL + cs_caught_signal();
    }
    if (e->too_large)
        return cs_report_usage(CS_EXPORT,
                               "--type f16 holds numbers up to 65,504, and the vector of image %" PRId64
                               " has a larger one; export it as f32",
                               e->too_large);
    if (e->line.failed || e->table_status == CLIPSEARCH_E_MEMORY)
        return cs_report_memory();
    if (!e->rows) {
        cs_print_message("no image of the collection %s is to be exported; nothing was written", e->opened.info.name);
        return CS_EXIT_NOTHING;
    }
    if (e->vectors.stream) {
        status = write_header(e, &err);
        if (status == CLIPSEARCH_OK)
            status = cs_output_file_commit(&e->vectors, &err);
    }
    if (status == CLIPSEARCH_OK && e->table)
        status = cs_parquet_writer_finish(e->table, &err);
    if (status == CLIPSEARCH_OK && e->meta.stream)
        status = cs_output_file_commit(&e->meta, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_error(&err, CS_STAGE_INPUT);
}

static void print_report(const export *e)
{
    char count[27];
    const cs_args *args = e->args;
    const bool to_stdout = args->meta.count && strcmp(args->meta.items[0], "-") == 0;
    if (to_stdout && !cs_flush_out(stdout, NULL))
        return; /* the program says so when it ends */
    if (!args->quiet)
        fprintf(to_stdout ? stderr : stdout, "Exported %s image%s of %s, vectors of %zu numbers\n",
                cs_format_count(e->rows, count), cs_plural(e->rows), e->opened.info.name, e->opened.info.dim);
}

int cs_command_export(const cs_args *args)
{
    clipsearch_error err;
    char *filter = NULL;
    export e = {.args = args, .line = cs_buf_make(64 << 20)};
    int code = check_arguments(&e);
    if (code == CS_EXIT_FOUND)
        code = cs_make_filter(CS_EXPORT, args, &filter);
    if (code == CS_EXIT_FOUND)
        code = cs_open_collection(args, NULL, CLIPSEARCH_READ_ONLY, &e.opened);
    if (code == CS_EXIT_FOUND && !(e.halves = cs_alloc_array(e.opened.info.dim, sizeof *e.halves)))
        code = cs_report_memory();
    if (code == CS_EXIT_FOUND && open_files(&e, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_INPUT);
    if (code == CS_EXIT_FOUND) {
        cs_catch_signals();
        code = export_all(&e, filter);
    }
    if (code == CS_EXIT_FOUND)
        print_report(&e);
    cs_output_file_discard(&e.vectors);
    cs_output_file_discard(&e.meta);
    cs_free(e.halves);
    cs_free(filter);
    cs_buf_free(&e.line);
    cs_parquet_writer_close(&e.table);
    cs_close_opened(&e.opened);
    return code;
}
