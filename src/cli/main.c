/* SPDX-License-Identifier: MIT
 * main.c - the program: which command, and a clean end. */
#include "cli/command.h"
#include "config/nearest.h"
#include "cli/output/say.h"
#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A program may be started with standard streams closed. The next file opened, a database perhaps, would get their
 * number and then our output. So their places are taken by descriptors that fail as closed ones would. */
static void fill_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static int show_help(const cs_args *args)
{
    unsigned about = args->words.count ? cs_command_of(args->words.items[0].text) : 0;
    if (args->words.count && !about) {
        const char *word = args->words.items[0].text, *nearest = cs_nearest(word, cs_command_names, cs_command_count);
        return cs_usage(CS_HELP, "there is no command \"%s\"%s%s%s", word, nearest ? "; did you mean " : "",
                        nearest ? nearest : "", nearest ? "?" : "");
    }
    cs_help_print(about, stdout);
    return CS_EXIT_FOUND;
}

static int show_version(void)
{
    printf("clipsearch %s\n", clipsearch_version());
    return CS_EXIT_FOUND;
}

/* A first word that is almost a command may be a slip; it is searched for all the same. */
static void note_near_command(const cs_args *args, bool said_search)
{
    const char *word = args->words.count && !args->words.items[0].is_image ? args->words.items[0].text : NULL;
    if (!word || said_search || args->quiet || strlen(word) < 4)
        return;
    for (size_t i = 0; i < cs_command_count; i++)
        if (cs_edit_distance(word, cs_command_names[i]) == 1)
            cs_say("searching for \"%s\"; the command is %s", word, cs_command_names[i]);
}

static int run(unsigned command, bool said, const cs_args *args)
{
    if (args->help) {
        cs_help_print(said ? command : 0, stdout);
        return CS_EXIT_FOUND;
    }
    if (args->version)
        return show_version();
    switch (command) {
    case CS_INGEST:
        return cs_command_ingest(args);
    case CS_EMBED:
        return cs_command_embed(args);
    case CS_TOKENIZE:
        return cs_command_tokenize(args);
    case CS_INFO:
        return cs_command_info(args);
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
    case CS_HELP:
        return show_help(args);
    case CS_VERSION:
        return show_version();
    default:
        note_near_command(args, said);
        return cs_command_search(args);
    }
}

/* Whether standard output is a pipe that nobody reads any more. */
static bool reader_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && out.revents & POLLERR;
}

/* What was printed must have arrived. A reader that closed its pipe wanted no more, which is no fault. */
static int finish(int code)
{
    errno = 0;
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (!failed || reader_gone())
        return code;
    cs_say("cannot write standard output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
    return code <= CS_EXIT_NOTHING ? CS_EXIT_FILE : code;
}

int main(int argc, char **argv)
{
    fill_standard_streams();
    cs_signals_ignore_pipe();
    if (argc < 2) {
        cs_help_print(0, stderr);
        return CS_EXIT_USAGE;
    }
    int first = cs_options_first_word(argc, argv);
    unsigned command = first ? cs_command_of(argv[first]) : 0;
    bool said = command != 0;
    if (said) { /* the command's word is no argument of it */
        memmove(argv + first, argv + first + 1, (size_t)(argc - first) * sizeof *argv);
        argc--;
    } else {
        command = CS_SEARCH;
    }
    cs_args args;
    clipsearch_error err;
    clipsearch_status status = cs_options_parse(command, argc, argv, &args, &err);
    int code = status == CLIPSEARCH_OK           ? run(command, said, &args)
               : status == CLIPSEARCH_E_ARGUMENT ? cs_usage(command, "%s", err.message)
                                                 : cs_report(&err, CS_STAGE_INPUT);
    cs_args_free(&args);
    return finish(code);
}
