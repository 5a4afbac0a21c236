/* SPDX-License-Identifier: MIT
 * cmd_completion.c - clipsearch completion: the commands, options and values that bash, zsh and fish offer. All three
 * are made from the table of options, so that none can be forgotten. */
#include "cli/command.h"

#include "base/buf.h"
#include "cli/commands/model_actions.h"
#include "cli/option_table.h"
#include "cli/output/print.h"

#include <string.h>

/* What can stand as a value, or as an operand. */
typedef enum value_kind {
    VALUE_ANY,
    VALUE_FILE,
    VALUE_DIRECTORY,
    VALUE_COLLECTION,
    VALUE_MODEL,
    VALUE_ACTION,
    VALUE_WORDS
} value_kind;

static const struct {
    unsigned commands;
    value_kind kind;
    const char *words; /* VALUE_WORDS */
} operands[] = {
    {CS_SEARCH | CS_INGEST | CS_LABEL | CS_EMBED | CS_IMPORT | CS_MERGE, VALUE_FILE, NULL},
    {CS_CHECK | CS_VACUUM | CS_UPDATE | CS_DROP, VALUE_COLLECTION, NULL},
    {CS_MODEL, VALUE_ACTION, NULL}, /* an action, then models */
    {CS_COMPLETION, VALUE_WORDS, "bash zsh fish"},
};

/* Before and behind what names a database: lists its collections, a name on each line. */
#define COLLECTIONS_OF "clipsearch collections -q "
#define ONLY_NAMES " 2>/dev/null | cut -f 1"

/* Lists the names of the models, a name on each line. */
#define LIST_MODELS "clipsearch model list 2>/dev/null | cut -d ' ' -f 1"

/* Whether the option can stand alone; a value stands behind '='. */
static bool value_is_optional(const cs_option *option)
{
    return option->kind == CS_OPTION_MAYBE;
}

static value_kind kind_of(const cs_option *option)
{
    if (option->choices)
        return VALUE_WORDS;
    if (strcmp(option->name, "collection") == 0)
        return VALUE_COLLECTION;
    if (strcmp(option->argument, "DIR") == 0)
        return VALUE_DIRECTORY;
    if (strcmp(option->argument, "MODEL") == 0)
        return VALUE_MODEL;
    static const char *const files[] = {"FILE", "PATH", "LABELS"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(option->argument, files[i]) == 0)
            return VALUE_FILE;
    return VALUE_ANY;
}

static value_kind kind_of_operands(unsigned command, const char **words)
{
    for (size_t i = 0; i < sizeof operands / sizeof *operands; i++)
        if (operands[i].commands & command) {
            *words = operands[i].words;
            return operands[i].kind;
        }
    return VALUE_ANY;
}

static void put_choices(cs_buf *buf, const char *const *choices)
{
    for (size_t i = 0; choices[i]; i++)
        cs_buf_printf(buf, "%s%s", i ? " " : "", choices[i]);
}

static void put_commands(cs_buf *buf, const char *separator)
{
    for (size_t i = 0; i < cs_command_count; i++)
        cs_buf_printf(buf, "%s%s", i ? separator : "", cs_command_names[i]);
}

/* The actions of clipsearch model. */
static void put_actions(cs_buf *buf)
{
    for (size_t i = 0; cs_model_action_name(i); i++)
        cs_buf_printf(buf, "%s%s", i ? " " : "", cs_model_action_name(i));
}

/* Append `text` for use between single quotes, with a backslash before each character of `special`. */
static void put_quoted(cs_buf *buf, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'') {
            cs_buf_puts(buf, "'\\''");
            continue;
        }
        if (strchr(special, *text))
            cs_buf_putc(buf, '\\');
        cs_buf_putc(buf, *text);
    }
}

/* Append "--name", or "-n" for a name of one letter, and with `letter` also its letter, with '|' or a space between. */
static void put_spelling(cs_buf *buf, const cs_option *option, char between)
{
    cs_buf_printf(buf, "%s%s", option->name[1] ? "--" : "-", option->name);
    if (option->letter && option->name[1])
        cs_buf_printf(buf, "%c-%c", between, option->letter);
}

/* Append the spellings of the options whose value is the next word, of all commands, each with '|' before it but the
 * first. */
static void put_valued(cs_buf *buf)
{
    const cs_option *option;
    bool first = true;
    for (size_t i = 0; (option = cs_option_at(CS_ALL_COMMANDS, i)); i++) {
        if (!option->argument || value_is_optional(option))
            continue;
        cs_buf_puts(buf, first ? "" : "|");
        put_spelling(buf, option, '|');
        first = false;
    }
}

