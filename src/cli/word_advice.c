/* SPDX-License-Identifier: MIT
 * word_advice.c - advice about the words of a search. */
#include "cli/word_advice.h"

#include "base/file.h"
#include "base/utf8.h"
#include "cli/output/message.h"
#include "config/nearest.h"

#include <string.h>

enum { SHORTEST = 4 }; /* letters of a word that may be a command with a typing error */

static const char *near_command(const char *word)
{
    for (size_t i = 0; i < cs_command_count; i++)
        if (strlen(word) >= SHORTEST && cs_edit_distance(word, cs_command_names[i]) == 1)
            return cs_command_names[i];
    return NULL;
}

static bool is_image_name(const char *path)
{
    static const char *const endings[] = {"jpg",  "jpeg", "png", "webp", "gif", "tif", "tiff",
                                          "heic", "avif", "bmp", "pnm",  "ppm", "pgm", "jxl"};
    const char *dot = strrchr(cs_path_base(path), '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0)
            return true;
    return false;
}

/* Whether a query has several parts, which are images where they name image files. */
static bool has_parts(const cs_operands *operands)
{
    for (size_t i = 0; i < operands->count; i++)
        if (operands->items[i].kind == CS_ADD || operands->items[i].kind == CS_NOT ||
            strcmp(operands->items[i].text, "+") == 0 || strcmp(operands->items[i].text, "-") == 0)
            return true;
    return false;
}

/* Whether a text can only be meant as the path of a file, which is not there: it ends as names of images do, or begins
 * as paths do. */
static bool names_missing_file(const char *text)
{
    cs_file_info info;
    const bool blanks = strpbrk(text, " \t\n") != NULL;
    const bool from_somewhere = text[0] == '/' || strncmp(text, "./", 2) == 0 || strncmp(text, "../", 3) == 0;
    return !strstr(text, "://") &&
           ((is_image_name(text) && (strchr(text, '/') || !blanks)) || (from_somewhere && !blanks)) &&
           cs_file_stat(text, &info, NULL) == CLIPSEARCH_E_NOT_FOUND;
}

/* A directory is one if its name is written as such: people may search for what a folder's name says. */
static bool advise_about_file(const char *word, bool parts)
{
    cs_file_info info;
    if (cs_file_stat(word, &info, NULL) != CLIPSEARCH_OK || (parts && !info.is_directory))
        return false;
    if (info.is_directory)
        cs_print_line("searching for the words \"%s\", which is also a directory; to search only in it: --in %s", word,
                      word);
    else if (is_image_name(word))
        cs_print_line("\"%s\" is an image file: searching by it, as with --image %s; to search for the words, put them "
                      "in double quotes inside the query: '\"%s\"'",
                      word, word, word);
    return info.is_directory || is_image_name(word);
}

/* "a", "white", "dog" without quotes are three queries. */
static bool are_single_words(const cs_operands *operands)
{
    for (size_t i = 0; i < operands->count; i++)
        if (operands->items[i].kind != CS_WORD || strpbrk(operands->items[i].text, " \t\n"))
            return false;
    return operands->count > 1 && !has_parts(operands);
}

/* Words that people take for commands. */
static bool advise_about_command(const char *word)
{
    const char *command = near_command(word);
    if (command)
        cs_print_line("searching for \"%s\"; the command is spelled %s", word, command);
    else if (strcmp(word, "config") == 0)
        cs_print_line("searching for \"config\"; the settings are shown by clipsearch config --show");
    else if (strcmp(word, "watch") == 0)
        cs_print_line("searching for \"watch\"; to follow changes of files: clipsearch ingest --watch");
    else
        return false;
    return true;
}

void cs_advise_about_words(const cs_args *args, bool command_given)
{
    const cs_operands *operands = &args->operands;
    if (args->quiet)
        return;
    if (operands->count && operands->items[0].kind == CS_WORD && !command_given &&
        advise_about_command(operands->items[0].text))
        return;
    const bool parts = has_parts(operands);
    for (size_t i = 0; i < operands->count; i++)
        if (operands->items[i].kind == CS_WORD && advise_about_file(operands->items[i].text, parts))
            return;
    if (are_single_words(operands))
        cs_print_line("answering %zu queries, one for each word; for one query put the words in quotes",
                      operands->count);
}

static bool advise_about_text(const char *text)
{
    if (!cs_is_utf8(text, strlen(text))) {
        cs_print_line("the text \"%.200s\" is not UTF-8; what is no letter in it counts as an unknown sign", text);
        return true;
    }
    if (names_missing_file(text))
        cs_print_line("there is no file \"%.200s\"; searching for the words", text);
    return names_missing_file(text);
}

void cs_advise_about_files(const cs_args *args)
{
    for (size_t i = 0; i < args->operands.count && !args->quiet; i++)
        if (args->operands.items[i].kind == CS_WORD && names_missing_file(args->operands.items[i].text)) {
            cs_print_line("there is no file \"%.200s\"; it is encoded as words", args->operands.items[i].text);
            return;
        }
}

void cs_advise_about_texts(const cs_questions *questions)
{
    for (size_t q = 0; q < questions->count; q++)
        for (size_t i = 0; i < questions->items[q].count; i++) {
            const cs_part *part = &questions->items[q].parts[i];
            if (part->kind == CS_PART_TEXT && advise_about_text(part->text))
                return;
        }
}
