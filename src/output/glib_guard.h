/* SPDX-License-Identifier: MIT
 * glib_guard.h - errors of GLib, which would end the process. GLib reports what it cannot go on from, above all that
 * memory ran out, and then aborts. Between begin and end such an error returns to the place of the setjmp instead:
 *
 *     if (setjmp(*cs_glib_guard_begin()))
 *         return cs_fail_memory(err, "...");
 *     ... calls of GLib and of libraries that use it ...
 *     cs_glib_guard_end();
 *
 * What GLib was doing is lost then, and its locks stay locked: nothing may call it afterwards. One thread at a time. */
#ifndef CS_OUTPUT_GLIB_GUARD_H
#define CS_OUTPUT_GLIB_GUARD_H

#include <setjmp.h>
#include <stdbool.h>

/* Take over GLib's messages, through a library that was loaded with it: warnings are dropped, since they say nothing
 * about what clipsearch was asked for. False when that library has no GLib. */
bool cs_glib_guard_install(void *library);

/* The place to return to; for setjmp in the caller's own condition. */
jmp_buf *cs_glib_guard_begin(void);
void cs_glib_guard_end(void);

/* Whether an error came: GLib must not be called any more. */
bool cs_glib_is_lost(void);

#endif
