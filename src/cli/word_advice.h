/* SPDX-License-Identifier: MIT
 * word_advice.h - words of a search that look like a mistake. */
#ifndef CS_CLI_WORD_ADVICE_H
#define CS_CLI_WORD_ADVICE_H

#include "cli/question_text.h"

/* Print at most one line of advice about the words of a search: one that is almost a command, a directory or an image
 * file, several words that were to be one query. The search is done as it was asked. `command_given`: "search" is
 * written. */
void cs_advise_about_words(const cs_args *args, bool command_given);

/* The same for the texts that are searched for: one that is not UTF-8, or the path of a file that is not there. */
void cs_advise_about_texts(const cs_questions *questions);

/* The same for words that are only encoded: one that is the path of a file that is not there. */
void cs_advise_about_files(const cs_args *args);

#endif
