/* SPDX-License-Identifier: MIT
 * help.c - the help pages. */
#include "cli/command.h"

#include "cli/option_help.h"

#include <string.h>

/* 24 lines of at most 80 columns, so that a small terminal shows all of it. */
static const char overview_begin[] = "clipsearch finds images by what they show: by a text, or by another image.\n"
                                     "  clipsearch ingest ~/Pictures     encode the images in a directory, once\n"
                                     "  clipsearch \"a white dog\" -k 5    show the 5 images that fit the text best\n"
                                     "Commands (for the options of one, run: clipsearch help COMMAND):\n";

static const struct {
    const char *names, *summary;
} summaries[] = {
    {"search", "find images; the default when the first word is no command"},
    {"ingest", "encode images and store them in a collection"},
    {"update", "bring collections up to date with the directories ingested"},
    {"embed", "print the vectors of texts and images"},
    {"tokenize", "print the tokens of texts"},
    {"query, get", "list images by fields and attributes, or by numbers"},
    {"delete, drop", "remove images, or a whole collection; the files stay"},
    {"label", "tell which of some labels images show"},
    {"duplicates", "find images that are there more than once"},
    {"export, import", "write vectors with their images to files; read them"},
    {"copy, merge", "copy collections to another database; into this one"},
    {"serve", "a page and an API to search with, in the browser"},
    {"model", "list, fetch, inspect, verify and convert models"},
    {"check, vacuum", "verify database and index; remove deleted data from files"},
    {"info, collections", "show the database, its collections and the model"},
    {"config", "show the settings and where they come from: config --show"},
    {"completion", "print the completions for bash, zsh or fish"},
    {"help, version", "show this page, or the help of a command; the version"},
};

static const char overview_end[] = "Options of most commands: --db FILE, --collection NAME, --model MODEL, -q, -v.\n"
                                   "To search for the name of a command: clipsearch search info. See clipsearch(1).\n";

static void print_overview(FILE *out)
{
    fputs(overview_begin, out);
    for (size_t i = 0; i < sizeof summaries / sizeof *summaries; i++)
        fprintf(out, "  %-17s  %s\n", summaries[i].names, summaries[i].summary);
    fputs(overview_end, out);
}

const char *cs_help_summary(const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < sizeof summaries / sizeof *summaries; i++)
        for (const char *at = summaries[i].names; *at; at += strspn(at, ", ")) {
            const size_t word = strcspn(at, ",");
            if (word == length && memcmp(at, name, length) == 0)
                return summaries[i].summary;
            at += word;
        }
    return "";
}

static const char search_page[] = "usage: clipsearch [search] [options] QUERY...\n"
                                  "\n"
                                  "Each QUERY is one text; put it in quotes. Prints a line per image, the nearest\n"
                                  "first: its score and its path. Several queries are answered one after another.\n"
                                  "A + or - that stands alone joins the texts and images on both sides of it to one\n"
                                  "query; docs/query.md has the grammar.\n"
                                  "\n"
                                  "  clipsearch \"a white dog\" \"a red car at night\"\n"
                                  "  clipsearch dog + 2:snow - people\n"
                                  "  clipsearch ./cat.jpg + \"at night\"\n"
                                  "  clipsearch --image dog.jpg -k 5 --sheet found.png\n"
                                  "  clipsearch --preview \"a white dog\"\n"
                                  "  clipsearch \"a white dog\" --filter 'width > 1000 and not name like \"%thumb%\"'\n"
                                  "  clipsearch -0 \"a white dog\" | xargs -0 cp -t dogs/\n";

static const char ingest_page[] = "usage: clipsearch ingest [options] DIRECTORY|IMAGE...\n"
                                  "       clipsearch ingest [options] FILE.yaml\n"
                                  "       clipsearch ingest --remodel [--model MODEL] [options]\n"
                                  "\n"
                                  "Encodes every image in the directories and stores it in a collection. Hidden\n"
                                  "files are left out, files of other kinds are counted. Run it again at\n"
                                  "any time: images that have not changed are skipped. Ctrl-C keeps what is done.\n"
                                  "A YAML file can name several sources with patterns and attributes; see\n"
                                  "clipsearch(1). What was ingested is remembered: clipsearch update does it again.\n"
                                  "--remodel encodes a collection anew with another model, in place.\n"
                                  "\n"
                                  "  clipsearch ingest ~/Pictures --exclude thumbnails --watch\n"
                                  "  clipsearch ingest --model clip-vit-b32 --collection holidays ~/Pictures\n"
                                  "  clipsearch ingest --remodel --model clip-vit-b32\n";

