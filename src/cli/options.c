/* SPDX-License-Identifier: MIT
 * options.c - the table of options and the parser that uses it. */
#include "cli/options.h"

#include "base/buf.h"
#include "base/decimal.h"
#include "base/mem.h"
#include "config/nearest.h"
#include "base/limits.h"
#include "config/names.h"
#include "config/yaml_keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum option_kind {
    OPTION_FLAG,   /* bool */
    OPTION_TEXT,   /* const char * */
    OPTION_CHOICE, /* const char *, one of `choices` */
    OPTION_MAYBE,  /* the same, but without a value it is the first of them; a value stands behind '=' */
    OPTION_SIZE,   /* cs_size_option, min to max */
    OPTION_NUMBER, /* cs_number_option */
    OPTION_TEXTS,  /* cs_strings: each use adds one */
    OPTION_OPERAND /* cs_operands: each use adds an operand of the kind `min` (cs_operand_kind) */
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

static const char *const progress_names[] = {"auto", "json", "none", NULL};
static const char *const format_names[] = {"jsonl", "npy", NULL};
static const char *const npy_names[] = {"f32", "f16", NULL};
static const char *const level_names[] = {"exact", "same", "edited", "burst", NULL};
static const char *const prune_names[] = {"gone", "force", NULL};
static const char *const remodel_names[] = {"safe", "force", NULL};

enum {
    WITH_MODEL = CS_SEARCH | CS_INGEST | CS_EMBED | CS_TOKENIZE | CS_INFO | CS_CONFIG | CS_LABEL | CS_UPDATE |
                 CS_IMPORT | CS_SERVE,
    WITH_COLLECTION = CS_SEARCH | CS_INGEST | CS_INFO | CS_CONFIG | CS_QUERY | CS_GET | CS_DELETE | CS_LABEL |
                      CS_DUPLICATES | CS_EXPORT | CS_IMPORT | CS_MERGE | CS_COPY | CS_SERVE,
    WITH_DB = (WITH_COLLECTION & ~CS_COPY) | CS_DROP | CS_COLLECTIONS | CS_CHECK | CS_VACUUM | CS_UPDATE,
    WITH_ROWS = CS_SEARCH | CS_QUERY | CS_GET,
    WITH_PLACES = CS_SEARCH | CS_QUERY | CS_LABEL | CS_DUPLICATES | CS_DELETE | CS_EXPORT
};