/* ---- bash */

static const char *const bash_kinds[] = {[VALUE_ANY] = "",
                                         [VALUE_FILE] = "files",
                                         [VALUE_DIRECTORY] = "directories",
                                         [VALUE_COLLECTION] = "collections",
                                         [VALUE_MODEL] = "models"};

static void put_bash_command(cs_buf *buf, unsigned command)
{
    const cs_option *option;
    const char *words = NULL;
    cs_buf_printf(buf, "    %s)\n        case $previous in\n", cs_command_name(command));
    for (size_t i = 0; (option = cs_option_at(command, i)); i++) {
        if (!option->argument || (value_is_optional(option) && !option->choices))
            continue;
        cs_buf_puts(buf, "        ");
        put_spelling(buf, option, '|');
        cs_buf_puts(buf, ") ");
        if (value_is_optional(option)) /* only behind '=' */
            cs_buf_puts(buf, "[[ $equals ]] && ");
        if (option->choices) {
            cs_buf_puts(buf, "_clipsearch_words '");
            put_choices(buf, option->choices);
            cs_buf_putc(buf, '\'');
        } else {
            const char *kind = bash_kinds[kind_of(option)];
            cs_buf_printf(buf, *kind ? "_clipsearch_%s" : ":%s", kind);
        }
        cs_buf_puts(buf, value_is_optional(option) ? " && return ;;\n" : "; return ;;\n");
    }
    cs_buf_puts(buf, "        esac\n        options='");
    for (size_t i = 0; (option = cs_option_at(command, i)); i++) {
        cs_buf_puts(buf, i ? " " : "");
        put_spelling(buf, option, ' ');
    }
    const value_kind kind = kind_of_operands(command, &words);
    if (command == CS_HELP)
        cs_buf_puts(buf, "'\n        kind=words words=$commands\n        ;;\n");
    else if (kind == VALUE_WORDS)
        cs_buf_printf(buf, "'\n        kind=words words='%s'\n        ;;\n", words);
    else if (kind == VALUE_ACTION) {
        cs_buf_puts(buf, "'\n        kind=words words='");
        put_actions(buf);
        cs_buf_puts(buf, "'\n        [[ ! $operand ]] || kind=models\n        ;;\n");
    } else
        cs_buf_printf(buf, "'\n        kind=%s\n        ;;\n", bash_kinds[kind]);
}

static const char bash_begin[] =
    "# bash completion of clipsearch, printed by: clipsearch completion bash\n"
    "_clipsearch_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\"); }\n"
    "_clipsearch_files()\n"
    "{\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
    "}\n"
    "_clipsearch_directories()\n"
    "{\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n"
    "}\n"
    "_clipsearch_collections() { _clipsearch_words \"$(" COLLECTIONS_OF "\"${database[@]}\"" ONLY_NAMES ")\"; }\n"
    "_clipsearch_models()\n"
    "{\n"
    "    _clipsearch_files\n"
    "    files=(\"${COMPREPLY[@]}\")\n"
    "    _clipsearch_words \"$(" LIST_MODELS ")\"\n"
    "    COMPREPLY+=(\"${files[@]}\")\n"
    "}\n"
    "_clipsearch()\n"
    "{\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    local command= operand= equals= options= kind= words= word i files database=() "
    "commands='";

static const char bash_words[] = "'\n"
                                 "    COMPREPLY=()\n"
                                 "    # bash makes three words of --name=value\n"
                                 "    if [[ $current == = ]]; then\n"
                                 "        current= equals=1\n"
                                 "    elif [[ $previous == = ]]; then\n"
                                 "        previous=${COMP_WORDS[COMP_CWORD - 2]} equals=1\n"
                                 "    fi\n"
                                 "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                                 "        word=${COMP_WORDS[i]}\n"
                                 "        case $word in\n        ";

static const char bash_end[] = "    esac\n"
                               "    if [[ $current == -* ]]; then\n"
                               "        _clipsearch_words \"$options\"\n"
                               "        return\n"
                               "    fi\n"
                               "    [[ ! $kind ]] || _clipsearch_$kind \"$words\"\n"
                               "    if [[ ! $command ]]; then\n"
                               "        files=(\"${COMPREPLY[@]}\")\n"
                               "        _clipsearch_words \"$commands\"\n"
                               "        COMPREPLY+=(\"${files[@]}\")\n"
                               "    fi\n"
                               "}\n"
                               "complete -F _clipsearch clipsearch\n";

