/* SPDX-License-Identifier: MIT
 * symbol.h - functions of libraries that are loaded when they are needed. */
#ifndef CS_BASE_SYMBOL_H
#define CS_BASE_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>

/* Set the pointer to a function at `function` (of any type) to the function `name` of `library`, which dlopen has
 * returned. False, and NULL, when the library does not have it. */
bool cs_symbol_find(void *library, const char *name, void *function);

/* A function, or a variable, and the pointer to it that is to be set. */
typedef struct cs_symbol {
    const char *name;
    void *pointer;
} cs_symbol;

/* For a list FUNCTIONS(F) that names functions of a header with F(name): fields of a struct that point to them, and
 * cs_symbol entries that set those of the struct `lib`. */
#define CS_SYMBOL_FIELD(function) __typeof__(&function) function;
#define CS_SYMBOL_ENTRY(function) {#function, &lib.function},

/* Load the first library of `names` (ended by NULL) that is installed, for the rest of the process, and set the
 * pointers of symbols [count]. The library; NULL when none is installed or one of the symbols is missing. */
void *cs_symbols_load(const char *const *names, const cs_symbol *symbols, size_t count);

#endif
