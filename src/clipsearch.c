/* SPDX-License-Identifier: MIT
 * clipsearch.c - the public entry points: check arguments, call the engine. */
#include "clipsearch.h"

const char *clipsearch_version(void)
{
    return "0.1.0";
}
