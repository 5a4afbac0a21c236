/* SPDX-License-Identifier: MIT
 * command_line.h - the command line, parsed. */
#ifndef CS_CLI_COMMAND_LINE_H
#define CS_CLI_COMMAND_LINE_H

#include "base/error.h"
#include "cli/command_names.h"

/* An argument that is not an option, or the value of an option that is a part of a query. */
typedef enum cs_operand_kind { CS_WORD, CS_IMAGE, CS_LIKE, CS_ADD, CS_NOT, CS_CROP } cs_operand_kind;

/* One of them, in the order of the command line. */
typedef struct cs_operand {
    cs_operand_kind kind;
    bool is_image; /* CS_IMAGE */
    const char *text;
} cs_operand;

typedef struct cs_operands {
    cs_operand *items;
    size_t count;
} cs_operands;

typedef struct cs_strings {
    const char **items;
    size_t count;
} cs_strings;

typedef struct cs_size_option {
    bool given;
    size_t value;
} cs_size_option;

typedef struct cs_number_option {
    bool given;
    float value;
} cs_number_option;

/* The parsed command line. NULL, false, given == false: not given. Strings point into argv. */
typedef struct cs_args {
    cs_operands operands;
    cs_strings include, exclude, images, templates, in, vectors, meta, from;
    cs_size_option k, offset, threads, batch, timeout, max_pixels, max_bytes;
    cs_size_option scan_every;
    cs_size_option m, ef_construction, ef, sample;
    cs_number_option min_score, max_distance, min_relevance;
    const char *db, *collection, *model, *precision, *decode, *cpu;
    const char *ca, *consistency; /* of a database on a server */
    const char *filter, *since, *until;
    const char *sheet, *captions, *link, *metric, *on_bad, *exif, *codes, *progress;
    const char *labels, *write, *level;
    const char *list, *images_from, *format, *output, *overflow;
    const char *files_from, *letter_case;
    const char *to, *mirror, *towers, *type, *catalogue, *name;
    const char *prune;   /* "gone" or "force" */
    const char *remodel; /* "safe" or "force" */
    const char *forget;
    const char *path_field, *shard;
    const char *listen, *token_file, *cert, *key, *upload_dir;
    cs_strings host_names;
    cs_size_option max_body, max_waiting, max_connections, cache_bytes;
    bool allow_delete;
    bool rescan, gone, yes;
    bool json, paths, nul, preview, open, dry_run, exact, here, show, repair, quiet, verbose, help, version;
    bool with_self, all, allow_local_urls, relevant;
    bool hidden, watch;
    bool no_index, texts;
} cs_args;

/* The index in argv of the first argument that is neither an option nor an option's value; 0 when there is none before
 * a "--". */
int cs_args_first_operand(int argc, char **argv);

/* Parse argv[1..argc) as the arguments of `command`. Options and operands may be in any order; after "--" there are
 * only operands. Errors: CLIPSEARCH_E_ARGUMENT (names the most similar option), _MEMORY. Free `args` in any case. */
clipsearch_status cs_args_parse(unsigned command, int argc, char **argv, cs_args *args, clipsearch_error *err);
void cs_args_free(cs_args *args);

#endif
