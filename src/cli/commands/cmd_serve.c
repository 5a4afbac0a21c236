/* SPDX-License-Identifier: MIT
 * cmd_serve.c - clipsearch serve: starts the server, and ends it at a signal. */
#include "cli/command.h"
#include "cli/commands/open.h"
#include "cli/output/message.h"
#include "cli/signals.h"
#include "server/server.h"

#include <stdio.h>

static bool is_stopped(void)
{
    return cs_caught_signal() != 0;
}

static void fill_options(const cs_args *args, const cs_settings *settings, cs_server_options *options)
{
    cs_server_options_init(options);
    options->settings = settings;
    options->listen = args->listen;
    options->token_file = args->token_file;
    options->cert = args->cert;
    options->key = args->key;
    options->upload_dir = args->upload_dir;
    options->allow_delete = args->allow_delete;
    options->host_names = args->host_names.items;
    options->host_name_count = args->host_names.count;
    if (args->max_body.given)
        options->max_body = args->max_body.value;
    if (args->max_pixels.given)
        options->max_pixels = args->max_pixels.value;
    if (args->max_waiting.given)
        options->max_waiting = args->max_waiting.value;
    if (args->max_connections.given)
        options->max_connections = args->max_connections.value;
    if (args->cache_bytes.given)
        options->thumbnail_bytes = args->cache_bytes.value;
    if (args->timeout.given)
        options->timeout = (double)args->timeout.value;
}

static void print_model_note(void *settings, const char *line)
{
    cs_print_advice(line, CS_ADVICE_MODEL, settings, NULL);
}

int cs_command_serve(const cs_args *args)
{
    clipsearch_error err;
    cs_settings settings;
    cs_server_options options;
    cs_server *server = NULL;
    if (args->operands.count)
        return cs_report_operands(CS_SERVE);
    int code = cs_load_settings(args, NULL, &settings);
    if (code == CS_EXIT_FOUND) {
        fill_options(args, &settings, &options);
        options.note = args->quiet ? NULL : cs_print_note;
        options.model_note = args->quiet ? NULL : print_model_note;
        options.context = &settings;
        cs_catch_signals();
        clipsearch_status status = cs_server_open(&options, &server, &err);
        if (status == CLIPSEARCH_E_ARGUMENT)
            code = cs_report_usage(CS_SERVE, "%s", err.message);
        else if (status != CLIPSEARCH_OK)
            code = cs_report_error(&err, status == CLIPSEARCH_E_DATABASE ? CS_STAGE_DATABASE : CS_STAGE_INPUT);
    }
    if (code == CS_EXIT_FOUND) {
        printf("%s\n", cs_server_address(server)); /* with --listen :0 the only way to learn the port */
        fflush(stdout);
        cs_server_run(server, is_stopped);
    }
    cs_server_close(&server);
    cs_settings_free(&settings);
    return code;
}
