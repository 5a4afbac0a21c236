/* SPDX-License-Identifier: MIT
 * viewer.c - the desktop's program for images. */
#include "output/viewer.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const double PATIENCE_MS = 2000;

/* Start `command` apart from this terminal: no input, no output, its own session, the usual signals. */
static int start(char *const *command, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    if ((error = posix_spawnattr_init(&attributes))) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && !error; fd++)
        error = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    if (!error)
        error = posix_spawnp(child, command[0], &actions, &attributes, command, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

clipsearch_status cs_viewer_open(const char *path, clipsearch_error *err)
{
    pid_t child, ended = 0;
    char program[] = "xdg-open";
    char *file = cs_strdup(path);
    char *const command[] = {program, file, NULL};
    if (!file)
        return cs_fail_memory(err, path);
    const int error = start(command, &child);
    cs_free(file);
    if (error == ENOENT)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                       "%s: cannot be shown, because xdg-open is not installed (it is part of xdg-utils)", path);
    if (error)
        return cs_fail_errno(err, CLIPSEARCH_E_IO, error, "cannot start xdg-open");
    int status = 0;
    const double start_time = cs_clock_ms();
    while ((ended = waitpid(child, &status, WNOHANG)) == 0 && cs_clock_ms() - start_time < PATIENCE_MS)
        usleep(10000);
    if (ended == child && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return cs_fail(err, CLIPSEARCH_E_IO,
                       "%s: xdg-open could not show it (it ended with status %d): is there a program for images, and a "
                       "desktop to show them on?",
                       path, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return CLIPSEARCH_OK;
}

clipsearch_status cs_viewer_make_path(const char *name, char **path, clipsearch_error *err)
{
    const char *parent = getenv("TMPDIR");
    char *directory = cs_path_join(parent && *parent ? parent : "/tmp", "clipsearch-XXXXXX");
    clipsearch_status status = CLIPSEARCH_OK;
    *path = NULL;
    if (!directory)
        return cs_fail_memory(err, "a temporary file");
    if (!mkdtemp(directory))
        status = cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot make this temporary directory", directory);
    else if (!(*path = cs_path_join(directory, name)))
        status = cs_fail_memory(err, "a temporary file");
    cs_free(directory);
    return status;
}