static const option_row rows[] = {
    {"image", 0, CS_SEARCH, OPTION_OPERAND, FIELD(operands), "FILE",
     "search by an image, a file or an http(s) URL; may be repeated", CS_IMAGE, 0, 0},
    {"crop", 0, CS_SEARCH, OPTION_OPERAND, FIELD(operands), "X,Y,W,H",
     "only this region of the image before it: pixels, or 10%,10%,50%,50%", CS_CROP, 0, 0},
    {"like", 0, CS_SEARCH, OPTION_OPERAND, FIELD(operands), "ID",
     "search for images like the one with this number; may be repeated", CS_LIKE, 0, 0},
    {"add", 0, CS_SEARCH, OPTION_OPERAND, FIELD(operands), "QUERY", "add a part to the query before it", CS_ADD, 0, 0},
    {"not", 0, CS_SEARCH, OPTION_OPERAND, FIELD(operands), "QUERY", "subtract a part from the query before it", CS_NOT,
     0, 0},
    {"list", 0, CS_SEARCH, OPTION_TEXT, FIELD(list), "FILE",
     "read queries from FILE, one per line; - is standard input", 0, 0, 0},
    {"with-self", 0, CS_SEARCH, OPTION_FLAG, FIELD(with_self), NULL, "show the query's own images too", 0, 0, 0},
    {"all", 0, CS_SEARCH, OPTION_FLAG, FIELD(all), NULL, "show every copy of an image, not one hit for all", 0, 0, 0},
    {"allow-local-urls", 0, CS_SEARCH, OPTION_FLAG, FIELD(allow_local_urls), NULL,
     "fetch images from this computer and private networks too", 0, 0, 0},
    {"image", 0, CS_EMBED, OPTION_OPERAND, FIELD(operands), "FILE", "embed an image; may be repeated", CS_IMAGE, 0, 0},
    {"k", 'k', CS_SEARCH, OPTION_SIZE, FIELD(k), "N", "show the N nearest images to each query (10)", 1, CS_MAX_K, 0},
    {"k", 'k', CS_QUERY, OPTION_SIZE, FIELD(k), "N", "show at most N images (all)", 1, CS_MAX_K, 0},
    {"labels", 0, CS_LABEL, OPTION_TEXT, FIELD(labels), "LABELS",
     "dog,cat,car, or a file with one label on each line; - is standard input", 0, 0, 0},
    {"template", 0, CS_LABEL, OPTION_TEXTS, FIELD(templates), "TEMPLATE",
     "text with {} for the label; or photo (default), plain or several; may be repeated", 0, 0, 0},
    {"k", 'k', CS_LABEL, OPTION_SIZE, FIELD(k), "N", "show the N best labels of each image (1)", 1, CS_MAX_K, 0},
    {"write", 0, CS_LABEL, OPTION_TEXT, FIELD(write), "NAME",
     "store the best labels in the attribute NAME of the images", 0, 0, 0},
    {"offset", 0, CS_QUERY, OPTION_SIZE, FIELD(offset), "N", "leave out the first N images", 0, SIZE_MAX, 0},
    {"filter", 0, CS_SEARCH | CS_QUERY | CS_LABEL | CS_DUPLICATES | CS_EXPORT, OPTION_TEXT, FIELD(filter), "FILTER",
     "only images that pass, e.g. 'price < 100'", 0, 0, 0},
    {"in", 0, WITH_PLACES, OPTION_TEXTS, FIELD(in), "DIR",
     "only images in this directory and those in it; may be repeated", 0, 0, 0},
    {"here", 0, WITH_PLACES, OPTION_FLAG, FIELD(here), NULL, "the same for the current directory", 0, 0, 0},
    {"since", 0, WITH_PLACES, OPTION_TEXT, FIELD(since), "DATE",
     "only images taken on DATE or later: 2024, 2024-07, 2024-07-01, 2024-07-01T18:30 or 2024-07-01T18:30:05", 0, 0, 0},
    {"until", 0, WITH_PLACES, OPTION_TEXT, FIELD(until), "DATE",
     "only images taken on DATE or earlier; all of that year, month, day, minute or second counts", 0, 0, 0},
    {"filter", 0, CS_DELETE, OPTION_TEXT, FIELD(filter), "FILTER", "the images to remove, e.g. 'price < 100'", 0, 0, 0},
    {"min-score", 0, CS_SEARCH, OPTION_NUMBER, FIELD(min_score), "X",
     "only images with a score of at least X (metrics cosine and ip)", 0, 0, 0},
    {"max-distance", 0, CS_SEARCH, OPTION_NUMBER, FIELD(max_distance), "X",
     "only images at a distance of at most X (metric l2)", 0, 0, 0},
    {"relevant", 0, CS_SEARCH, OPTION_FLAG, FIELD(relevant), NULL,
     "only images that probably fit the text; exit 1 when there are none", 0, 0, 0},
    {"min-relevance", 0, CS_SEARCH, OPTION_NUMBER, FIELD(min_relevance), "X",
     "only images with a relevance of at least X, 0 to 1, which is shown behind the score", 0, 0, 0},
    {"exact", 0, CS_SEARCH, OPTION_FLAG, FIELD(exact), NULL, "compare every image, without the index", 0, 0, 0},
    {"ef", 0, CS_SEARCH, OPTION_SIZE, FIELD(ef), "N", "candidates of an index search (the collection's default)", 1,
     CS_MAX_EF, 0},
    {"json", 0,
     WITH_ROWS | CS_TOKENIZE | CS_INFO | CS_CONFIG | CS_COLLECTIONS | CS_MODEL | CS_CHECK | CS_LABEL | CS_DUPLICATES,
     OPTION_FLAG, FIELD(json), NULL, "print JSON", 0, 0, 0},
    {"paths", 0, WITH_ROWS, OPTION_FLAG, FIELD(paths), NULL, "print only paths, one per line", 0, 0, 0},
    {"level", 0, CS_DUPLICATES, OPTION_CHOICE, FIELD(level), "LEVEL",
     "exact (same bytes), same (default: recoded, resized), edited (turned, cropped) or burst", 0, 0, level_names},
    {"paths", 0, CS_DUPLICATES, OPTION_FLAG, FIELD(paths), NULL,
     "print only the paths of images not to keep, one per line", 0, 0, 0},
    {"null", '0', CS_DUPLICATES, OPTION_FLAG, FIELD(nul), NULL, "the same, each path followed by a NUL byte (xargs -0)",
     0, 0, 0},
    {"null", '0', WITH_ROWS, OPTION_FLAG, FIELD(nul), NULL, "print only paths, each followed by a NUL byte (xargs -0)",
     0, 0, 0},
    {"sheet", 0, WITH_ROWS, OPTION_TEXT, FIELD(sheet), "FILE",
     "draw the images into a contact sheet, .png or .jpg; - "
     "is standard output",
     0, 0, 0},
    {"captions", 0, WITH_ROWS, OPTION_TEXT, FIELD(captions), "NAMES",
     "attributes below each image of --sheet, --preview and --open: taken,camera,gps,...", 0, 0, 0},
    {"preview", 0, WITH_ROWS, OPTION_FLAG, FIELD(preview), NULL, "draw the images on the terminal", 0, 0, 0},
    {"open", 0, WITH_ROWS, OPTION_FLAG, FIELD(open), NULL, "show the contact sheet in the desktop's viewer", 0, 0, 0},
    {"link", 0, WITH_ROWS, OPTION_TEXT, FIELD(link), "DIR", "make a directory of links to the images, named by rank", 0,
     0, 0},
    {"vectors", 0, CS_EXPORT, OPTION_TEXTS, FIELD(vectors), "FILE", "write the vectors to FILE, as .npy", 0, 0, 0},
    {"meta", 0, CS_EXPORT, OPTION_TEXTS, FIELD(meta), "FILE",
     "write what is known of the images to FILE: .jsonl, .csv or .parquet; - is standard output", 0, 0, 0},
    {"type", 0, CS_EXPORT, OPTION_CHOICE, FIELD(type), "TYPE", "numbers of the vectors: f32 (default) or f16", 0, 0,
     npy_names},
    {"vectors", 0, CS_IMPORT, OPTION_TEXTS, FIELD(vectors), "FILE",
     "a .npy file of float16, float32 or float64 [rows, dim]; may be repeated", 0, 0, 0},
    {"meta", 0, CS_IMPORT, OPTION_TEXTS, FIELD(meta), "FILE",
     "its table, a row for each vector: .jsonl, .csv or .parquet; as often as --vectors", 0, 0, 0},
    {"path-field", 0, CS_IMPORT, OPTION_TEXT, FIELD(path_field), "NAME",
     "the field that names the image (path, image_path, url, file, filename or key)", 0, 0, 0},
    {"texts", 0, CS_IMPORT, OPTION_FLAG, FIELD(texts), NULL,
     "of a directory of clip-retrieval: import the vectors of the captions", 0, 0, 0},
    {"no-index", 0, CS_IMPORT | CS_MERGE | CS_COPY, OPTION_FLAG, FIELD(no_index), NULL,
     "do not write the index; searches are exact until check --repair writes it", 0, 0, 0},
    {"metric", 0, CS_INGEST | CS_IMPORT, OPTION_CHOICE, FIELD(metric), "METRIC",
     "of a new collection: cosine, ip or l2 (the model's)", 0, 0, cs_metric_names},
    {"codes", 0, CS_INGEST, OPTION_CHOICE, FIELD(codes), "CODES",
     "of a new collection: how its index stores vectors: i8 (default), f16, bf16 or f32", 0, 0, cs_codes_names},
    {"m", 'm', CS_INGEST, OPTION_SIZE, FIELD(m), "N", "of a new collection: links of an image in the index (16)",
     CS_MIN_M, CS_MAX_M, 0},
    {"ef-construction", 0, CS_INGEST, OPTION_SIZE, FIELD(ef_construction), "N",
     "of a new collection: candidates that links are chosen from (200)", CS_MIN_M, CS_MAX_EF_CONSTRUCTION, 0},
    {"ef", 0, CS_INGEST, OPTION_SIZE, FIELD(ef), "N", "of a new collection: candidates of an index search (64)", 1,
     CS_MAX_EF, 0},
    {"repair", 0, CS_CHECK, OPTION_FLAG, FIELD(repair), NULL, "write a damaged or unused index again", 0, 0, 0},
    {"sample", 0, CS_CHECK, OPTION_SIZE, FIELD(sample), "N", "measure recall with N queries (100)", 1, 100000, 0},
    {"batch", 0, CS_INGEST | CS_UPDATE | CS_EMBED | CS_MODEL, OPTION_SIZE, FIELD(batch), "N",
     "images encoded together (32)", 1, CS_MAX_BATCH, 0},
    {"include", 0, CS_INGEST, OPTION_TEXTS, FIELD(include), "GLOB",
     "only files that match (all images that this build reads); may be repeated", 0, 0, 0},
    {"exclude", 0, CS_INGEST, OPTION_TEXTS, FIELD(exclude), "GLOB",
     "leave out files and directories that match; may be repeated", 0, 0, 0},
    {"case", 0, CS_INGEST, OPTION_CHOICE, FIELD(letter_case), "CASE",
     "letters of patterns match in any case (default) or in the exact one", 0, 0, cs_case_names},
    {"hidden", 0, CS_INGEST, OPTION_FLAG, FIELD(hidden), NULL,
     "take hidden files and directories too (.name, @eaDir, $RECYCLE.BIN)", 0, 0, 0},
    {"files-from", 0, CS_INGEST, OPTION_TEXT, FIELD(files_from), "FILE",
     "read paths of images and directories from FILE, one per line; - is standard input", 0, 0, 0},
    {"null", '0', CS_INGEST, OPTION_FLAG, FIELD(nul), NULL, "paths of --files-from end with NUL bytes (find -print0)",
     0, 0, 0},
    {"shard", 0, CS_INGEST, OPTION_TEXT, FIELD(shard), "N/M",
     "ingest only part N of M, so that M machines share the work; merge joins their databases", 0, 0, 0},
    {"watch", 0, CS_INGEST | CS_UPDATE, OPTION_FLAG, FIELD(watch), NULL,
     "go on and follow changes of the files, until Ctrl-C", 0, 0, 0},
    {"scan-every", 0, CS_INGEST | CS_UPDATE, OPTION_SIZE, FIELD(scan_every), "N",
     "with --watch: scan every N seconds what cannot be watched (60)", 1, 86400, 0},
    {"prune", 0, CS_INGEST | CS_UPDATE, OPTION_MAYBE, FIELD(prune), "[=force]",
     "remove images whose files are gone or excluded; with =force also when they are many, or a disk may be missing", 0,
     0, prune_names},
    {"remodel", 0, CS_INGEST, OPTION_MAYBE, FIELD(remodel), "[=force]",
     "encode the collection anew with --model, in place; with =force also when many images are missing", 0, 0,
     remodel_names},
    {"rescan", 0, CS_INGEST | CS_UPDATE, OPTION_FLAG, FIELD(rescan), NULL,
     "read all files again and compare their content, whatever their times are", 0, 0, 0},
    {"reread", 0, CS_INGEST | CS_UPDATE, OPTION_FLAG, FIELD(rescan), NULL, "another name of --rescan", 0, 0, 0},
    {"forget", 0, CS_UPDATE, OPTION_TEXT, FIELD(forget), "PATH",
     "forget a remembered directory or YAML file; its images stay", 0, 0, 0},
    {"gone", 0, CS_SEARCH | CS_QUERY | CS_EXPORT, OPTION_FLAG, FIELD(gone), NULL,
     "show also images whose files are gone", 0, 0, 0},
    {"yes", 'y', CS_DELETE | CS_DROP, OPTION_FLAG, FIELD(yes), NULL, "remove without asking", 0, 0, 0},
    {"dry-run", 0, CS_INGEST | CS_UPDATE, OPTION_FLAG, FIELD(dry_run), NULL,
     "only count what a run would do; store nothing", 0, 0, 0},
    {"on-bad", 0, CS_INGEST | CS_UPDATE, OPTION_CHOICE, FIELD(on_bad), "WHAT",
     "an image that cannot be read: report (exit 3 at the end), skip or stop", 0, 0, cs_on_bad_names},
    {"progress", 0, CS_INGEST | CS_UPDATE, OPTION_CHOICE, FIELD(progress), "HOW",
     "auto (a bar or lines), json (a line of JSON a second) or none", 0, 0, progress_names},
    {"exif", 0, CS_INGEST, OPTION_TEXT, FIELD(exif), "WHAT",
     "apply (default): turn images, store what is known of them; orientation: only turn; ignore; or taken,gps,...", 0,
     0, 0},
    {"exif", 0, CS_SEARCH | CS_EMBED | CS_LABEL, OPTION_CHOICE, FIELD(exif), "WHAT",
     "apply (default) or ignore the EXIF orientation", 0, 0, cs_exif_names},
    {"max-pixels", 0, CS_SEARCH | CS_INGEST | CS_EMBED | CS_LABEL | CS_DUPLICATES, OPTION_SIZE, FIELD(max_pixels), "N",
     "refuse images of more than N pixels (256000000)", 1, SIZE_MAX, 0},
    {"max-bytes", 0, CS_SEARCH | CS_INGEST | CS_EMBED | CS_LABEL | CS_DUPLICATES, OPTION_SIZE, FIELD(max_bytes), "N",
     "refuse image files of more than N bytes (268435456)", 1, SIZE_MAX, 0},
    {"decode", 0, CS_INGEST | CS_UPDATE | CS_LABEL, OPTION_CHOICE, FIELD(decode), "HOW",
     "exact (default), or fast: large JPEGs at a half or less of their sides", 0, 0, cs_decode_names},
    {"list", 0, CS_EMBED | CS_TOKENIZE, OPTION_TEXT, FIELD(list), "FILE",
     "read texts from FILE, one per line; - is standard input", 0, 0, 0},
    {"images-from", 0, CS_EMBED, OPTION_TEXT, FIELD(images_from), "FILE",
     "read paths of images from FILE, one per line; - is standard input", 0, 0, 0},
    {"format", 0, CS_EMBED, OPTION_CHOICE, FIELD(format), "FORMAT",
     "jsonl (default) or npy (float32, one row per input)", 0, 0, format_names},
    {"output", 'o', CS_EMBED, OPTION_TEXT, FIELD(output), "FILE", "write to FILE instead of standard output", 0, 0, 0},
    {"overflow", 0, CS_EMBED | CS_TOKENIZE, OPTION_CHOICE, FIELD(overflow), "WHAT",
     "truncate (default) or refuse texts that are too long", 0, 0, cs_overflow_names},
    {"listen", 0, CS_SERVE, OPTION_TEXT, FIELD(listen), "ADDRESS",
     "HOST:PORT, PORT or *:PORT, all addresses (127.0.0.1:8080)", 0, 0, 0},
    {"token-file", 0, CS_SERVE, OPTION_TEXT, FIELD(token_file), "FILE",
     "only who has the token in the first line of FILE may ask", 0, 0, 0},
    {"host-name", 0, CS_SERVE, OPTION_TEXTS, FIELD(host_names), "NAME",
     "a name of this server in browsers, besides the machine's; may be repeated", 0, 0, 0},
    {"cert", 0, CS_SERVE, OPTION_TEXT, FIELD(cert), "FILE", "TLS: the certificate, with its chain, as PEM", 0, 0, 0},
    {"key", 0, CS_SERVE, OPTION_TEXT, FIELD(key), "FILE", "TLS: the certificate's key, as PEM", 0, 0, 0},
    {"upload-dir", 0, CS_SERVE, OPTION_TEXT, FIELD(upload_dir), "DIR",
     "take images, store them in DIR and add them to collections", 0, 0, 0},
    {"allow-delete", 0, CS_SERVE, OPTION_FLAG, FIELD(allow_delete), NULL,
     "let images be removed from collections; their files stay", 0, 0, 0},
    {"max-body", 0, CS_SERVE, OPTION_SIZE, FIELD(max_body), "N", "refuse uploads of more than N bytes (33554432)", 1024,
     1 << 30, 0},
    {"max-pixels", 0, CS_SERVE, OPTION_SIZE, FIELD(max_pixels), "N", "refuse images of more than N pixels (100000000)",
     1, SIZE_MAX, 0},
    {"max-waiting", 0, CS_SERVE, OPTION_SIZE, FIELD(max_waiting), "N",
     "requests that wait; more are told to try again (256)", 1, 100000, 0},
    {"max-connections", 0, CS_SERVE, OPTION_SIZE, FIELD(max_connections), "N", "connections at once (8192)", 16, 100000,
     0},
    {"cache-bytes", 0, CS_SERVE, OPTION_SIZE, FIELD(cache_bytes), "N",
     "memory for small images that were made (67108864)", 0, SIZE_MAX, 0},
    {"timeout", 0, CS_SERVE, OPTION_SIZE, FIELD(timeout), "N", "seconds that a search may take (30)", 1, 3600, 0},
    {"db", 0, WITH_DB, OPTION_TEXT, FIELD(db), "FILE", "the database file", 0, 0, 0},
    {"from", 0, CS_COPY, OPTION_TEXTS, FIELD(from), "FILE", "the database, or address, to copy from; may be repeated",
     0, 0, 0},
    {"to", 0, CS_COPY, OPTION_TEXT, FIELD(db), "FILE", "the database, or address, to copy to", 0, 0, 0},
    {"ca", 0, WITH_DB | CS_COPY, OPTION_TEXT, FIELD(ca), "FILE",
     "of a Milvus server with TLS: the authority of its certificate, a PEM file (the system's)", 0, 0, 0},
    {"consistency", 0, WITH_DB | CS_COPY, OPTION_CHOICE, FIELD(consistency), "LEVEL",
     "on a Milvus server: how fresh answers must be: bounded (default), strong or eventually", 0, 0,
     cs_consistency_names},
    {"to", 0, CS_MODEL, OPTION_TEXT, FIELD(to), "DIR", "fetch, convert: the directory to write", 0, 0, 0},
    {"name", 0, CS_MODEL, OPTION_TEXT, FIELD(name), "NAME",
     "add: the name of the model (that of the known model, directory or file)", 0, 0, 0},
    {"mirror", 0, CS_MODEL, OPTION_TEXT, FIELD(mirror), "URL",
     "fetch: another server with the files under the same paths", 0, 0, 0},
    {"timeout", 0, CS_MODEL, OPTION_SIZE, FIELD(timeout), "N", "fetch: give up after N seconds without data (30)", 1,
     86400, 0},
    {"towers", 0, CS_MODEL, OPTION_CHOICE, FIELD(towers), "WHICH", "convert: image, text or both (all of the model)", 0,
     0, cs_tower_names},
    {"type", 0, CS_MODEL, OPTION_CHOICE, FIELD(type), "TYPE", "convert: f32 (default), f16 or bf16", 0, 0,
     cs_number_names},
    {"image", 0, CS_MODEL, OPTION_TEXTS, FIELD(images), "FILE",
     "verify: an image of the published values; may be repeated", 0, 0, 0},
    {"catalogue", 0, CS_MODEL, OPTION_TEXT, FIELD(catalogue), "FILE", "read the known models from FILE", 0, 0, 0},
    {"collection", 0, WITH_COLLECTION, OPTION_TEXT, FIELD(collection), "NAME", "the collection (photos)", 0, 0, 0},
    {"model", 0, WITH_MODEL, OPTION_TEXT, FIELD(model), "MODEL", "the model: a name, directory or weight file", 0, 0,
     0},
    {"threads", 0,
     CS_SEARCH | CS_INGEST | CS_UPDATE | CS_EMBED | CS_MODEL | CS_CHECK | CS_VACUUM | CS_LABEL | CS_DUPLICATES |
         CS_IMPORT | CS_MERGE | CS_COPY | CS_SERVE,
     OPTION_SIZE, FIELD(threads), "N", "use N threads (one per processor)", 1, CS_MAX_THREADS, 0},
    {"precision", 0, WITH_MODEL | CS_MODEL, OPTION_CHOICE, FIELD(precision), "WHAT",
     "compute in f32, int8 or bf16 (auto: as the weights are)", 0, 0, cs_precision_names},
    {"cpu", 0, WITH_MODEL | CS_MODEL, OPTION_CHOICE, FIELD(cpu), "LEVEL",
     "use instructions up to c, avx2, avx512 ... (all there are)", 0, 0, cs_cpu_names},
    {"show", 0, CS_INFO | CS_CONFIG, OPTION_FLAG, FIELD(show), NULL,
     "show the settings, and where each of them comes from", 0, 0, 0},
    {"quiet", 'q', CS_ALL_COMMANDS, OPTION_FLAG, FIELD(quiet), NULL, "print only results and errors", 0, 0, 0},
    {"verbose", 'v', CS_ALL_COMMANDS, OPTION_FLAG, FIELD(verbose), NULL, "print more", 0, 0, 0},
    {"help", 'h', CS_ALL_COMMANDS, OPTION_FLAG, FIELD(help), NULL, "show this help", 0, 0, 0},
    {"version", 'V', CS_ALL_COMMANDS, OPTION_FLAG, FIELD(version), NULL, "show the version", 0, 0, 0},
};

