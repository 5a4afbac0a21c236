/* SPDX-License-Identifier: MIT
 * options.c - the table of options and its reader. */
#include "config/options.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/mem.h"
#include "config/nearest.h"
#include "config/words.h"
#include "config/yaml_keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_TEXT,   /* const char * */
    OPTION_CHOICE, /* const char *, one of `choices` */
    OPTION_SIZE,   /* cs_size_option, min to max */
    OPTION_NUMBER, /* cs_number_option */
    OPTION_TEXTS,  /* cs_texts: each use adds one */
    OPTION_IMAGE   /* cs_words: each use adds a picture among the words */
} option_kind;

typedef struct option_row {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    unsigned commands;
    option_kind kind;
    size_t offset; /* of the field in cs_args */
    const char *argument;
    const char *help;
    size_t min, max;
    const char *const *choices;
} option_row;

#define FIELD(name) offsetof(cs_args, name)

static const char *const format_words[] = {"jsonl", "npy", NULL};

enum {
    WITH_MODEL = CS_SEARCH | CS_INGEST | CS_EMBED | CS_TOKENIZE | CS_INFO,
    WITH_COLLECTION = CS_SEARCH | CS_INGEST | CS_INFO | CS_QUERY | CS_GET | CS_DELETE,
    WITH_DB = WITH_COLLECTION | CS_DROP | CS_COLLECTIONS | CS_CHECK | CS_VACUUM,
    WITH_ROWS = CS_SEARCH | CS_QUERY | CS_GET
};