static const char update_page[] = "usage: clipsearch update [options] [COLLECTION...]\n"
                                  "\n"
                                  "Brings the collections (default: all) up to date with the directories, images\n"
                                  "and YAML files that were ingested into them. A YAML file is read again if it is\n"
                                  "still there. clipsearch info shows what is remembered.\n"
                                  "\n"
                                  "  clipsearch update\n"
                                  "  clipsearch update --watch\n"
                                  "  clipsearch update holidays --prune\n"
                                  "  clipsearch update holidays --forget ~/Pictures/old\n";

static const char embed_page[] = "usage: clipsearch embed [options] [TEXT...]\n"
                                 "\n"
                                 "Prints the vector of each text and image as JSON lines or a NumPy file. Vectors\n"
                                 "have length 1, except those of models that do not normalise them\n"
                                 "(torchvision's; see clipsearch model info). Line or row N belongs to input N. An\n"
                                 "image that cannot be read gets {\"image\":...,\"error\":...}, in a NumPy file a row\n"
                                 "of NaN; the others keep their vectors, and the exit status is 3.\n"
                                 "\n"
                                 "  clipsearch embed \"a white dog\" --image dog.jpg\n"
                                 "  clipsearch embed --list captions.txt --format npy -o captions.npy\n";

static const char tokenize_page[] = "usage: clipsearch tokenize [options] TEXT...\n"
                                    "\n"
                                    "Prints a line per text: the token ids that the model reads, a tab, and the texts\n"
                                    "of the tokens.\n"
                                    "\n"
                                    "  clipsearch tokenize \"a white dog\"\n";

static const char info_page[] = "usage: clipsearch info [options]\n"
                                "\n"
                                "Shows the database, its collections with encoder, metric and counts, and the\n"
                                "model in use.\n";

static const char config_page[] = "usage: clipsearch config --show [options]\n"
                                  "\n"
                                  "Shows the settings, and where each of them comes from: an option, the\n"
                                  "environment, the configuration file or the defaults. clipsearch info --show does\n"
                                  "the same. Without --show, config is a word to search for.\n";

static const char query_page[] = "usage: clipsearch query [options] [--filter FILTER]\n"
                                 "\n"
                                 "Lists the images that pass FILTER, or all: a line each with number and path, in\n"
                                 "the order of the numbers.\n"
                                 "\n"
                                 "  clipsearch query --filter 'price < 100 and label in [\"dog\", \"cat\"]' --json\n"
                                 "  clipsearch query -0 --filter 'mtime >= \"2024-05-01\"' | xargs -0 ls -l\n"
                                 "\n"
                                 "A filter compares fields (id, path, name, size, mtime, width, height) and\n"
                                 "attributes with values: == != < <= > >=, in [..], like, is null, joined by and,\n"
                                 "or and not. clipsearch(1) has the details.\n";

static const char get_page[] = "usage: clipsearch get [options] NUMBER...\n"
                               "\n"
                               "Shows the images with these numbers. query and search --json print numbers.\n";

static const char delete_page[] = "usage: clipsearch delete [options] --in DIR | --filter FILTER\n"
                                  "       clipsearch delete [options] NUMBER...\n"
                                  "\n"
                                  "Removes the images below DIR that pass FILTER, or those with these numbers, from\n"
                                  "the collection and prints how many. Asks first when that is all images; where\n"
                                  "nobody can be asked, --yes is needed. The files are not touched; ingesting them\n"
                                  "again brings the images back. query takes the same options and shows first what\n"
                                  "would go:\n"
                                  "\n"
                                  "  clipsearch query --in ~/Pictures/old\n"
                                  "  clipsearch delete --in ~/Pictures/old\n";

static const char drop_page[] = "usage: clipsearch drop [options] COLLECTION\n"
                                "\n"
                                "Removes a collection with all its images and attributes from the database, after\n"
                                "asking. Where nobody can be asked, --yes is needed. The files are not touched.\n";