enum { ROWS = sizeof rows / sizeof *rows };

const char *const cs_command_names[] = {
    "search", "ingest", "embed",       "tokenize",   "info",  "help",   "version", "query",  "get",
    "delete", "drop",   "collections", "model",      "check", "vacuum", "label",   "update", "duplicates",
    "export", "import", "merge",       "completion", "serve", "copy",   "config"};
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

/* Whether the option `word` has its value in the next argument. Unknown options: no. */
static bool has_separate_value(const char *word)
{
    if (word[1] == '-') {
        const option_row *row = strchr(word, '=') ? NULL : find_name(CS_ALL_COMMANDS, word + 2, strlen(word + 2));
        return row && row->kind != OPTION_FLAG && row->kind != OPTION_MAYBE;
    }
    for (const char *c = word + 1; *c; c++) {
        const option_row *row = find_letter(CS_ALL_COMMANDS, *c);
        if (row && row->kind != OPTION_FLAG && row->kind != OPTION_MAYBE)
            return !c[1];
    }
    return false;
}

int cs_options_first_operand(int argc, char **argv)
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

/* Set the field of `row`; `value` is NULL for flags. */
static clipsearch_status set_option(const option_row *row, const char *value, cs_args *args, clipsearch_error *err)
{
    void *field = (char *)args + row->offset;
    size_t count;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        break;
    case OPTION_TEXT:
    case OPTION_TEXTS:
        if (!*value)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s needs a value (%s), not an empty one", row->name,
                           row->argument);
        if (row->kind == OPTION_TEXT)
            *(const char **)field = value;
        else
            ((cs_strings *)field)->items[((cs_strings *)field)->count++] = value;
        break;
    case OPTION_CHOICE:
    case OPTION_MAYBE:
        return set_choice(row, value, field, err);
    case OPTION_SIZE:
        if (!cs_read_count(value, row->max, &count) || count < row->min)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s%s must be a whole number from %zu to %zu, not \"%s\"",
                           dashes_of(row), row->name, row->min, row->max, value);
        *(cs_size_option *)field = (cs_size_option){.given = true, .value = count};
        break;
    case OPTION_NUMBER:
        return set_number(row, value, field, err);
    case OPTION_OPERAND:
        add_operand(field, value, (cs_operand_kind)row->min);
        break;
    }
    return CLIPSEARCH_OK;
}