static void put_bash(cs_buf *buf)
{
    cs_buf_puts(buf, bash_begin);
    put_commands(buf, " ");
    cs_buf_puts(buf, bash_words);
    put_valued(buf);
    cs_buf_puts(buf, ")\n"
                     "            [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++)); ((i++))\n"
                     "            [[ $word != --db ]] || database=(--db \"${COMP_WORDS[i]/#\\~\\//$HOME/}\") ;;\n"
                     "        -*) ;;\n        ");
    put_commands(buf, "|");
    cs_buf_puts(buf, ") if [[ $command ]]; then operand=1; else command=$word; fi ;;\n"
                     "        *) if [[ $command ]]; then operand=1; else command=search; fi ;;\n"
                     "        esac\n"
                     "    done\n"
                     "    case ${command:-search} in\n");
    for (size_t i = 0; i < cs_command_count; i++)
        put_bash_command(buf, 1u << i);
    cs_buf_puts(buf, bash_end);
}

/* ---- zsh */

static void put_zsh_value(cs_buf *buf, value_kind kind)
{
    static const char *const calls[] = {[VALUE_ANY] = " ",
                                        [VALUE_FILE] = "_files",
                                        [VALUE_DIRECTORY] = "_files -/",
                                        [VALUE_COLLECTION] = "_clipsearch_collections",
                                        [VALUE_MODEL] = "_clipsearch_models"};
    cs_buf_puts(buf, calls[kind]);
}

static void put_zsh_option(cs_buf *buf, const cs_option *option, const char *spelling, const char *equals)
{
    cs_buf_printf(buf, " \\\n            '*%s%s[", spelling, option->argument ? equals : "");
    put_quoted(buf, option->help, "[]:\\");
    cs_buf_putc(buf, ']');
    if (option->argument) {
        cs_buf_puts(buf, value_is_optional(option) ? "::" : ":");
        put_quoted(buf, value_is_optional(option) ? "value" : option->argument, "[]:\\");
        cs_buf_putc(buf, ':');
        if (option->choices) {
            cs_buf_putc(buf, '(');
            put_choices(buf, option->choices);
            cs_buf_putc(buf, ')');
        } else {
            put_zsh_value(buf, kind_of(option));
        }
    }
    cs_buf_putc(buf, '\'');
}

static void put_zsh_command(cs_buf *buf, unsigned command)
{
    const cs_option *option;
    const char *words = NULL;
    char spelling[64];
    cs_buf_printf(buf, "    (%s)\n        _arguments -s -S", cs_command_name(command));
    for (size_t i = 0; (option = cs_option_at(command, i)); i++) {
        const bool is_long = option->name[1] != '\0';
        cs_format(spelling, sizeof spelling, "%s%s", is_long ? "--" : "-", option->name);
        put_zsh_option(buf, option, spelling, value_is_optional(option) ? "=-" : is_long ? "=" : "+");
        if (option->letter && is_long) {
            cs_format(spelling, sizeof spelling, "-%c", option->letter);
            put_zsh_option(buf, option, spelling, "+");
        }
    }
    const value_kind kind = kind_of_operands(command, &words);
    if (command == CS_SEARCH)
        cs_buf_puts(buf, " \\\n            '*:query:_clipsearch_first'");
    else if (command == CS_HELP)
        cs_buf_puts(buf, " \\\n            ':command:_clipsearch_commands'");
    else if (kind == VALUE_WORDS)
        cs_buf_printf(buf, " \\\n            ':word:(%s)'", words);
    else if (kind == VALUE_ACTION) {
        cs_buf_puts(buf, " \\\n            ':action:(");
        put_actions(buf);
        cs_buf_puts(buf, ")' '*:model:_clipsearch_models'");
    } else if (kind != VALUE_ANY) {
        cs_buf_puts(buf, " \\\n            '*:operand:");
        put_zsh_value(buf, kind);
        cs_buf_putc(buf, '\'');
    }
    cs_buf_puts(buf, "\n        ;;\n");
}