static const char collections_page[] = "usage: clipsearch collections [options]\n"
                                       "\n"
                                       "Prints a line per collection: name, number of images, metric, model.\n";

static const char model_page[] = "usage: clipsearch model list\n"
                                 "       clipsearch model fetch NAME [--to DIR] [--mirror URL]\n"
                                 "       clipsearch model add FILE|DIR [--name NAME]\n"
                                 "       clipsearch model use NAME|DIR|FILE\n"
                                 "       clipsearch model info NAME|DIR|FILE\n"
                                 "       clipsearch model verify NAME [DIR] [--image FILE]\n"
                                 "       clipsearch model convert NAME|DIR|FILE --to DIR [--towers WHICH]\n"
                                 "                        [--type TYPE]\n"
                                 "\n"
                                 "list shows the known models and which are installed. fetch downloads one, checks\n"
                                 "it against its published digests, and resumes an interrupted download. add does\n"
                                 "the same with files that were downloaded by hand. After both, and after use, new\n"
                                 "collections are encoded with the model. info\n"
                                 "shows what is in a model or weight file, and the memory it needs. verify\n"
                                 "compares files and vectors with what was published. convert writes a model again\n"
                                 "with one tower or a shorter number type.\n"
                                 "\n"
                                 "  clipsearch model fetch clip-vit-b32\n"
                                 "  clipsearch ingest --model clip-vit-b32 --collection holidays ~/Pictures\n";

static const char check_page[] = "usage: clipsearch check [options] [COLLECTION...]\n"
                                 "\n"
                                 "Reads every row and vector of the collections (default: all), verifies the index\n"
                                 "file beside the database, and measures recall@10: the share of the exact ten\n"
                                 "nearest images that searches find, for images and for sentences apart. The exit\n"
                                 "status is 5 when something is damaged.\n";

static const char vacuum_page[] = "usage: clipsearch vacuum [options] [COLLECTION...]\n"
                                  "\n"
                                  "Updates the index files of the collections (default: all), removes what deleted\n"
                                  "images left in them, and writes the database file again. After that no byte of a\n"
                                  "deleted image's row or vector is left in the files.\n";

static const char label_page[] = "usage: clipsearch label --labels LABELS [options] [--filter FILTER]\n"
                                 "       clipsearch label --labels LABELS [options] IMAGE...\n"
                                 "\n"
                                 "Finds out which of the labels fits each image of the collection best, or each\n"
                                 "image file. Prints a line per image: the label's probability, the label and the\n"
                                 "path. Images of the collection are not read again. --write stores the labels, so\n"
                                 "that filters can use them, with their probabilities in NAME_probability.\n"
                                 "\n"
                                 "  clipsearch label --labels dog,cat,\"a bowl of fruit\" pets/*.jpg\n"
                                 "  clipsearch label --labels things.txt --write thing\n"
                                 "  clipsearch query --filter 'thing == \"dog\" and thing_probability > 0.8'\n";

static const char duplicates_page[] =
    "usage: clipsearch duplicates [options] [--filter FILTER]\n"
    "\n"
    "Finds groups of equal and near-equal images of the collection: with --level same\n"
    "copies that were recoded or resized, with edited also those that were turned,\n"
    "mirrored or slightly cropped, with burst a scene that was taken several times.\n"
    "The first of a group, marked *, is the one to keep. Nothing is deleted.\n"
    "\n"
    "  clipsearch duplicates --level edited\n"
    "  clipsearch duplicates -0 | xargs -0 mv -t surplus/\n";

static const char export_page[] = "usage: clipsearch export [options] --vectors FILE.npy --meta FILE.jsonl\n"
                                  "\n"
                                  "Writes the vectors of a collection to a NumPy file, and what is known of its\n"
                                  "images to JSON lines, CSV or Parquet (.csv, .parquet), or one of the two. Row n\n"
                                  "of one belongs to row n of the other. docs/vectors.md describes both.\n"
                                  "\n"
                                  "  clipsearch export --vectors photos.npy --meta photos.jsonl\n"
                                  "  clipsearch export --meta - --filter 'label == \"dog\"'\n";