/* Append the commands that have the option: "search, query and get". */
static void put_owners(cs_buf *buf, const char *name, size_t length)
{
    unsigned owners = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0)
            owners |= rows[i].commands;
    size_t left = (size_t)__builtin_popcount(owners);
    for (size_t i = 0; i < cs_command_count; i++)
        if (owners & 1u << i)
            cs_buf_printf(buf, "%s%s", cs_command_names[i], --left == 0 ? "" : left == 1 ? " and " : ", ");
}

static clipsearch_status fail_unknown(unsigned command, const char *dashes, const char *name, size_t length,
                                      clipsearch_error *err)
{
    const char *command_name = cs_command_name(command);
    const option_row *other =
        length == 1 ? find_letter(CS_ALL_COMMANDS, *name) : find_name(CS_ALL_COMMANDS, name, length);
    cs_buf message = cs_buf_make(1024);
    if (other) {
        cs_buf_printf(&message, "%s%.*s is an option of ", dashes, (int)length, name);
        put_owners(&message, other->name, strlen(other->name));
        cs_buf_printf(&message, ", not of %s", command_name);
        if (other->commands & CS_SEARCH && command != CS_SEARCH)
            cs_buf_printf(&message, ". To search for the word, run: clipsearch search %s", command_name);
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
    const option_row *row = find_name(r->command, name, length);
    if (!row)
        return fail_unknown(r->command, "--", name, length, err);
    if (row->kind == OPTION_FLAG) {
        if (equals)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s takes no value", row->name);
        return set_option(row, NULL, args, err);
    }
    if (row->kind == OPTION_MAYBE)
        return set_option(row, equals ? equals + 1 : row->choices[0], args, err);
    if (!equals && r->at + 1 >= r->argc)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "--%s needs a value: --%s %s", row->name, row->name, row->argument);
    return set_option(row, equals ? equals + 1 : r->argv[++r->at], args, err);
}

