/* SPDX-License-Identifier: MIT
 * main.c - finds the command, runs it, and checks that its output was written. */
#include "cli/command.h"
#include "cli/commands/show_settings.h"
#include "config/nearest.h"
#include "cli/output/message.h"
#include "cli/output/write_out.h"
#include "cli/signals.h"
#include "cli/word_advice.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* The program may be started with standard streams closed. Then the next file that is opened, perhaps a database, would
 * get the number of one of them, and our output would go into it. So open descriptors in their place that fail as
 * closed ones would. */
static void fill_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static int show_help(const cs_args *args)
{
    unsigned about = args->operands.count ? cs_command_of(args->operands.items[0].text) : 0;
    if (args->operands.count && !about) {
        const char *word = args->operands.items[0].text,
                   *nearest = cs_nearest(word, cs_command_names, cs_command_count);
        return cs_report_usage(CS_HELP, "there is no command \"%s\"%s%s%s", word, nearest ? "; did you mean " : "",
                               nearest ? nearest : "", nearest ? "?" : "");
    }
    cs_help_print(about, stdout);
    return CS_EXIT_FOUND;
}

static int run_command(unsigned command, bool command_given, const cs_args *args)
{
    if (args->help) {
        cs_help_print(command_given ? command : 0, stdout);
        return CS_EXIT_FOUND;
    }
    if (args->version)
        return cs_command_version(args);
    switch (command) {
    case CS_INGEST:
        return cs_command_ingest(args);
    case CS_EMBED:
        cs_advise_about_files(args);
        return cs_command_embed(args);
    case CS_TOKENIZE:
        return cs_command_tokenize(args);
    case CS_INFO:
        return cs_command_info(args);
    case CS_CONFIG:
        return args->operands.count ? cs_report_operands(CS_CONFIG) : cs_show_settings(args);
    case CS_QUERY:
        return cs_command_query(args);
    case CS_GET:
        return cs_command_get(args);
    case CS_DELETE:
        return cs_command_delete(args);
    case CS_DROP:
        return cs_command_drop(args);
    case CS_COLLECTIONS:
        return cs_command_collections(args);
    case CS_MODEL:
        return cs_command_model(args);
    case CS_CHECK:
        return cs_command_check(args);
    case CS_VACUUM:
        return cs_command_vacuum(args);
    case CS_UPDATE:
        return cs_command_update(args);
    case CS_DUPLICATES:
        return cs_command_duplicates(args);
    case CS_EXPORT:
        return cs_command_export(args);
    case CS_IMPORT:
        return cs_command_import(args);
    case CS_MERGE:
        return cs_command_merge(args);
    case CS_COPY:
        return cs_command_copy(args);
    case CS_COMPLETION:
        return cs_command_completion(args);
    case CS_SERVE:
        return cs_command_serve(args);
    case CS_LABEL:
        return cs_command_label(args);
    case CS_HELP:
        return show_help(args);
    case CS_VERSION:
        return cs_command_version(args);
    default:
        cs_advise_about_words(args, command_given);
        return cs_command_search(args);
    }
}

/* Whether standard output is a pipe whose reader has closed it. */
static bool is_pipe_closed(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && out.revents & POLLERR;
}

/* Write what is left of the output; the exit status. It is no error when the reader of a pipe has closed it. */
static int flush_output(int code)
{
    int why;
    if (cs_flush_out(stdout, &why) || is_pipe_closed())
        return code;
    cs_print_message("cannot write standard output%s%s", why ? ": " : "", why ? strerror(why) : "");
    return code <= CS_EXIT_NOTHING ? CS_EXIT_FILE : code;
}

/* Without --show, or the question for its help, "config" is a word to search for. */
static unsigned command_of(int argc, char **argv, int first)
{
    const unsigned command = first ? cs_command_of(argv[first]) : 0;
    if (command != CS_CONFIG)
        return command;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--show") == 0 || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return CS_CONFIG;
    return 0;
}

int main(int argc, char **argv)
{
    fill_standard_streams();
    cs_ignore_broken_pipe();
    if (argc < 2) {
        cs_help_print(0, stderr);
        return CS_EXIT_USAGE;
    }
    int first = cs_args_first_operand(argc, argv);
    unsigned command = command_of(argc, argv, first);
    bool command_given = command != 0;
    if (command_given) { /* remove the command's name from its arguments */
        memmove(argv + first, argv + first + 1, (size_t)(argc - first) * sizeof *argv);
        argc--;
    } else {
        command = CS_SEARCH;
    }
    cs_args args;
    clipsearch_error err;
    clipsearch_status status = cs_args_parse(command, argc, argv, &args, &err);
    int code = status == CLIPSEARCH_OK           ? run_command(command, command_given, &args)
               : status == CLIPSEARCH_E_ARGUMENT ? cs_report_usage(command, "%s", err.message)
                                                 : cs_report_error(&err, CS_STAGE_INPUT);
    cs_args_free(&args);
    return flush_output(code);
}
