/* SPDX-License-Identifier: MIT
 * command.c - settings and error reports of all commands. */
#include "cli/command.h"

#include "cli/output/message.h"

#include <stdarg.h>

static int load_settings(const cs_args *args, const cs_ingest_file *file, bool with_token, cs_settings *settings)
{
    clipsearch_error err;
    const cs_given_settings given = {.db = args->db,
                                     .collection = args->collection,
                                     .model = args->model,
                                     .precision = args->precision,
                                     .decode = args->decode,
                                     .cpu = args->cpu,
                                     .ca = args->ca,
                                     .consistency = args->consistency,
                                     .k = args->k.given ? args->k.value : 0,
                                     .threads = args->threads.given ? args->threads.value : 0,
                                     .quiet = args->quiet};
    clipsearch_status status = cs_settings_load(&given, file, settings, &err);
    if (status == CLIPSEARCH_E_NOT_FOUND) { /* there is no place for the default database */
        cs_print_advice(err.message, CS_ADVICE_DATABASE, NULL, NULL);
        return CS_EXIT_USAGE;
    }
    if (status == CLIPSEARCH_OK && with_token)
        status = cs_settings_use_database(settings, settings->db, &err);
    return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_settings(&err);
}

int cs_load_settings(const cs_args *args, const cs_ingest_file *file, cs_settings *settings)
{
    return load_settings(args, file, true, settings);
}

int cs_load_settings_without_token(const cs_args *args, cs_settings *settings)
{
    return load_settings(args, NULL, false, settings);
}

int cs_report_error(const clipsearch_error *err, cs_stage stage)
{
    cs_print_line("%s", err->message);
    return cs_exit_code(err->code, stage);
}

int cs_report_with_advice(const clipsearch_error *err, cs_stage stage, cs_advice advice, const cs_settings *settings,
                          const char *name)
{
    cs_print_advice(err->message, advice, settings, name);
    return cs_exit_code(err->code, stage);
}

int cs_report_settings(const clipsearch_error *err)
{
    int code = cs_report_error(err, CS_STAGE_INPUT);
    return err->code == CLIPSEARCH_E_FORMAT || err->code == CLIPSEARCH_E_LIMIT ? CS_EXIT_USAGE : code;
}

int cs_report_memory(void)
{
    cs_print_message("out of memory");
    return CS_EXIT_INTERNAL;
}

int cs_report_usage(unsigned command, const char *format, ...)
{
    char message[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    cs_print_line("%s", message);
    /* who asked for help about something else is helped by the list of commands */
    fprintf(stderr, "For help, run: clipsearch help%s%s\n", command == CS_HELP ? "" : " ",
            command == CS_HELP ? "" : cs_command_name(command));
    return CS_EXIT_USAGE;
}

int cs_report_operands(unsigned command)
{
    const char *name = cs_command_name(command);
    return cs_report_usage(command, "%s takes only options. To search for the word, run: clipsearch search %s", name,
                           name);
}
