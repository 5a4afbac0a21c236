/* SPDX-License-Identifier: MIT
 * clock.h - time that never goes back. */
#ifndef CS_BASE_CLOCK_H
#define CS_BASE_CLOCK_H

/* Milliseconds since an unspecified start. Thread-safe. */
double cs_clock_ms(void);

#endif
