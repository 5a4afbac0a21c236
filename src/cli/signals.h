/* SPDX-License-Identifier: MIT
 * signals.h - interruption by Ctrl-C after the current piece of work. */
#ifndef CS_CLI_SIGNALS_H
#define CS_CLI_SIGNALS_H

/* From now on the first SIGINT, SIGTERM or SIGHUP is only recorded; a second one ends the program at once. A signal
 * that the program was started to ignore stays ignored. */
void cs_catch_signals(void);

/* The signal that was caught, 0 when none. */
int cs_caught_signal(void);

/* From now on writing to a closed pipe returns an error instead of ending the program. */
void cs_ignore_broken_pipe(void);

#endif
