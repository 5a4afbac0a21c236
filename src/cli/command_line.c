/* SPDX-License-Identifier: MIT
 * command_line.c - parsing the command line with the table of options. */
#include "cli/command_line.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/mem.h"
#include "base/name_list.h"
#include "cli/option_table.h"
#include "config/nearest.h"
#include "config/yaml_keys.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1];
}

/* Whether the option `word` has its value in the next argument. Unknown options: no. */
static bool has_separate_value(const char *word)
{
    if (word[1] == '-') {
        const cs_option *row =
            strchr(word, '=') ? NULL : cs_option_of_name(CS_ALL_COMMANDS, word + 2, strlen(word + 2));
        return row && row->kind != CS_OPTION_FLAG && row->kind != CS_OPTION_MAYBE;
    }
    for (const char *c = word + 1; *c; c++) {
        const cs_option *row = cs_option_of_letter(CS_ALL_COMMANDS, *c);
        if (row && row->kind != CS_OPTION_FLAG && row->kind != CS_OPTION_MAYBE)
            return !c[1];
    }
    return false;
}

int cs_args_first_operand(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return 0;
        if (!is_option(argv[i]))
            return i;
        if (has_separate_value(argv[i]))
            i++;
    }
    return 0;
}

static void add_operand(cs_operands *operands, const char *text, cs_operand_kind kind)
{
    operands->items[operands->count++] = (cs_operand){.kind = kind, .is_image = kind == CS_IMAGE, .text = text};
}

/* "-" for -k, "--" for --batch. */
static const char *dashes_of(const cs_option *row)
{
    return row->name[1] ? "--" : "-";
}

static clipsearch_status set_number(const cs_option *row, const char *value, cs_number_option *option,
                                    clipsearch_error *err)
{
    float number;
    if (!cs_read_float(value, &number) || !isfinite(number))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s must be a number, not \"%s\"", row->name, value);
    *option = (cs_number_option){.given = true, .value = number};
    return CLIPSEARCH_OK;
}

static clipsearch_status set_choice(const cs_option *row, const char *value, const char **option, clipsearch_error *err)
{
    if (row->choices[cs_name_index(value, row->choices)]) {
        *option = value;
        return CLIPSEARCH_OK;
    }
    cs_buf list = cs_buf_make(512);
    cs_put_names(&list, row->choices);
    const char *nearest = cs_nearest(value, row->choices, cs_name_count(row->choices));
    cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s must be %s, not \"%s\"%s%s%s", row->name, list.data ? list.data : "",
            value, nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    cs_buf_free(&list);
    return CLIPSEARCH_E_ARGUMENT;
}

/* Whether an option that takes one value has one already. */
static bool has_value(const cs_option *row, const void *field)
{
    switch (row->kind) {
    case CS_OPTION_TEXT:
    case CS_OPTION_CHOICE:
    case CS_OPTION_MAYBE:
        return *(const char *const *)field != NULL;
    case CS_OPTION_SIZE:
        return ((const cs_size_option *)field)->given;
    case CS_OPTION_NUMBER:
        return ((const cs_number_option *)field)->given;
    case CS_OPTION_FLAG:
    case CS_OPTION_TEXTS:
    case CS_OPTION_OPERAND:
        break;
    }
    return false;
}

/* Set the field of `row`; `value` is NULL for flags. */
static clipsearch_status set_option(const cs_option *row, const char *value, cs_args *args, clipsearch_error *err)
{
    void *field = (char *)args + row->offset;
    size_t count;
    if (has_value(row, field)) /* one of two filters, say, would count for nothing */
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s%s is given twice; it takes one value", dashes_of(row),
                       row->name);
    switch (row->kind) {
    case CS_OPTION_FLAG:
        *(bool *)field = true;
        break;
    case CS_OPTION_TEXT:
    case CS_OPTION_TEXTS:
        if (!*value)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s needs a value (%s), not an empty one", row->name,
                           row->argument);
        if (row->kind == CS_OPTION_TEXT)
            *(const char **)field = value;
        else
            ((cs_strings *)field)->items[((cs_strings *)field)->count++] = value;
        break;
    case CS_OPTION_CHOICE:
    case CS_OPTION_MAYBE:
        return set_choice(row, value, field, err);
    case CS_OPTION_SIZE:
        if (!cs_read_count(value, row->max, &count) || count < row->min)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s%s must be a whole number from %zu to %zu, not \"%s\"",
                           dashes_of(row), row->name, row->min, row->max, value);
        *(cs_size_option *)field = (cs_size_option){.given = true, .value = count};
        break;
    case CS_OPTION_NUMBER:
        return set_number(row, value, field, err);
    case CS_OPTION_OPERAND:
        add_operand(field, value, (cs_operand_kind)row->min);
        break;
    }
    return CLIPSEARCH_OK;
}

/* Append the commands that have the option: "search, query and get". */
static void put_owners(cs_buf *buf, const char *name)
{
    const unsigned owners = cs_option_owners(name);
    size_t left = (size_t)__builtin_popcount(owners);
    for (size_t i = 0; i < cs_command_count; i++)
        if (owners & 1u << i)
            cs_buf_printf(buf, "%s%s", cs_command_names[i], --left == 0 ? "" : left == 1 ? " and " : ", ");
}

