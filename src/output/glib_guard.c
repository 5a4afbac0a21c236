/* SPDX-License-Identifier: MIT
 * glib_guard.c - errors of GLib, which would end the process. */
#include "output/glib_guard.h"

#include "base/symbol.h"

#include <stddef.h>

/* From GLib's manual; no header is needed, because these are fixed. */
typedef void log_function(const char *domain, int level, const char *message, void *data);
typedef log_function *set_handler_function(log_function *handler, void *data);
enum { LEVEL_FATAL = 2, LEVEL_ERROR = 4 };

static jmp_buf place;
static bool armed, lost;

static void receive(const char *domain, int level, const char *message, void *data)
{
    (void)domain, (void)message, (void)data;
    if (!(level & (LEVEL_FATAL | LEVEL_ERROR)) || !armed)
        return;
    armed = false;
    lost = true;
    longjmp(place, 1);
}

bool cs_glib_guard_install(void *library)
{
    set_handler_function *set_handler;
    if (!cs_symbol_find(library, "g_log_set_default_handler", &set_handler))
        return false;
    (void)set_handler(receive, NULL);
    return true;
}

jmp_buf *cs_glib_guard_begin(void)
{
    armed = true; /* the place is set by the caller's setjmp before anything can come */
    return &place;
}

void cs_glib_guard_end(void)
{
    armed = false;
}

bool cs_glib_is_lost(void)
{
    return lost;
}
