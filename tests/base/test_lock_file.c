/* SPDX-License-Identifier: MIT
 * test_lock_file.c - one holder at a time, in one process and in two; what is left of a holder that was killed. */
#include "base/lock_file.h"
#include "tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/clipsearch-lock-XXXXXX";
static char path[64];
static clipsearch_error err;

static cs_lock_file *try_lock(long *holder)
{
    cs_lock_file *lock = NULL;
    if (cs_lock_file_try(path, &lock, holder, &err) != CLIPSEARCH_OK)
        tap_note("%s", err.message);
    return lock;
}

static void test_one_process(void)
{
    long holder = 0;
    cs_lock_file *first = try_lock(&holder), *second = try_lock(&holder);
    TAP_OK(first && !second && holder == (long)getpid(), "a second holder is refused, and told who the first is");
    cs_lock_file_release(&first);
    TAP_OK(!first && access(path, F_OK) != 0, "the file is gone with the lock");
    second = try_lock(&holder);
    TAP_OK(second && holder == 0, "then the second gets it");
    cs_lock_file_release(&second);
    cs_lock_file_release(&second);
    TAP_OK(!second, "nothing is released twice");
}

/* A child that has the lock until it is killed. */
static pid_t start_holder(void)
{
    int ready[2];
    char byte = 0;
    if (pipe(ready))
        return -1;
    pid_t child = fork();
    if (child == 0) {
        long holder;
        byte = try_lock(&holder) ? 'y' : 'n';
        (void)!write(ready[1], &byte, 1);
        for (;;)
            pause();
    }
    close(ready[1]);
    (void)!read(ready[0], &byte, 1);
    close(ready[0]);
    return byte == 'y' ? child : -1;
}

static void test_two_processes(void)
{
    long holder = 0;
    fflush(stdout);
    pid_t child = start_holder();
    TAP_OK(child > 0 && !try_lock(&holder) && holder == (long)child, "another process has it: %ld", holder);
    if (child > 0)
        kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    TAP_OK(access(path, F_OK) == 0, "a process that is killed leaves the file");
    cs_lock_file *lock = try_lock(&holder);
    TAP_OK(lock != NULL, "but not the lock");
    cs_lock_file_release(&lock);
    TAP_OK(access(path, F_OK) != 0, "and the next removes it");
}

static void test_without_a_file(void)
{
    long holder = 7;
    cs_lock_file *lock = NULL, *other = NULL;
    TAP_OK(cs_lock_file_try("/nowhere/at/all", &lock, &holder, &err) == CLIPSEARCH_OK && lock && holder == 0 &&
               cs_lock_file_try("/nowhere/at/all", &other, &holder, &err) == CLIPSEARCH_OK && other,
           "where no file can be made, everyone has the lock");
    cs_lock_file_release(&lock);
    cs_lock_file_release(&other);
    char target[80], text[8] = "";
    snprintf(target, sizeof target, "%s/target", directory);
    FILE *file = fopen(target, "w");
    if (!file || fputs("kept", file) < 0 || fclose(file) || symlink(target, path))
        tap_note("no link was made");
    lock = try_lock(&holder);
    file = fopen(target, "r");
    TAP_OK(lock && file && fgets(text, sizeof text, file) && strcmp(text, "kept") == 0,
           "a link in its place is not followed");
    if (file)
        fclose(file);
    cs_lock_file_release(&lock);
    unlink(path);
    unlink(target);
}

int main(void)
{
    if (!mkdtemp(directory)) {
        TAP_OK(false, "no directory for the test");
        return tap_done();
    }
    snprintf(path, sizeof path, "%s/lock", directory);
    test_one_process();
    test_two_processes();
    test_without_a_file();
    rmdir(directory);
    return tap_done();
}