static void put_zsh(cs_buf *buf)
{
    cs_buf_puts(buf, "#compdef clipsearch\n"
                     "# zsh completion of clipsearch, printed by: clipsearch completion zsh\n"
                     "_clipsearch_collections() {\n"
                     "    local -a names\n"
                     "    names=(${(f)\"$(" COLLECTIONS_OF "$database" ONLY_NAMES ")\"})\n"
                     "    compadd -a names\n"
                     "}\n"
                     "_clipsearch_models() {\n"
                     "    local -a names\n"
                     "    names=(${(f)\"$(" LIST_MODELS ")\"})\n"
                     "    compadd -a names\n"
                     "    _files\n"
                     "}\n"
                     "_clipsearch_commands() {\n"
                     "    local -a commands\n"
                     "    commands=(\n");
    for (size_t i = 0; i < cs_command_count; i++) {
        cs_buf_printf(buf, "        '%s:", cs_command_names[i]);
        put_quoted(buf, cs_help_summary(cs_command_names[i]), ":\\");
        cs_buf_puts(buf, "'\n");
    }
    cs_buf_puts(buf, "    )\n"
                     "    _describe command commands\n"
                     "}\n"
                     "_clipsearch_first() {\n"
                     "    (( clipsearch_named )) || _clipsearch_commands\n"
                     "    _files\n"
                     "}\n"
                     "_clipsearch() {\n"
                     "    local command=search clipsearch_named=0 i\n"
                     "    local -a database\n"
                     "    for ((i = 2; i < CURRENT; i++)); do\n"
                     "        case $words[i] in\n        (");
    put_valued(buf);
    cs_buf_puts(buf, ")\n"
                     "            [[ $words[i] != --db ]] || database=(--db ${${(Q)words[i + 1]}/#\\~\\//$HOME/})\n"
                     "            ((i++)) ;;\n"
                     "        (--db=*) database=(--db ${${(Q)${words[i]#--db=}}/#\\~\\//$HOME/}) ;;\n"
                     "        (-*) ;;\n        (");
    put_commands(buf, "|");
    cs_buf_puts(buf, ")\n"
                     "            ((clipsearch_named)) && continue\n"
                     "            command=$words[i] clipsearch_named=1\n"
                     "            words[i]=()\n"
                     "            ((CURRENT--, i--)) ;;\n"
                     "        (*) clipsearch_named=1 ;;\n"
                     "        esac\n"
                     "    done\n"
                     "    case $command in\n");
    for (size_t i = 0; i < cs_command_count; i++)
        put_zsh_command(buf, 1u << i);
    cs_buf_puts(buf, "    esac\n"
                     "}\n"
                     "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
                     "    _clipsearch \"$@\"\n"
                     "else\n"
                     "    compdef _clipsearch clipsearch\n"
                     "fi\n");
}

/* ---- fish */

static void put_fish_value(cs_buf *buf, value_kind kind)
{
    static const char *const words[] = {[VALUE_ANY] = " -x",
                                        [VALUE_FILE] = " -r -F",
                                        [VALUE_DIRECTORY] = " -x -a '(__fish_complete_directories)'",
                                        [VALUE_COLLECTION] = " -x -a '(__clipsearch_collections)'",
                                        [VALUE_MODEL] = " -r -F -a '(__clipsearch_models)'"};
    cs_buf_puts(buf, words[kind]);
}

/* When the options and operands of `command` are offered; those of search also before a command is named. */
static void put_fish_condition(cs_buf *buf, unsigned command)
{
    cs_buf_printf(buf, "complete -c clipsearch -n 'test (__clipsearch_command) = %s'", cs_command_name(command));
}

