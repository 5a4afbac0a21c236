/* SPDX-License-Identifier: MIT
 * test_options.c - parsing the command line, and the width of the list of options. */
#include "base/mem.h"
#include "cli/command_line.h"
#include "cli/option_help.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Parse argv, which ends with NULL, as the arguments of `command`. */
static clipsearch_status parse(unsigned command, char **argv, cs_args *args, clipsearch_error *err)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return cs_args_parse(command, argc, argv, args, err);
}

static char *line[16];

/* The program's name and the words of `text`, ended by NULL. */
static char **split(const char *text)
{
    static char room[512];
    size_t n = 0;
    snprintf(room, sizeof room, "clipsearch %s", text);
    for (char *word = strtok(room, " "); word && n < 15; word = strtok(NULL, " "))
        line[n++] = word;
    line[n] = NULL;
    return line;
}

static void test_options(void)
{
    cs_args a;
    clipsearch_error err = {0};
    TAP_OK(parse(CS_SEARCH, split("dog --ef 3 --image x.jpg cat --min-score=-0.5 -qvq -k5 --db d -- -k --json"), &a,
                 &err) == CLIPSEARCH_OK,
           "options among words: %s", err.message);
    TAP_OK(a.operands.count == 5 && !a.operands.items[0].is_image && a.operands.items[1].is_image &&
               strcmp(a.operands.items[2].text, "cat") == 0 && strcmp(a.operands.items[3].text, "-k") == 0,
           "texts and images keep their order; after -- there are only operands");
    TAP_OK(a.k.given && a.k.value == 5 && a.ef.value == 3 && a.min_score.given &&
               fabsf(a.min_score.value + 0.5F) < 1e-9F && a.quiet && a.verbose && !a.json && strcmp(a.db, "d") == 0,
           "values: separate, joined, with =, negative, flags in one word");
    cs_args_free(&a);

    static const struct {
        unsigned command;
        const char *name;
    } lists[] = {{CS_SERVE, "host-name"}, {CS_SEARCH, "in"},      {CS_LABEL, "template"},
                 {CS_INGEST, "include"},  {CS_INGEST, "exclude"}, {CS_EXPORT, "meta"},
                 {CS_IMPORT, "vectors"},  {CS_COPY, "from"},      {CS_MODEL, "image"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char words[64];
        snprintf(words, sizeof words, "--%s a --%s b", lists[i].name, lists[i].name);
        TAP_OK(parse(lists[i].command, split(words), &a, &err) == CLIPSEARCH_OK, "%s", words);
        cs_args_free(&a);
    }
    TAP_OK(parse(CS_SERVE, split("--host-name a --host-name b"), &a, &err) == CLIPSEARCH_OK &&
               a.host_names.count == 2 && strcmp(a.host_names.items[1], "b") == 0,
           "each use adds a value");
    cs_args_free(&a);

    static const struct {
        unsigned command;
        const char *words, *message;
    } cases[] = {
        {CS_SEARCH, "dog --shet x", "unknown option --shet; did you mean --sheet?"},
        {CS_SEARCH, "dog --imgae x", "unknown option --imgae; did you mean --image?"},
        {CS_SEARCH, "dog --wobble", "unknown option --wobble. To give text that begins with a dash, put -- before it"},
        {CS_SEARCH, "dog --prune", "--prune is an option of ingest and update, not of search"},
        {CS_INGEST, "d --offset 3", "--offset is an option of query, not of ingest"},
        {CS_SEARCH, "dog -k 3 -k5", "-k is given twice; it takes one value"},
        {CS_SEARCH, "dog --sheet a.png --sheet=b.png", "--sheet is given twice; it takes one value"},
        {CS_SEARCH, "dog --min-score 0 --min-score 0", "--min-score is given twice; it takes one value"},
        {CS_DELETE, "--filter a --filter b", "--filter is given twice; it takes one value"},
        {CS_INGEST, "d --metric ip --metric ip", "--metric is given twice; it takes one value"},
        {CS_INGEST, "d --prune --prune=force", "--prune is given twice; it takes one value"},
        {CS_DROP, "d --paths",
         "--paths is an option of search, query, get and duplicates, not of drop. To search for the word, run: "
         "clipsearch search "
         "drop"},
        {CS_INGEST, "dog -k 3",
         "-k is an option of search, query and label, not of ingest. To search for the word, run: clipsearch search "
         "ingest"},
        {CS_SEARCH, "dog -z", "unknown option -z. To give text that begins with a dash, put -- before it"},
        {CS_SEARCH, "dog -k", "-k needs a value: -k N"},
        {CS_SEARCH, "dog --image", "--image needs a value: --image FILE"},
        {CS_SEARCH, "dog --json=1", "--json takes no value"},
        {CS_SEARCH, "dog --db=", "--db needs a value (FILE), not an empty one"},
        {CS_SEARCH, "dog -k 0", "-k must be a whole number from 1 to 1000000, not \"0\""},
        {CS_SEARCH, "dog -k ten", "-k must be a whole number from 1 to 1000000, not \"ten\""},
        {CS_SEARCH, "dog --min-score high", "--min-score must be a number, not \"high\""},
        {CS_SEARCH, "dog --min-score nan", "--min-score must be a number, not \"nan\""},
        {CS_SEARCH, "dog --min-score inf", "--min-score must be a number, not \"inf\""},
        {CS_INGEST, "d --metric cosin", "--metric must be cosine, ip or l2, not \"cosin\"; did you mean cosine?"},
        {CS_INGEST, "d --prune=all", "--prune must be gone or force, not \"all\""},
        {CS_UPDATE, "--prune=", "--prune must be gone or force, not \"\""},
        {CS_INGEST, "d --on-bad cry", "--on-bad must be skip, stop or report, not \"cry\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clipsearch_status status = parse(cases[i].command, split(cases[i].words), &a, &err);
        if (!TAP_OK(status == CLIPSEARCH_E_ARGUMENT && strcmp(err.message, cases[i].message) == 0, "%s",
                    cases[i].words))
            tap_note("got: %s", err.message);
        cs_args_free(&a);
    }
    TAP_OK(parse(CS_INGEST, split("--prune d"), &a, &err) == CLIPSEARCH_OK && strcmp(a.prune, "gone") == 0 &&
               a.operands.count == 1,
           "--prune alone takes no value");
    cs_args_free(&a);
    TAP_OK(parse(CS_UPDATE, split("--prune=force d"), &a, &err) == CLIPSEARCH_OK && strcmp(a.prune, "force") == 0 &&
               a.operands.count == 1,
           "--prune=force");
    cs_args_free(&a);
    TAP_OK(cs_args_first_operand(4, split("--prune ingest x")) == 2, "nor does it hide the command");
    TAP_OK(cs_args_first_operand(3, split("ingest x")) == 1 &&
               cs_args_first_operand(5, split("-k 3 --json info")) == 4 &&
               cs_args_first_operand(4, split("-k3 --db=x info")) == 3 &&
               cs_args_first_operand(4, split("-q -- info")) == 0,
           "the first operand, after options and their values, not after --");
}

static void test_option_memory(void)
{
    uint64_t n = 1;
    for (clipsearch_status status = CLIPSEARCH_E_MEMORY; status != CLIPSEARCH_OK && n < 100; n++) {
        cs_args a;
        cs_mem_fail_at(n);
        status = parse(CS_SEARCH, split("dog --image x"), &a, NULL);
        cs_mem_fail_at(0);
        cs_args_free(&a);
        if (status != CLIPSEARCH_OK && status != CLIPSEARCH_E_MEMORY)
            break;
    }
    TAP_OK(n > 9 && n < 100, "each of %d allocations may fail", (int)n - 2);
}

/* Every line of every command's options ends before column 80. */
static void test_width(void)
{
    bool fits = true;
    for (size_t i = 0; i < cs_command_count; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        cs_options_print(1u << i, out);
        fclose(out);
        for (const char *at = text; *at;) {
            const size_t n = strcspn(at, "\n");
            if (n >= 80)
                tap_note("%s: %.*s", cs_command_names[i], (int)n, at);
            fits = fits && n < 80;
            at += n + (at[n] == '\n');
        }
        fits = fits && strstr(text, "--help");
        free(text);
    }
    TAP_OK(fits, "the options of each command fit 80 columns");
}

int main(void)
{
    test_options();
    test_option_memory();
    test_width();
    return tap_done();
}
