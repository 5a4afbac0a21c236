/* SPDX-License-Identifier: MIT
 * terminal.c - what terminals with and without libchafa have in common. */
#include "output/terminal.h"

#include <unistd.h>

clipsearch_status cs_terminal_open(int fd, cs_terminal *terminal, clipsearch_error *err)
{
    *terminal = (cs_terminal){0};
    if (!isatty(fd))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "images are drawn on a terminal, and standard output is not one");
    return cs_terminal_detect(fd, terminal, err);
}
