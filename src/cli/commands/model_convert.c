/* SPDX-License-Identifier: MIT
 * model_convert.c - clipsearch model convert: writes a model again with chosen towers and a chosen number type. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/file.h"
#include "cli/commands/model_actions.h"
#include "cli/commands/open.h"
#include "cli/output/progress.h"
#include "cli/output/message.h"
#include "cli/output/units.h"
#include "cli/signals.h"
#include "config/names.h"

#include <string.h>

typedef struct conversion {
    cs_progress_view view;
    const char *name;
    bool quiet;
    double began; /* ms */
} conversion;

static bool on_progress(void *context, uint64_t done, uint64_t total)
{
    conversion *c = context;
    if (!c->quiet)
        cs_progress_show_bytes(
            &c->view, &(cs_bytes_progress){
                          .name = c->name, .done = done, .total = total, .seconds = (cs_clock_ms() - c->began) / 1e3});
    return cs_caught_signal() == 0;
}

static void print_report(const clipsearch_convert_report *report, const char *to)
{
    char tensors[27], parameters[27], rounded[27], bytes[32];
    printf("Converted: ");
    cs_print_name(to, stdout);
    printf(", %s tensors, %s numbers, %s", cs_format_count(report->tensors, tensors),
           cs_format_count(report->parameters, parameters), cs_format_bytes(report->bytes, bytes));
    if (report->rounded)
        printf("; %s numbers were rounded", cs_format_count(report->rounded, rounded));
    printf("\n");
}

static int convert_model(const cs_args *args, const char *from)
{
    clipsearch_error err;
    clipsearch_convert_options options;
    clipsearch_convert_report report;
    clipsearch_convert_report_init(&report);
    conversion c = {
        .view = cs_progress_open(), .name = cs_path_base(args->to), .quiet = args->quiet, .began = cs_clock_ms()};
    clipsearch_convert_options_init(&options);
    options.towers = args->towers ? cs_name_index(args->towers, cs_tower_names) + 1 : 0;
    if (args->precision && strcmp(args->precision, "int8") == 0)
        options.type = CLIPSEARCH_INT8;
    else if (args->precision && strcmp(args->precision, "bf16") == 0)
        options.type = CLIPSEARCH_BF16_PAIRS;
    else if (args->type)
        options.type = (clipsearch_number_type)cs_name_index(args->type, cs_number_names);
    options.progress = on_progress;
    options.context = &c;
    cs_catch_signals();
    clipsearch_status status = clipsearch_model_convert(from, args->to, &options, &report, &err);
    cs_progress_clear(&c.view);
    if (status == CLIPSEARCH_E_CANCELLED) {
        cs_print_message("interrupted; nothing was converted");
        return CS_EXIT_SIGNAL + cs_caught_signal();
    }
    if (status != CLIPSEARCH_OK)
        return cs_report_error(&err, status == CLIPSEARCH_E_IO ? CS_STAGE_INPUT : CS_STAGE_MODEL);
    if (!args->quiet)
        print_report(&report, args->to);
    return CS_EXIT_FOUND;
}

int cs_command_model_convert(const cs_args *args, const char *const *operands, size_t count)
{
    (void)count;
    cs_settings settings;
    cs_model_location location = {0};
    if (!args->to)
        return cs_report_usage(CS_MODEL, "no directory for the new model was given; give --to DIR");
    int code = cs_load_settings_without_token(args, &settings);
    if (code == CS_EXIT_FOUND)
        code = cs_find_model(operands[0], &location);
    if (code == CS_EXIT_FOUND)
        code = convert_model(args, location.directory);
    cs_model_location_free(&location);
    cs_settings_free(&settings);
    return code;
}
