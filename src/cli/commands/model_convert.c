/* SPDX-License-Identifier: MIT
 * model_convert.c - clipsearch model convert: a model written anew, its towers chosen, its numbers shorter. */
#include "cli/command.h"

#include "base/file.h"
#include "cli/commands/model_actions.h"
#include "models/models.h"
#include "cli/output/progress.h"
#include "cli/output/say.h"
#include "config/settings.h"
#include "cli/signals.h"
#include "config/words.h"

#include <string.h>

/* What the callback needs. */
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
                          .name = c->name, .done = done, .total = total, .seconds = (cs_now_ms() - c->began) / 1e3});
    return cs_signals_caught() == 0;
}

static void say_report(const clipsearch_convert_report *report, const char *to)
{
    char tensors[27], parameters[27], rounded[27], bytes[32];
    cs_buf words = cs_buf_make(1 << 16);
    cs_put_printable(&words, to);
    printf("Converted: %s, %s tensors, %s numbers, %s", words.data ? words.data : "",
           cs_grouped(report->tensors, tensors), cs_grouped(report->parameters, parameters),
           cs_byte_words(report->bytes, bytes));
    if (report->rounded)
        printf("; %s numbers were rounded", cs_grouped(report->rounded, rounded));
    printf("\n");
    cs_buf_free(&words);
}

static int convert(const cs_args *args, const char *from)
{
    clipsearch_error err;
    clipsearch_convert_options options;
    clipsearch_convert_report report;
    clipsearch_convert_report_init(&report);
    conversion c = {
        .view = cs_progress_open(), .name = cs_path_base(args->to), .quiet = args->quiet, .began = cs_now_ms()};
    clipsearch_convert_options_init(&options);
    options.towers = args->towers ? cs_word_index(args->towers, cs_tower_words) + 1 : 0;
    if (args->type)
        options.type = (clipsearch_number_type)cs_word_index(args->type, cs_number_words);
    options.progress = on_progress;
    options.context = &c;
    cs_signals_hold();
    clipsearch_status status = clipsearch_model_convert(from, args->to, &options, &report, &err);
    cs_progress_clear(&c.view);
    if (status == CLIPSEARCH_E_CANCELLED) {
        cs_say("interrupted; nothing was converted");
        return CS_EXIT_SIGNAL + cs_signals_caught();
    }
    if (status != CLIPSEARCH_OK)
        return cs_report(&err, status == CLIPSEARCH_E_IO ? CS_STAGE_INPUT : CS_STAGE_MODEL);
    if (!args->quiet)
        say_report(&report, args->to);
    return CS_EXIT_FOUND;
}

int cs_command_model_convert(const cs_args *args, const char *const *words, size_t count)
{
    (void)count;
    clipsearch_error err;
    cs_settings settings;
    cs_model_place place = {0};
    if (!args->to)
        return cs_usage(CS_MODEL, "convert to what? Give the new model's directory: --to DIR");
    int code = CS_EXIT_FOUND;
    if (cs_settings_load(args, NULL, &settings, &err) != CLIPSEARCH_OK)
        code = cs_report_settings(&err);
    if (code == CS_EXIT_FOUND && cs_model_find(words[0], &place, &err) != CLIPSEARCH_OK)
        code = cs_report(&err, CS_STAGE_MODEL);
    if (code == CS_EXIT_FOUND)
        code = convert(args, place.directory);
    cs_model_place_free(&place);
    cs_settings_free(&settings);
    return code;
}
