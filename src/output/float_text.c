/* SPDX-License-Identifier: MIT
 * float_text.c - shortest decimal text of a float. */
#include "output/float_text.h"

#include <stdio.h>
#include <stdlib.h>

void cs_put_float(cs_buf *buf, float number)
{
    char text[32];
    if (number - number != 0) {
        cs_buf_puts(buf, "null");
        return;
    }
    for (int digits = 6; digits <= 9; digits++) { /* 9 always do: IEEE 754 binary32 */
        snprintf(text, sizeof text, "%.*g", digits, (double)number);
        if (strtof(text, NULL) == number)
            break;
    }
    cs_buf_puts(buf, text);
}
