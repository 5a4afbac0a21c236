/* SPDX-License-Identifier: MIT
 * help.c - help pages. */
#include "cli/command.h"

static const char overview[] =
    "clipsearch finds pictures by what they show.\n"
    "\n"
    "  clipsearch ingest ~/Pictures         look at every picture once and remember it\n"
    "  clipsearch \"a white dog\"             find the pictures that fit a sentence\n"
    "  clipsearch --image dog.jpg           find the pictures that look alike\n"
    "\n"
    "Commands:\n"
    "  search       find pictures; what clipsearch does when the first word is no command\n"
    "  ingest       take directories of pictures, or what a YAML file names, into a collection\n"
    "  embed        print the vectors of texts and pictures\n"
    "  tokenize     print the tokens of texts\n"
    "  query        list pictures by what is known of them, with a filter\n"
    "  get          show pictures by their numbers\n"
    "  delete       forget pictures, by a filter or their numbers; files are left alone\n"
    "  drop         forget a whole collection\n"
    "  collections  list the collections\n"
    "  model        list, fetch, look into, check and convert models\n"
    "  check        see whether rows and index are sound, and measure how well searches find\n"
    "  vacuum       take what was removed out of the files, and bring the index up to date\n"
    "  info         show collections, counts, and the model in use\n"
    "  help         show this, or the help of a command: clipsearch help ingest\n"
    "  version      show the version\n"
    "\n"
    "To search for a word that is a command: clipsearch search info, or clipsearch -- info\n";

static const char search_page[] =
    "usage: clipsearch [search] [options] QUERY...\n"
    "\n"
    "Each QUERY is one sentence; put it in quotes. Prints a line a picture, the best first: its score\n"
    "and its path. Several queries are answered one after the other.\n"
    "\n"
    "  clipsearch \"a white dog\" \"a red car at night\"\n"
    "  clipsearch --image dog.jpg -k 5 --sheet found.png\n"
    "  clipsearch \"a white dog\" --filter 'width > 1000 and not path like \"%/thumbs/%\"'\n"
    "  clipsearch -0 \"a white dog\" | xargs -0 cp -t dogs/\n";

static const char ingest_page[] =
    "usage: clipsearch ingest [options] DIRECTORY|PICTURE...\n"
    "       clipsearch ingest [options] FILE.yaml\n"
    "\n"
    "Encodes every JPEG and PNG below the directories and remembers it in a collection. Run it again\n"
    "whenever you like: pictures that have not changed are passed over. Ctrl-C keeps what is done.\n"
    "A YAML file can name several sources, patterns and attributes; clipsearch(1) describes it.\n";

static const char embed_page[] =
    "usage: clipsearch embed [options] [TEXT...]\n"
    "\n"
    "Prints the vector of every text and picture: JSON lines, or a NumPy file. They have length 1, but for\n"
    "models that leave them as they are (torchvision's; clipsearch model info tells).\n"
    "\n"
    "  clipsearch embed \"a white dog\" --image dog.jpg\n"
    "  clipsearch embed --list captions.txt --format npy -o captions.npy\n";

static const char tokenize_page[] =
    "usage: clipsearch tokenize [options] TEXT...\n"
    "\n"
    "Prints a line a text: the token ids as the model reads them, a tab, and their pieces.\n";

static const char info_page[] =
    "usage: clipsearch info [options]\n"
    "\n"
    "Shows the database, its collections with their encoder, metric and counts, and the model in use.\n";

static const char query_page[] =
    "usage: clipsearch query [options] [--filter FILTER]\n"
    "\n"
    "Lists the pictures that pass FILTER, or all: a line each, its number and its path, by number.\n"
    "\n"
    "  clipsearch query --filter 'price < 100 and label in [\"dog\", \"cat\"]' --json\n"
    "  clipsearch query -0 --filter 'mtime >= \"2024-05-01\"' | xargs -0 ls -l\n"
    "\n"
    "A filter compares fields (id, path, name, size, mtime, width, height) and attributes with values:\n"
    "== != < <= > >= in [..] like is null, joined by and, or, not. clipsearch(1) describes it.\n";

