/* SPDX-License-Identifier: MIT
 * tmux.c - sending images through tmux. */
#include "output/tmux.h"

#include "base/mem.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* tmux drops sequences of more than a megabyte (INPUT_BUF_LIMIT). */
enum { MAX_SEQUENCE = 1000000 };

bool cs_in_tmux(void)
{
    const char *tmux = getenv("TMUX");
    return tmux && *tmux;
}

/* The output of `command`, at most size - 1 bytes; false when it could not be run. */
static bool read_output(char *const *command, char *text, size_t size)
{
    int ends[2];
    pid_t child;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    const bool begun = posix_spawnp(&child, command[0], &actions, NULL, command, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t used = 0;
    ssize_t n;
    while (begun && used + 1 < size && (n = read(ends[0], text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    close(ends[0]);
    int status = 0;
    return begun && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool cs_tmux_passes(void)
{
    char program[] = "tmux", show[] = "display-message", print[] = "-p", option[] = "#{allow-passthrough}", text[64];
    char *const command[] = {program, show, print, option, NULL};
    return read_output(command, text, sizeof text) && strncmp(text, "off", 3) != 0 && text[0] != '0';
}

/* Whether `variable` ("NAME=value") is called `name`. */
static bool is_called(const char *variable, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(variable, name, n) == 0 && variable[n] == '=';
}

char **cs_tmux_outer_environment(void)
{
    /* what a terminal leaves in the environment, and how it would have introduced itself */
    static const struct {
        const char *left_behind;
        char introduction[32];
    } terminals[] = {{"KITTY_WINDOW_ID", "TERM=xterm-kitty"},
                     {"GHOSTTY_RESOURCES_DIR", "TERM=xterm-kitty"}, /* has Kitty's protocol */
                     {"WEZTERM_PANE", "TERM_PROGRAM=WezTerm"},
                     {"ITERM_SESSION_ID", "TERM_PROGRAM=iTerm.app"}};
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **outer = cs_alloc_array(count + 2, sizeof *outer);
    if (!outer)
        return NULL;
    const char *introduction = NULL;
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals && !introduction; i++)
        if (getenv(terminals[i].left_behind))
            introduction = terminals[i].introduction;
    for (size_t i = 0; i < count; i++) {
        const bool of_tmux = is_called(environ[i], "TMUX") || is_called(environ[i], "TERM_PROGRAM") ||
                             is_called(environ[i], "TERM_PROGRAM_VERSION");
        if (!of_tmux && !(introduction && is_called(environ[i], "TERM")))
            outer[kept++] = environ[i];
    }
    if (introduction) {
        /* the array of an environment has no const; nobody writes to its strings */
        memcpy(&outer[kept++], &introduction, sizeof introduction);
    }
    outer[kept] = NULL;
    return outer;
}

/* The end of the sequence that begins at `at`: after ESC \ or BEL, or `end`. */
static const char *sequence_end(const char *at, const char *end)
{
    for (const char *c = at + 1; c < end; c++)
        if (*c == '\a' || (*c == '\\' && c[-1] == '\033'))
            return c + 1;
    return end;
}

bool cs_tmux_wrap(const char *sequences, size_t size, cs_buf *out)
{
    const char *const end = sequences + size;
    for (const char *at = sequences; at < end; at = sequence_end(at, end))
        if (sequence_end(at, end) - at > MAX_SEQUENCE)
            return false;
    for (const char *at = sequences; at < end;) {
        const char *after = sequence_end(at, end);
        cs_buf_puts(out, "\033Ptmux;");
        for (; at < after; at++) { /* each ESC twice */
            if (*at == '\033')
                cs_buf_putc(out, '\033');
            cs_buf_putc(out, *at);
        }
        cs_buf_puts(out, "\033\\");
    }
    return true;
}
