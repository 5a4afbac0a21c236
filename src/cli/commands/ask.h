/* SPDX-License-Identifier: MIT
 * ask.h - answers the questions of a search. */
#ifndef CS_CLI_COMMANDS_ASK_H
#define CS_CLI_COMMANDS_ASK_H

#include "cli/commands/open.h"
#include "cli/question_text.h"
#include "output/results.h"

/* Fetch the images that are at URLs, read those that come through pipes, open the model if a part needs it, and search
 * with `filter` (NULL: none), many questions at a time. In a collection without images nothing is found, and none of
 * that is done. `results` [questions->count] is filled in; answers [questions->count], all NULL, receives the hits that
 * they borrow, which the caller frees. Returns CS_EXIT_FOUND, or prints what is wrong and returns the exit status for
 * it. */
int cs_ask_questions(const cs_args *args, const char *filter, const cs_opened *opened, cs_questions *questions,
                     clipsearch_hits **answers, cs_result *results);

#endif
