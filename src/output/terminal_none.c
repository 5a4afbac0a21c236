/* SPDX-License-Identifier: MIT
 * terminal_none.c - in builds without libchafa. */
#include "output/terminal.h"

clipsearch_status cs_terminal_detect(int fd, cs_terminal *terminal, clipsearch_error *err)
{
    (void)fd, (void)terminal;
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                   "this build of clipsearch cannot draw on a terminal: it has no "
                   "libchafa");
}

void cs_terminal_close(cs_terminal *terminal)
{
    (void)terminal;
}

clipsearch_status cs_terminal_put_image(cs_terminal *terminal, const uint8_t *rgba, uint32_t width, uint32_t height,
                                        unsigned columns, unsigned rows, cs_buf *out, clipsearch_error *err)
{
    (void)terminal, (void)rgba, (void)width, (void)height, (void)columns, (void)rows, (void)out;
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "this build has no libchafa");
}

unsigned cs_terminal_put_text(const cs_terminal *terminal, const char *text, unsigned columns, cs_buf *out)
{
    (void)terminal, (void)text, (void)columns, (void)out;
    return 0;
}

const char *cs_terminal_library(void)
{
    return NULL;
}
