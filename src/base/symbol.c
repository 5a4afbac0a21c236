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

void *cs_symbols_load(const char *const *names, const cs_symbol *symbols, size_t count)
{
    void *library = NULL;
    for (; *names && !library; names++)
        library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; library && i < count; i++)
        if (!cs_symbol_find(library, symbols[i].name, symbols[i].pointer))
            library = NULL;
    return library;
}