static const option_row rows[] = {
    {"image", 0, CS_SEARCH, OPTION_IMAGE, FIELD(words), "FILE", "search by a picture; may be given several times", 0, 0,
     0},
    {"image", 0, CS_EMBED, OPTION_IMAGE, FIELD(words), "FILE", "embed a picture; may be given several times", 0, 0, 0},
    {"k", 'k', CS_SEARCH, OPTION_SIZE, FIELD(k), "N", "show the N nearest pictures of each query (10)", 1, CS_MAX_K, 0},
    {"k", 'k', CS_QUERY, OPTION_SIZE, FIELD(k), "N", "show at most N pictures (all)", 1, CS_MAX_K, 0},
    {"offset", 0, CS_QUERY, OPTION_SIZE, FIELD(offset), "N", "leave out the first N pictures", 0, SIZE_MAX, 0},
    {"filter", 0, CS_SEARCH | CS_QUERY, OPTION_TEXT, FIELD(filter), "FILTER",
     "only pictures that pass: 'price < 100 and label == \"dog\"'", 0, 0, 0},
    {"filter", 0, CS_DELETE, OPTION_TEXT, FIELD(filter), "FILTER", "the pictures to forget: 'label == \"dog\"'", 0, 0,
     0},
    {"min-score", 0, CS_SEARCH, OPTION_NUMBER, FIELD(min_score), "X",
     "only pictures that score X or more (metrics cosine and ip)", 0, 0, 0},
    {"max-distance", 0, CS_SEARCH, OPTION_NUMBER, FIELD(max_distance), "X",
     "only pictures at a distance of X or less (metric l2)", 0, 0, 0},
    {"exact", 0, CS_SEARCH, OPTION_FLAG, FIELD(exact), NULL, "compare every picture, index or not", 0, 0, 0},
    {"ef", 0, CS_SEARCH, OPTION_SIZE, FIELD(ef), "N", "candidates a walk of the index keeps (the collection's own)", 1,
     CS_MAX_EF, 0},
    {"json", 0, WITH_ROWS | CS_TOKENIZE | CS_INFO | CS_COLLECTIONS | CS_MODEL | CS_CHECK, OPTION_FLAG, FIELD(json),
     NULL, "print JSON", 0, 0, 0},
    {"paths", 0, WITH_ROWS, OPTION_FLAG, FIELD(paths), NULL, "print only paths, one a line", 0, 0, 0},
    {"null", '0', WITH_ROWS, OPTION_FLAG, FIELD(nul), NULL, "print only paths, a NUL byte behind each (for xargs -0)",
     0, 0, 0},
    {"sheet", 0, CS_SEARCH, OPTION_TEXT, FIELD(sheet), "FILE.png",
     "draw the queries and their pictures into a PNG file", 0, 0, 0},
    {"metric", 0, CS_INGEST, OPTION_CHOICE, FIELD(metric), "METRIC",
     "cosine, ip or l2 (default: the model's own); fixed when a collection is made", 0, 0, cs_metric_words},
    {"codes", 0, CS_INGEST, OPTION_CHOICE, FIELD(codes), "CODES",
     "i8 (default), f16, bf16 or f32: how the index holds vectors; fixed as the metric is", 0, 0, cs_codes_words},
    {"m", 'm', CS_INGEST, OPTION_SIZE, FIELD(m), "N", "links a picture has in the index (16); fixed too", CS_MIN_M,
     CS_MAX_M, 0},
    {"ef-construction", 0, CS_INGEST, OPTION_SIZE, FIELD(ef_construction), "N",
     "candidates its links are chosen from (200); fixed too", CS_MIN_M, CS_MAX_EF_CONSTRUCTION, 0},
    {"ef", 0, CS_INGEST, OPTION_SIZE, FIELD(ef), "N", "candidates a search keeps (64); fixed too", 1, CS_MAX_EF, 0},
    {"repair", 0, CS_CHECK, OPTION_FLAG, FIELD(repair), NULL, "write an index that is damaged or unused anew", 0, 0, 0},
    {"sample", 0, CS_CHECK, OPTION_SIZE, FIELD(sample), "N", "measure recall with N queries (100)", 1, 100000, 0},
    {"batch", 0, CS_INGEST | CS_EMBED | CS_MODEL, OPTION_SIZE, FIELD(batch), "N", "pictures encoded together (32)", 1,
     CS_MAX_BATCH, 0},
    {"include", 0, CS_INGEST, OPTION_TEXTS, FIELD(include), "GLOB",
     "take only files that match (*.jpg *.jpeg *.png); may be repeated", 0, 0, 0},
    {"exclude", 0, CS_INGEST, OPTION_TEXTS, FIELD(exclude), "GLOB",
     "leave out files and directories that match; may be repeated", 0, 0, 0},
    {"prune", 0, CS_INGEST, OPTION_FLAG, FIELD(prune), NULL, "forget pictures that are gone from the directories", 0, 0,
     0},
    {"dry-run", 0, CS_INGEST, OPTION_FLAG, FIELD(dry_run), NULL, "look and count only, store nothing", 0, 0, 0},
    {"on-bad", 0, CS_INGEST, OPTION_CHOICE, FIELD(on_bad), "WHAT",
     "skip (default) or stop at a picture that cannot be read", 0, 0, cs_on_bad_words},
    {"exif", 0, CS_SEARCH | CS_INGEST | CS_EMBED, OPTION_CHOICE, FIELD(exif), "WHAT",
     "apply (default) or ignore the orientation a camera noted", 0, 0, cs_exif_words},
    {"list", 0, CS_EMBED | CS_TOKENIZE, OPTION_TEXT, FIELD(list), "FILE",
     "take texts from FILE, one a line; - is standard input", 0, 0, 0},
    {"images-from", 0, CS_EMBED, OPTION_TEXT, FIELD(images_from), "FILE",
     "take picture paths from FILE, one a line; - is standard input", 0, 0, 0},
    {"format", 0, CS_EMBED, OPTION_CHOICE, FIELD(format), "FORMAT",
     "jsonl (default) or npy (float32, one row an input)", 0, 0, format_words},
    {"output", 'o', CS_EMBED, OPTION_TEXT, FIELD(output), "FILE", "write to FILE instead of standard output", 0, 0, 0},
    {"overflow", 0, CS_EMBED | CS_TOKENIZE, OPTION_CHOICE, FIELD(overflow), "WHAT",
     "truncate (default) or refuse a text longer than the model reads", 0, 0, cs_overflow_words},
    {"db", 0, WITH_DB, OPTION_TEXT, FIELD(db), "FILE", "the database file", 0, 0, 0},
    {"to", 0, CS_MODEL, OPTION_TEXT, FIELD(to), "DIR", "fetch, convert: the directory to write", 0, 0, 0},
    {"mirror", 0, CS_MODEL, OPTION_TEXT, FIELD(mirror), "URL",
     "fetch: take files from there, under the paths of their own URLs", 0, 0, 0},
    {"timeout", 0, CS_MODEL, OPTION_SIZE, FIELD(timeout), "N", "fetch: give up after N seconds without data (30)", 1,
     86400, 0},
    {"towers", 0, CS_MODEL, OPTION_CHOICE, FIELD(towers), "WHICH", "convert: image, text or both (all there are)", 0, 0,
     cs_tower_words},
    {"type", 0, CS_MODEL, OPTION_CHOICE, FIELD(type), "TYPE", "convert: f32 (default), f16 or bf16", 0, 0,
     cs_number_words},
    {"image", 0, CS_MODEL, OPTION_TEXTS, FIELD(pictures), "FILE",
     "verify: a picture of the published values; may be repeated", 0, 0, 0},
    {"catalogue", 0, CS_MODEL, OPTION_TEXT, FIELD(catalogue), "FILE", "know the models of FILE instead", 0, 0, 0},
    {"collection", 0, WITH_COLLECTION, OPTION_TEXT, FIELD(collection), "NAME", "the collection in it (photos)", 0, 0,
     0},
    {"model", 0, WITH_MODEL, OPTION_TEXT, FIELD(model), "MODEL", "the model: name, directory or weight file", 0, 0, 0},
    {"threads", 0, CS_SEARCH | CS_INGEST | CS_EMBED | CS_MODEL | CS_CHECK | CS_VACUUM, OPTION_SIZE, FIELD(threads), "N",
     "use N threads (one per processor)", 1, CS_MAX_THREADS, 0},
    {"cpu", 0, WITH_MODEL | CS_MODEL, OPTION_CHOICE, FIELD(cpu), "LEVEL",
     "use no instructions beyond c, avx2 or avx512", 0, 0, cs_cpu_words},
    {"quiet", 'q', CS_ALL_COMMANDS, OPTION_FLAG, FIELD(quiet), NULL, "say nothing but results and errors", 0, 0, 0},
    {"verbose", 'v', CS_ALL_COMMANDS, OPTION_FLAG, FIELD(verbose), NULL, "say more", 0, 0, 0},
    {"help", 'h', CS_ALL_COMMANDS, OPTION_FLAG, FIELD(help), NULL, "show this help", 0, 0, 0},
    {"version", 'V', CS_ALL_COMMANDS, OPTION_FLAG, FIELD(version), NULL, "show the version", 0, 0, 0},
};

