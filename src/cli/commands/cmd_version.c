/* SPDX-License-Identifier: MIT
 * cmd_version.c - clipsearch version: the version, and with -v what this build has. */
#include "cli/command.h"

#include "config/yaml_tree.h"
#include "models/http.h"
#include "output/terminal.h"
#include "output/text.h"
#include "server/server.h"

static void print_row(void *context, const char *name, const char *value)
{
    (void)context;
    printf("  %-10s  %s\n", name, value);
}

/* `version`: NULL when the build has no such library, "" when it is not installed. */
static void print_library(const char *name, const char *version)
{
    print_row(NULL, name, !version ? "not in this build" : *version ? version : "not installed");
}

int cs_command_version(const cs_args *args)
{
    printf("clipsearch %s\n", clipsearch_version());
    if (!args->verbose)
        return CS_EXIT_FOUND;
    clipsearch_build_info(print_row, NULL);
    print_library("yaml", cs_yaml_library());
    print_library("curl", cs_http_library());
    print_library("pango", cs_text_library());
    print_library("chafa", cs_terminal_library());
    print_library("microhttpd", cs_server_library());
    return CS_EXIT_FOUND;
}
