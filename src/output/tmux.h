/* SPDX-License-Identifier: MIT
 * tmux.h - sending images through tmux to the terminal that it runs in. */
#ifndef CS_OUTPUT_TMUX_H
#define CS_OUTPUT_TMUX_H

#include "base/buf.h"

/* Whether this process runs in a window of tmux. */
bool cs_in_tmux(void);

/* Whether that tmux passes sequences through (its option allow-passthrough, off by default since 3.3; older ones always
 * do). Runs the program tmux. */
bool cs_tmux_passes(void);

/* The environment as the terminal outside of tmux would have set it, as far as the variables that it left behind say.
 * NULL when out of memory; free with cs_free. The strings are not copies. */
char **cs_tmux_outer_environment(void);

/* Append the `size` bytes of `sequences` so that tmux passes each of them through: control sequences from ESC to ESC \
 * or BEL. Returns false, with nothing appended, when one of them is longer than tmux takes. */
bool cs_tmux_wrap(const char *sequences, size_t size, cs_buf *out);

#endif