enum { ROWS = sizeof rows / sizeof *rows };

const char *const cs_command_names[] = {"search", "ingest",      "embed", "tokenize", "info",
                                        "help",   "version",     "query", "get",      "delete",
                                        "drop",   "collections", "model", "check",    "vacuum"};
const size_t cs_command_count = sizeof cs_command_names / sizeof *cs_command_names;

unsigned cs_command_of(const char *word)
{
    for (size_t i = 0; i < cs_command_count; i++)
        if (strcmp(word, cs_command_names[i]) == 0)
            return 1u << i;
    return 0;
}

const char *cs_command_name(unsigned command)
{
    for (size_t i = 0; i < cs_command_count; i++)
        if (command == 1u << i)
            return cs_command_names[i];
    return "";
}

static const option_row *find_name(unsigned commands, const char *name, size_t length)
{
    for (size_t i = 0; i < ROWS; i++)
        if ((rows[i].commands & commands) && strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
            return &rows[i];
    return NULL;
}

static const option_row *find_letter(unsigned commands, char letter)
{
    for (size_t i = 0; i < ROWS; i++)
        if ((rows[i].commands & commands) && rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1];
}

/* Whether the option word `word` takes the next word of the line as its value. Unknown options: no. */
static bool takes_next(const char *word)
{
    if (word[1] == '-') {
        const option_row *row = strchr(word, '=') ? NULL : find_name(CS_ALL_COMMANDS, word + 2, strlen(word + 2));
        return row && row->kind != OPTION_FLAG;
    }
    for (const char *c = word + 1; *c; c++) {
        const option_row *row = find_letter(CS_ALL_COMMANDS, *c);
        if (row && row->kind != OPTION_FLAG)
            return !c[1];
    }
    return false;
}

int cs_options_first_word(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return 0;
        if (!is_option(argv[i]))
            return i;
        if (takes_next(argv[i]))
            i++;
    }
    return 0;
}