static const char get_page[] = "usage: clipsearch get [options] NUMBER...\n"
                               "\n"
                               "Shows the pictures with these numbers, which query and search --json print.\n";

static const char delete_page[] =
    "usage: clipsearch delete [options] --filter FILTER\n"
    "       clipsearch delete [options] NUMBER...\n"
    "\n"
    "Forgets the pictures that pass FILTER, or those with these numbers, at once and for good, and says\n"
    "how many. The files are left alone; ingesting them again brings them back. To see first what a\n"
    "filter lets through: clipsearch query --filter FILTER\n";

static const char drop_page[] =
    "usage: clipsearch drop [options] COLLECTION\n"
    "\n"
    "Forgets a collection and all that is known of its pictures. The files are left alone.\n";

static const char collections_page[] = "usage: clipsearch collections [options]\n"
                                       "\n"
                                       "A line a collection: name, number of pictures, metric, model.\n";

static const char model_page[] =
    "usage: clipsearch model list\n"
    "       clipsearch model fetch NAME [--to DIR] [--mirror URL]\n"
    "       clipsearch model info NAME|DIR|FILE\n"
    "       clipsearch model verify NAME [DIR] [--image FILE]\n"
    "       clipsearch model convert NAME|DIR|FILE --to DIR [--towers WHICH] [--type TYPE]\n"
    "\n"
    "list shows the known models and which are here. fetch gets one, checks it against what its\n"
    "publisher says, and carries on where an earlier fetch was cut off; then it is a model like any\n"
    "other: --model NAME. info tells what is in a model or in any weight file that can be read, and what\n"
    "memory it takes. verify holds files and vectors against what was published. convert writes a model\n"
    "anew: one tower, or shorter numbers.\n"
    "\n"
    "  clipsearch model fetch clip-vit-b32\n"
    "  clipsearch ingest --model clip-vit-b32 --collection photos ~/Pictures\n";
static const char check_page[] =
    "usage: clipsearch check [options] [COLLECTION...]\n"
    "\n"
    "Reads every row and vector of the collections (all, when none is named), verifies the index file\n"
    "beside the database, and measures recall@10: the share of the exact ten nearest that searches\n"
    "find, for queries out of the collection itself. Exit status 5 when something is damaged.\n";

static const char vacuum_page[] =
    "usage: clipsearch vacuum [options] [COLLECTION...]\n"
    "\n"
    "Brings the index files of the collections (all, when none is named) up to date and lets go of what\n"
    "removed pictures left in them; writes the database file anew. Then no byte of a removed picture's\n"
    "row or vector is left.\n";

static const char help_page[] = "usage: clipsearch help [COMMAND]\n";

static const char version_page[] = "usage: clipsearch version\n";

void cs_help_print(unsigned command, FILE *out)
{
    const char *page = command == CS_SEARCH        ? search_page
                       : command == CS_INGEST      ? ingest_page
                       : command == CS_EMBED       ? embed_page
                       : command == CS_TOKENIZE    ? tokenize_page
                       : command == CS_INFO        ? info_page
                       : command == CS_QUERY       ? query_page
                       : command == CS_GET         ? get_page
                       : command == CS_DELETE      ? delete_page
                       : command == CS_DROP        ? drop_page
                       : command == CS_COLLECTIONS ? collections_page
                       : command == CS_MODEL       ? model_page
                       : command == CS_CHECK       ? check_page
                       : command == CS_VACUUM      ? vacuum_page
                       : command == CS_HELP        ? help_page
                       : command == CS_VERSION     ? version_page
                                                   : overview;
    fputs(page, out);
    fputs("\nOptions", out);
    fputs(command ? ":\n" : " of search (clipsearch help COMMAND shows the others'):\n", out);
    cs_options_print(command ? command : CS_SEARCH, out);
    if (!command)
        fputs("\nThe manual is clipsearch(1).\n", out);
}
