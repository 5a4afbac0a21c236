/* SPDX-License-Identifier: MIT
 * signals.h - Ctrl-C that lets the work in hand be finished. */
#ifndef CS_CLI_SIGNALS_H
#define CS_CLI_SIGNALS_H

/* From now on the first SIGINT, SIGTERM or SIGHUP is only noted; a second one ends the program at once. A signal the
 * program was started to ignore stays ignored. */
void cs_signals_hold(void);

/* The signal that came, 0 when none. */
int cs_signals_caught(void);

/* Writing to a closed pipe gives an error instead of ending the program. */
void cs_signals_ignore_pipe(void);

#endif
