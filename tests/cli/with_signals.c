/* SPDX-License-Identifier: MIT
 * with_signals.c - for test_cli.sh: runs a program with the signals that a terminal gives it. A shell starts its
 * background jobs with SIGINT ignored, which no shell command undoes. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    signal(SIGINT, SIG_DFL);
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