static clipsearch_status fail_unknown(unsigned command, const char *dashes, const char *name, size_t length,
                                      clipsearch_error *err)
{
    const char *command_name = cs_command_name(command);
    const cs_option *other =
        length == 1 ? cs_option_of_letter(CS_ALL_COMMANDS, *name) : cs_option_of_name(CS_ALL_COMMANDS, name, length);
    cs_buf message = cs_buf_make(1024);
    if (other) {
        cs_buf_printf(&message, "%s%.*s is an option of ", dashes, (int)length, name);
        put_owners(&message, other->name);
        cs_buf_printf(&message, ", not of %s", command_name);
        if (other->commands & CS_SEARCH && command != CS_SEARCH)
            cs_buf_printf(&message, ". To search for the word, run: clipsearch search %s", command_name);
    } else {
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)length, name);
        const char *nearest = length > 1 ? cs_option_nearest(command, word) : NULL;
        cs_buf_printf(&message, "unknown option %s%s", dashes, word);
        if (nearest)
            cs_buf_printf(&message, "; did you mean %s%s?", nearest[1] ? "--" : "-", nearest);
        else
            cs_buf_printf(&message, ". To give text that begins with a dash, put -- before it");
    }
    cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s", message.data ? message.data : "unknown option");
    cs_buf_free(&message);
    return CLIPSEARCH_E_ARGUMENT;
}

/* The parser's position in the command line. */
typedef struct reader {
    unsigned command;
    int argc, at;
    char **argv;
} reader;

static clipsearch_status parse_long(reader *r, cs_args *args, clipsearch_error *err)
{
    const char *name = r->argv[r->at] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const cs_option *row = cs_option_of_name(r->command, name, length);
    if (!row)
        return fail_unknown(r->command, "--", name, length, err);
    if (row->kind == CS_OPTION_FLAG) {
        if (equals)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s takes no value", row->name);
        return set_option(row, NULL, args, err);
    }
    if (row->kind == CS_OPTION_MAYBE)
        return set_option(row, equals ? equals + 1 : row->choices[0], args, err);
    if (!equals && r->at + 1 >= r->argc)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s needs a value: --%s %s", row->name, row->name, row->argument);
    return set_option(row, equals ? equals + 1 : r->argv[++r->at], args, err);
}

static clipsearch_status parse_letters(reader *r, cs_args *args, clipsearch_error *err)
{
    for (const char *c = r->argv[r->at] + 1; *c; c++) {
        const cs_option *row = cs_option_of_letter(r->command, *c);
        if (!row)
            return fail_unknown(r->command, "-", c, 1, err);
        if (row->kind != CS_OPTION_FLAG) {
            const char *value = c[1] ? c + 1 + (c[1] == '=') : r->at + 1 < r->argc ? r->argv[++r->at] : NULL;
            return value ? set_option(row, value, args, err)
                         : cs_fail(err, CLIPSEARCH_E_ARGUMENT, "-%c needs a value: -%c %s", *c, *c, row->argument);
        }
        clipsearch_status status = set_option(row, NULL, args, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return CLIPSEARCH_OK;
}

/* The list of the next option, from number *i on, whose values are collected. False: there are no more. Several options
 * may share one. */
static bool list_at(cs_args *args, size_t *i, cs_strings **list)
{
    const cs_option *row;
    while ((row = cs_option_at(CS_ALL_COMMANDS, (*i)++)))
        if (row->kind == CS_OPTION_TEXTS) {
            *list = (cs_strings *)(void *)((char *)args + row->offset);
            return true;
        }
    return false;
}

clipsearch_status cs_args_parse(unsigned command, int argc, char **argv, cs_args *args, clipsearch_error *err)
{
    *args = (cs_args){0};
    size_t room = (size_t)(argc > 0 ? argc : 1);
    args->operands.items = cs_zalloc_array(room, sizeof *args->operands.items);
    bool complete = args->operands.items != NULL;
    cs_strings *list;
    for (size_t i = 0; complete && list_at(args, &i, &list);)
        if (!list->items)
            complete = (list->items = cs_zalloc_array(room, sizeof *list->items)) != NULL;
    if (!complete)
        return cs_fail_memory(err, "the command line");
    reader r = {.command = command, .argc = argc, .argv = argv};
    bool only_operands = false;
    for (r.at = 1; r.at < argc; r.at++) {
        char *word = argv[r.at];
        clipsearch_status status = CLIPSEARCH_OK;
        if (only_operands || !is_option(word))
            add_operand(&args->operands, word, CS_WORD);
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else
            status = word[1] == '-' ? parse_long(&r, args, err) : parse_letters(&r, args, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return CLIPSEARCH_OK;
}

void cs_args_free(cs_args *args)
{
    cs_strings *list;
    cs_free(args->operands.items);
    for (size_t i = 0; list_at(args, &i, &list);) {
        cs_free(list->items);
        list->items = NULL;
    }
    *args = (cs_args){0};
}
