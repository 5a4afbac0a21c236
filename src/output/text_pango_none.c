/* SPDX-License-Identifier: MIT
 * text_pango_none.c - in builds without Pango. */
#include "output/text.h"

const cs_text_drawer *cs_text_pango(void)
{
    return NULL;
}

const char *cs_text_library(void)
{
    return NULL;
}
