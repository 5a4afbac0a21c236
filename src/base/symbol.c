/* SPDX-License-Identifier: MIT
 * symbol.c - looks up functions of a loaded library. */
#include "base/symbol.h"

#include <dlfcn.h>
#include <string.h>

bool cs_symbol_find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol); /* ISO C has no cast from an object to a function */
    return symbol != NULL;
}
