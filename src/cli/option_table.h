/* SPDX-License-Identifier: MIT
 * option_table.h - the table of all options. The parser, the help pages and the completions read it. */
#ifndef CS_CLI_OPTION_TABLE_H
#define CS_CLI_OPTION_TABLE_H

#include <stddef.h>

typedef enum cs_option_kind {
    CS_OPTION_FLAG,   /* bool */
    CS_OPTION_TEXT,   /* const char * */
    CS_OPTION_CHOICE, /* const char *, one of `choices` */
    CS_OPTION_MAYBE,  /* the same, but without a value it is the first of them; a value stands behind '=' */
    CS_OPTION_SIZE,   /* cs_size_option, min to max */
    CS_OPTION_NUMBER, /* cs_number_option */
    CS_OPTION_TEXTS,  /* cs_strings: each use adds one */
    CS_OPTION_OPERAND /* cs_operands: each use adds an operand of the kind `min` (cs_operand_kind) */
} cs_option_kind;

typedef struct cs_option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    unsigned commands;
    cs_option_kind kind;
    size_t offset; /* of the field in cs_args */
    const char *argument;
    const char *help;
    size_t min, max;
    const char *const *choices;
} cs_option;

/* In these, `commands` are the bits of the commands whose options are asked for (command_names.h). */

/* Option number `i`, from 0, in the order of the help page; NULL when there are no more. */
const cs_option *cs_option_at(unsigned commands, size_t i);

/* The first option of that name, `length` bytes long, or of that letter; NULL when there is none. */
const cs_option *cs_option_of_name(unsigned commands, const char *name, size_t length);
const cs_option *cs_option_of_letter(unsigned commands, char letter);

/* The name that `word` was probably meant to be; NULL when none is similar. */
const char *cs_option_nearest(unsigned commands, const char *word);

/* The commands that have an option `name`. */
unsigned cs_option_owners(const char *name);

#endif