static void add_word(cs_words *words, const char *text, bool is_image)
{
    words->items[words->count++] = (cs_word){.is_image = is_image, .text = text};
}

/* "-k" and "--batch": how the option is written. */
static const char *dashes_of(const option_row *row)
{
    return row->name[1] ? "--" : "-";
}

static clipsearch_status set_number(const option_row *row, const char *value, cs_number_option *option,
                                    clipsearch_error *err)
{
    float number;
    if (!cs_read_float(value, &number) || !isfinite(number))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s must be a number, not \"%s\"", row->name, value);
    *option = (cs_number_option){.given = true, .value = number};
    return CLIPSEARCH_OK;
}

static clipsearch_status set_choice(const option_row *row, const char *value, const char **option,
                                    clipsearch_error *err)
{
    cs_buf list = cs_buf_make(512);
    size_t count = 0;
    for (; row->choices[count]; count++) {
        if (strcmp(row->choices[count], value) == 0) {
            *option = value;
            cs_buf_free(&list);
            return CLIPSEARCH_OK;
        }
        cs_buf_printf(&list, "%s%s", count ? (row->choices[count + 1] ? ", " : " or ") : "", row->choices[count]);
    }
    const char *nearest = cs_nearest(value, row->choices, count);
    cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s must be %s, not \"%s\"%s%s%s", row->name, list.data ? list.data : "",
            value, nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    cs_buf_free(&list);
    return CLIPSEARCH_E_ARGUMENT;
}

/* Set the field of `row`; value is NULL for flags only. */
static clipsearch_status set(const option_row *row, const char *value, cs_args *args, clipsearch_error *err)
{
    void *field = (char *)args + row->offset;
    size_t count;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        break;
    case OPTION_TEXT:
        if (!*value)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s needs a value (%s), not an empty one", row->name,
                           row->argument);
        *(const char **)field = value;
        break;
    case OPTION_CHOICE:
        return set_choice(row, value, field, err);
    case OPTION_SIZE:
        if (!cs_read_count(value, row->max, &count) || count < row->min)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s%s must be a whole number from %zu to %zu, not \"%s\"",
                           dashes_of(row), row->name, row->min, row->max, value);
        *(cs_size_option *)field = (cs_size_option){.given = true, .value = count};
        break;
    case OPTION_NUMBER:
        return set_number(row, value, field, err);
    case OPTION_TEXTS:
        ((cs_texts *)field)->items[((cs_texts *)field)->count++] = value;
        break;
    case OPTION_IMAGE:
        add_word(field, value, true);
        break;
    }
    return CLIPSEARCH_OK;
}

/* The commands an option of another command belongs to, as words: "search and embed". */
static void put_owners(cs_buf *buf, const char *name, size_t length)
{
    unsigned owners = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
            owners |= rows[i].commands;
    for (size_t i = 0, n = 0; i < cs_command_count; i++)
        if (owners & 1u << i)
            cs_buf_printf(buf, "%s%s", n++ ? " and " : "", cs_command_names[i]);
}

static clipsearch_status fail_unknown(unsigned command, const char *dashes, const char *name, size_t length,
                                      clipsearch_error *err)
{
    const char *command_name = cs_command_name(command);
    const option_row *other =
        length == 1 ? find_letter(CS_ALL_COMMANDS, *name) : find_name(CS_ALL_COMMANDS, name, length);
    cs_buf words = cs_buf_make(1024);
    if (other) {
        cs_buf_printf(&words, "%s%.*s is an option of ", dashes, (int)length, name);
        put_owners(&words, other->name, strlen(other->name));
        cs_buf_printf(&words, ", not of %s", command_name);
        if (other->commands & CS_SEARCH && command != CS_SEARCH)
            cs_buf_printf(&words, " (to search for the word \"%s\": clipsearch search %s)", command_name, command_name);
    } else {
        const char *names[ROWS], *nearest = NULL;
        size_t count = 0;
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)length, name);
        for (size_t i = 0; i < ROWS; i++)
            if (rows[i].commands & command)
                names[count++] = rows[i].name;
        if (length > 1)
            nearest = cs_nearest(word, names, count);
        cs_buf_printf(&words, "unknown option %s%s", dashes, word);
        if (nearest)
            cs_buf_printf(&words, "; did you mean %s%s?", nearest[1] ? "--" : "-", nearest);
        else
            cs_buf_printf(&words, "; clipsearch help %s lists the options. What follows -- is taken as words",
                          command_name);
    }
    cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s", words.data ? words.data : "unknown option");
    cs_buf_free(&words);
    return CLIPSEARCH_E_ARGUMENT;
}

