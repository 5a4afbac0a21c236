/* SPDX-License-Identifier: MIT
 * symbol.h - functions of libraries that are loaded when they are needed. */
#ifndef CS_BASE_SYMBOL_H
#define CS_BASE_SYMBOL_H

#include <stdbool.h>

/* Set the pointer to a function at `function` (of any type) to the function `name` of `library`, which dlopen has
 * returned. False, and NULL, when the library does not have it. */
bool cs_symbol_find(void *library, const char *name, void *function);

#endif
