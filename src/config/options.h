/* SPDX-License-Identifier: MIT
 * options.h - the command line: one table of every option, which parsing and --help both read. */
#ifndef CS_CONFIG_OPTIONS_H
#define CS_CONFIG_OPTIONS_H

#include "base/error.h"

#include <stdio.h>

/* One bit a command, so that a row of the table can belong to several. */
enum {
    CS_SEARCH = 1,
    CS_INGEST = 2,
    CS_EMBED = 4,
    CS_TOKENIZE = 8,
    CS_INFO = 16,
    CS_HELP = 32,
    CS_VERSION = 64,
    CS_QUERY = 128,
    CS_GET = 256,
    CS_DELETE = 512,
    CS_DROP = 1024,
    CS_COLLECTIONS = 2048,
    CS_MODEL = 4096,
    CS_CHECK = 8192,
    CS_VACUUM = 16384,
    CS_ALL_COMMANDS = 32767
};

/* A word of the command line, or a picture given with --image, in the order they stood. */
typedef struct cs_word {
    bool is_image;
    const char *text;
} cs_word;

typedef struct cs_words {
    cs_word *items;
    size_t count;
} cs_words;

typedef struct cs_texts {
    const char **items;
    size_t count;
} cs_texts;

typedef struct cs_size_option {
    bool given;
    size_t value;
} cs_size_option;

typedef struct cs_number_option {
    bool given;
    float value;
} cs_number_option;

/* What the command line says; NULL, false, given == false: nothing. Texts point into argv. */
typedef struct cs_args {
    cs_words words;
    cs_texts include, exclude, pictures;
    cs_size_option k, offset, threads, batch, timeout;
    cs_size_option m, ef_construction, ef, sample;
    cs_number_option min_score, max_distance;
    const char *db, *collection, *model, *cpu;
    const char *filter;
    const char *sheet, *metric, *on_bad, *exif, *codes;
    const char *list, *images_from, *format, *output, *overflow;
    const char *to, *mirror, *towers, *type, *catalogue;
    bool json, paths, nul, prune, dry_run, exact, repair, quiet, verbose, help, version;
} cs_args;

/* Names of the commands, and the bit of one, 0 when there is none of that name. */
extern const char *const cs_command_names[];
extern const size_t cs_command_count;
unsigned cs_command_of(const char *word);
const char *cs_command_name(unsigned command);

/* The index in argv of the first word that is neither an option nor an option's value; 0 when there is none before the
 * end or a "--". */
int cs_options_first_word(int argc, char **argv);

/* Read argv[1..argc) as `command`'s. Options and words may stand in any order; what follows "--" is words.
 * Errors: CLIPSEARCH_E_ARGUMENT (names the nearest option there is), _MEMORY. Free `args` in any case. */
clipsearch_status cs_options_parse(unsigned command, int argc, char **argv, cs_args *args, clipsearch_error *err);
void cs_args_free(cs_args *args);

/* Print the options of `command`, one or more lines each. */
void cs_options_print(unsigned command, FILE *out);

#endif