static void put_fish_command(cs_buf *buf, unsigned command)
{
    const cs_option *option;
    const char *words = NULL;
    for (size_t i = 0; (option = cs_option_at(command, i)); i++) {
        put_fish_condition(buf, command);
        if (option->name[1])
            cs_buf_printf(buf, " -l %s", option->name);
        if (option->letter)
            cs_buf_printf(buf, " -s %c", option->letter);
        if (option->choices) {
            cs_buf_puts(buf, value_is_optional(option) ? " -f -a '" : " -x -a '");
            put_choices(buf, option->choices);
            cs_buf_putc(buf, '\'');
        } else if (option->argument) {
            put_fish_value(buf, kind_of(option));
        }
        cs_buf_puts(buf, " -d '");
        for (const char *c = option->help; *c; c++) /* fish quotes inside quotes with a backslash */
            cs_buf_printf(buf, *c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
        cs_buf_puts(buf, "'\n");
    }
    const value_kind kind = kind_of_operands(command, &words);
    if (kind == VALUE_ACTION) {
        cs_buf_puts(buf, "complete -c clipsearch -n 'test (__clipsearch_command) = model; and not __clipsearch_action'"
                         " -f -a '");
        put_actions(buf);
        cs_buf_puts(buf, "'\ncomplete -c clipsearch -n 'test (__clipsearch_command) = model; and __clipsearch_action'"
                         " -F -a '(__clipsearch_models)'\n");
        return;
    }
    put_fish_condition(buf, command);
    if (command == CS_HELP) {
        cs_buf_puts(buf, " -f -a '");
        put_commands(buf, " ");
        cs_buf_puts(buf, "'\n");
    } else if (kind == VALUE_WORDS) {
        cs_buf_printf(buf, " -a '%s'\n", words);
    } else if (kind == VALUE_COLLECTION) {
        cs_buf_puts(buf, " -f -a '(__clipsearch_collections)'\n");
    } else {
        cs_buf_puts(buf, kind == VALUE_ANY ? " -f\n" : " -F\n");
    }
}

static void put_fish(cs_buf *buf)
{
    cs_buf_puts(buf, "# fish completion of clipsearch, printed by: clipsearch completion fish\n"
                     "# The command of the line so far: search when none is named, with -n nothing.\n"
                     "function __clipsearch_command\n"
                     "    set -l words (commandline -opc)\n"
                     "    set -e words[1]\n"
                     "    set -l value 0\n"
                     "    for word in $words\n"
                     "        if test $value = 1\n"
                     "            set value 0\n"
                     "            continue\n"
                     "        end\n"
                     "        switch $word\n"
                     "            case ");
    cs_buf valued = cs_buf_make(1 << 16);
    put_valued(&valued);
    for (size_t i = 0; i < valued.len; i++)
        cs_buf_putc(buf, valued.data[i] == '|' ? ' ' : (char)valued.data[i]);
    buf->failed |= valued.failed;
    cs_buf_free(&valued);
    cs_buf_puts(buf, "\n                set value 1\n"
                     "            case '-*'\n"
                     "            case ");
    put_commands(buf, " ");
    cs_buf_puts(buf, "\n                echo $word\n"
                     "                return 0\n"
                     "            case '*'\n"
                     "                echo search\n"
                     "                return 0\n"
                     "        end\n"
                     "    end\n"
                     "    echo search\n"
                     "    return 1\n"
                     "end\n"
                     "# Of the database that the line so far names.\n"
                     "function __clipsearch_collections\n"
                     "    set -l database\n"
                     "    set -l last\n"
                     "    for word in (commandline -opc)\n"
                     "        if test \"$last\" = --db\n"
                     "            set database --db (string replace -r '^~/' \"$HOME/\" -- $word)\n"
                     "        else if string match -q -- '--db=*' $word\n"
                     "            set database --db (string replace -r '^--db=' '' -- $word)\n"
                     "        end\n"
                     "        set last $word\n"
                     "    end\n"
                     "    " COLLECTIONS_OF "$database" ONLY_NAMES "\n"
                     "end\n"
                     "function __clipsearch_models\n"
                     "    " LIST_MODELS "\n"
                     "end\n"
                     "# Whether an action of model stands in the line.\n"
                     "function __clipsearch_action\n"
                     "    for word in (commandline -opc)\n"
                     "        contains -- $word ");
    put_actions(buf);
    cs_buf_puts(buf, "; and return 0\n"
                     "    end\n"
                     "    return 1\n"
                     "end\n");
    for (size_t i = 0; i < cs_command_count; i++) {
        cs_buf_printf(buf, "complete -c clipsearch -n 'not __clipsearch_command >/dev/null' -a %s -d '",
                      cs_command_names[i]);
        put_quoted(buf, cs_help_summary(cs_command_names[i]), "");
        cs_buf_puts(buf, "'\n");
    }
    for (size_t i = 0; i < cs_command_count; i++)
        put_fish_command(buf, 1u << i);
}

int cs_command_completion(const cs_args *args)
{
    static const struct {
        const char *name;
        void (*put)(cs_buf *buf);
    } shells[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};
    clipsearch_error err;
    if (args->operands.count != 1)
        return cs_report_usage(CS_COMPLETION, "name one shell: bash, zsh or fish");
    const char *shell = args->operands.items[0].text;
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shell, shells[i].name) == 0) {
            cs_buf buf = cs_buf_make(1 << 20);
            shells[i].put(&buf);
            const clipsearch_status status = cs_print_buf(&buf, stdout, &err);
            cs_buf_free(&buf);
            return status == CLIPSEARCH_OK ? CS_EXIT_FOUND : cs_report_memory();
        }
    return cs_report_usage(CS_COMPLETION, "there are no completions for \"%s\"; for bash, zsh and fish there are",
                           shell);
}