static clipsearch_status parse_letters(reader *r, cs_args *args, clipsearch_error *err)
{
    for (const char *c = r->argv[r->at] + 1; *c; c++) {
        const option_row *row = find_letter(r->command, *c);
        if (!row)
            return fail_unknown(r->command, "-", c, 1, err);
        if (row->kind != OPTION_FLAG) {
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

clipsearch_status cs_options_parse(unsigned command, int argc, char **argv, cs_args *args, clipsearch_error *err)
{
    *args = (cs_args){0};
    size_t room = (size_t)(argc > 0 ? argc : 1);
    args->operands.items = cs_zalloc_array(room, sizeof *args->operands.items);
    args->include.items = cs_zalloc_array(room, sizeof *args->include.items);
    args->exclude.items = cs_zalloc_array(room, sizeof *args->exclude.items);
    args->images.items = cs_zalloc_array(room, sizeof *args->images.items);
    args->templates.items = cs_zalloc_array(room, sizeof *args->templates.items);
    args->in.items = cs_zalloc_array(room, sizeof *args->in.items);
    args->vectors.items = cs_zalloc_array(room, sizeof *args->vectors.items);
    args->meta.items = cs_zalloc_array(room, sizeof *args->meta.items);
    args->from.items = cs_zalloc_array(room, sizeof *args->from.items);
    if (!args->operands.items || !args->include.items || !args->exclude.items || !args->images.items ||
        !args->templates.items || !args->in.items || !args->vectors.items || !args->meta.items || !args->from.items)
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
    cs_free(args->operands.items);
    cs_free(args->include.items);
    cs_free(args->exclude.items);
    cs_free(args->images.items);
    cs_free(args->in.items);
    cs_free(args->vectors.items);
    cs_free(args->meta.items);
    cs_free(args->from.items);
    cs_free(args->templates.items);
    *args = (cs_args){0};
}

bool cs_options_get(unsigned command, size_t i, cs_option_info *info)
{
    for (size_t at = 0; at < ROWS; at++) {
        const option_row *row = &rows[at];
        if (!(row->commands & command) || i--)
            continue;
        *info = (cs_option_info){.name = row->name,
                                 .letter = row->letter,
                                 .argument = row->argument,
                                 .value_optional = row->kind == OPTION_MAYBE,
                                 .help = row->help,
                                 .choices = row->choices};
        return true;
    }
    return false;
}

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
    for (size_t i = 0; i < ROWS; i++) {
        const option_row *row = &rows[i];
        const bool is_long = row->name[1] != '\0';
        if (!(row->commands & command))
            continue;
        char left[64], letter[8] = "    ";
        if (row->letter)
            snprintf(letter, sizeof letter, is_long ? "-%c, " : "-%c", row->letter);
        snprintf(left, sizeof left, "%s%s%s%s%s", letter, is_long ? "--" : "", is_long ? row->name : "",
                 row->argument && row->kind != OPTION_MAYBE ? " " : "", row->argument ? row->argument : "");
        fprintf(out, "  %-*s  ", LEFT_COLUMN, left);
        print_wrapped(row->help, LEFT_COLUMN + 4, out);
    }
}
