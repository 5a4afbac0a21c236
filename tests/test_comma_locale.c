/* SPDX-License-Identifier: MIT
 * test_comma_locale.c - the locale of `meson test --setup comma` writes a decimal comma. */
#include "tap.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    char text[16];
    if (!tap_set_comma_locale()) {
        tap_skip("numbers with a decimal comma", TAP_NO_COMMA);
        return tap_done();
    }
    snprintf(text, sizeof text, "%.2f", 0.25);
    TAP_OK(strcmp(text, "0,25") == 0, "printf writes a decimal comma: %s", text);
    return tap_done();
}