/* Where the reading of the command line stands. */
typedef struct reader {
    unsigned command;
    int argc, at;
    char **argv;
} reader;

static clipsearch_status read_long(reader *r, cs_args *args, clipsearch_error *err)
{
    const char *name = r->argv[r->at] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const option_row *row = find_name(r->command, name, length);
    if (!row)
        return fail_unknown(r->command, "--", name, length, err);
    if (row->kind == OPTION_FLAG) {
        if (equals)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s takes no value", row->name);
        return set(row, NULL, args, err);
    }
    if (!equals && r->at + 1 >= r->argc)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s needs a value: --%s %s", row->name, row->name, row->argument);
    return set(row, equals ? equals + 1 : r->argv[++r->at], args, err);
}

static clipsearch_status read_letters(reader *r, cs_args *args, clipsearch_error *err)
{
    for (const char *c = r->argv[r->at] + 1; *c; c++) {
        const option_row *row = find_letter(r->command, *c);
        if (!row)
            return fail_unknown(r->command, "-", c, 1, err);
        if (row->kind != OPTION_FLAG) {
            const char *value = c[1] ? c + 1 + (c[1] == '=') : r->at + 1 < r->argc ? r->argv[++r->at] : NULL;
            return value ? set(row, value, args, err)
                         : cs_fail(err, CLIPSEARCH_E_ARGUMENT, "-%c needs a value: -%c %s", *c, *c, row->argument);
        }
        clipsearch_status status = set(row, NULL, args, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_options_parse(unsigned command, int argc, char **argv, cs_args *args, clipsearch_error *err)
{
    *args = (cs_args){0};
    size_t room = (size_t)(argc > 0 ? argc : 1);
    args->words.items = cs_zalloc_array(room, sizeof *args->words.items);
    args->include.items = cs_zalloc_array(room, sizeof *args->include.items);
    args->exclude.items = cs_zalloc_array(room, sizeof *args->exclude.items);
    args->pictures.items = cs_zalloc_array(room, sizeof *args->pictures.items);
    if (!args->words.items || !args->include.items || !args->exclude.items || !args->pictures.items)
        return cs_fail_memory(err, "the command line");
    reader r = {.command = command, .argc = argc, .argv = argv};
    bool only_words = false;
    for (r.at = 1; r.at < argc; r.at++) {
        char *word = argv[r.at];
        clipsearch_status status = CLIPSEARCH_OK;
        if (only_words || !is_option(word))
            add_word(&args->words, word, false);
        else if (strcmp(word, "--") == 0)
            only_words = true;
        else
            status = word[1] == '-' ? read_long(&r, args, err) : read_letters(&r, args, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return CLIPSEARCH_OK;
}

void cs_args_free(cs_args *args)
{
    cs_free(args->words.items);
    cs_free(args->include.items);
    cs_free(args->exclude.items);
    cs_free(args->pictures.items);
    *args = (cs_args){0};
}

void cs_options_print(unsigned command, FILE *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (!(rows[i].commands & command))
            continue;
        char left[64], letter[8] = "    ";
        if (rows[i].letter)
            snprintf(letter, sizeof letter, rows[i].name[1] ? "-%c, " : "-%c", rows[i].letter);
        snprintf(left, sizeof left, "%s%s%s%s%s", letter, rows[i].name[1] ? "--" : "",
                 rows[i].name[1] ? rows[i].name : "", rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        fprintf(out, "  %-25s  %s\n", left, rows[i].help);
    }
}