static const char import_page[] = "usage: clipsearch import [options] --vectors X.npy --meta FILE [--model MODEL]\n"
                                  "       clipsearch import [options] DIRECTORY [--model MODEL]\n"
                                  "\n"
                                  "Stores vectors that were made elsewhere in a collection. Each row of the table\n"
                                  "(JSON lines, CSV or Parquet) says of what the vector of the same row is. A\n"
                                  "DIRECTORY is one that clip-retrieval wrote. With --model, the model that made\n"
                                  "the vectors, texts and images can be searched for; without, items (--like). Rows\n"
                                  "with a path that is there already replace it, so the command can be repeated.\n"
                                  "\n"
                                  "  clipsearch import --model clip-vit-b32 --vectors x.npy --meta y.jsonl\n"
                                  "  clipsearch import --model clip-vit-b32 --collection laion embeddings/\n";

static const char merge_page[] = "usage: clipsearch merge [options] --db TARGET.db SOURCE.db...\n"
                                 "\n"
                                 "Copies the collections of other databases, or with --collection only that one,\n"
                                 "into the database, with vectors and attributes. Images of the same path are\n"
                                 "replaced; the sources do not change. Collections of one name need one model.\n"
                                 "\n"
                                 "  clipsearch ingest --db part2.db --shard 2/8 ~/Pictures      on machine 2 of 8\n"
                                 "  clipsearch merge --db all.db part1.db part2.db\n";

static const char copy_page[] = "usage: clipsearch copy [options] --from SOURCE --to TARGET\n"
                                "\n"
                                "Copies the collections of a database, or with --collection only that one, to\n"
                                "another, with vectors and attributes: nothing is encoded again. Either may be a\n"
                                "file or the address of a Milvus server (docs/milvus.md). It can be interrupted\n"
                                "and run again. Images of the same path are replaced.\n"
                                "\n"
                                "  clipsearch copy --from photos.db --to milvus://server:19530\n"
                                "  clipsearch copy --from milvus://server:19530 --to photos.db\n";

static const char completion_page[] = "usage: clipsearch completion bash|zsh|fish\n"
                                      "\n"
                                      "Prints the completions of commands, options and values for a shell. Installed\n"
                                      "packages have them already. For this shell alone:\n"
                                      "\n"
                                      "  bash:  source <(clipsearch completion bash)\n"
                                      "  fish:  clipsearch completion fish | source\n"
                                      "  zsh:   clipsearch completion zsh >~/.zfunc/_clipsearch   (in $fpath)\n";

static const char serve_page[] = "usage: clipsearch serve [options]\n"
                                 "\n"
                                 "Answers searches over HTTP: a page for browsers, and an API in JSON\n"
                                 "(docs/http.md). Only programs on this machine can reach it unless --listen says\n"
                                 "otherwise; then a token is needed, and the link with it is printed. Images that\n"
                                 "other processes ingest meanwhile are found. Ctrl-C ends it.\n"
                                 "\n"
                                 "  clipsearch serve\n"
                                 "  clipsearch serve --listen '*:8080' --token-file ~/.clipsearch-token\n";

static const char help_page[] = "usage: clipsearch help [COMMAND]\n";

static const char version_page[] = "usage: clipsearch version\n";

static const struct {
    unsigned command;
    const char *page;
} pages[] = {
    {CS_SEARCH, search_page},   {CS_INGEST, ingest_page},
    {CS_EMBED, embed_page},     {CS_TOKENIZE, tokenize_page},
    {CS_INFO, info_page},       {CS_QUERY, query_page},
    {CS_GET, get_page},         {CS_DELETE, delete_page},
    {CS_DROP, drop_page},       {CS_MODEL, model_page},
    {CS_CHECK, check_page},     {CS_COLLECTIONS, collections_page},
    {CS_VACUUM, vacuum_page},   {CS_LABEL, label_page},
    {CS_UPDATE, update_page},   {CS_HELP, help_page},
    {CS_VERSION, version_page}, {CS_DUPLICATES, duplicates_page},
    {CS_EXPORT, export_page},   {CS_IMPORT, import_page},
    {CS_MERGE, merge_page},     {CS_COMPLETION, completion_page},
    {CS_SERVE, serve_page},     {CS_COPY, copy_page},
    {CS_CONFIG, config_page},
};

void cs_help_print(unsigned command, FILE *out)
{
    if (!command) {
        print_overview(out);
        return;
    }
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (pages[i].command == command)
            fputs(pages[i].page, out);
    fputs("\nOptions:\n", out);
    cs_options_print(command, out);
}
