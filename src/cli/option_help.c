/* SPDX-License-Identifier: MIT
 * option_help.c - printing the list of options. */
#include "cli/option_help.h"

#include "cli/option_table.h"

#include <stdbool.h>
#include <string.h>

/* Print `text` in lines that end before column 80, each beginning at column `indent`; the cursor is there already. */
static void print_wrapped(const char *text, int indent, FILE *out)
{
    const size_t room = 79 - (size_t)indent;
    while (strlen(text) > room) {
        size_t n = room;
        while (n && text[n] != ' ')
            n--;
        if (!n)
            break;
        fprintf(out, "%.*s\n%*s", (int)n, text, indent, "");
        text += n + 1;
    }
    fprintf(out, "%s\n", text);
}

void cs_options_print(unsigned command, FILE *out)
{
    enum { LEFT_COLUMN = 25 };
    const cs_option *row;
    for (size_t i = 0; (row = cs_option_at(command, i)); i++) {
        const bool is_long = row->name[1] != '\0';
        char left[64], letter[8] = "    ";
        if (row->letter)
            snprintf(letter, sizeof letter, is_long ? "-%c, " : "-%c", row->letter);
        snprintf(left, sizeof left, "%s%s%s%s%s", letter, is_long ? "--" : "", is_long ? row->name : "",
                 row->argument && row->kind != CS_OPTION_MAYBE ? " " : "", row->argument ? row->argument : "");
        fprintf(out, "  %-*s  ", LEFT_COLUMN, left);
        print_wrapped(row->help, LEFT_COLUMN + 4, out);
    }
}
