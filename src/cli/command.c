/* SPDX-License-Identifier: MIT
 * command.c - what the commands share. */
#include "cli/command.h"

#include "cli/output/say.h"

#include <stdarg.h>
#include <time.h>

int cs_report(const clipsearch_error *err, cs_stage stage)
{
    cs_say("%s", err->message);
    return cs_exit_code(err->code, stage);
}

int cs_report_settings(const clipsearch_error *err)
{
    int code = cs_report(err, CS_STAGE_INPUT);
    return err->code == CLIPSEARCH_E_FORMAT || err->code == CLIPSEARCH_E_LIMIT ? CS_EXIT_USAGE : code;
}

int cs_report_memory(void)
{
    cs_say("out of memory");
    return CS_EXIT_INTERNAL;
}

int cs_usage(unsigned command, const char *format, ...)
{
    char message[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    cs_say("%s\n(clipsearch help %s says more)", message, cs_command_name(command));
    return CS_EXIT_USAGE;
}

double cs_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}
