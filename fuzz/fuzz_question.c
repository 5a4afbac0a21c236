/* SPDX-License-Identifier: MIT
 * fuzz_question.c - the input is a question as it is written; the name of a question that is read must be one too. */
#include "base/mem.h"
#include "cli/question_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clipsearch_error err;
    clipsearch_region region;
    cs_question question = {0}, again = {0};
    char *text = size < 65536 ? cs_strndup((const char *)data, size) : NULL;
    if (!text)
        return 0;
    if (cs_region_read(text, &region, &err) == CLIPSEARCH_OK && !(region.width > 0 && region.height > 0))
        abort();
    if (cs_question_read(&question, text, 1, &err) == CLIPSEARCH_OK) {
        cs_buf name = cs_buf_make(1 << 20);
        if (!question.count)
            abort();
        for (size_t i = 0; i < question.count; i++)
            if (question.parts[i].weight == 0 || !question.parts[i].text[0])
                abort();
        cs_question_put(&name, &question);
        if (question.count > 1 && !memchr(text, '"', strlen(text)) &&
            (cs_question_read(&again, name.data, 1, &err) != CLIPSEARCH_OK || again.count != question.count))
            abort();
        cs_buf_free(&name);
    }
    cs_question_free(&question);
    cs_question_free(&again);
    cs_free(text);
    return 0;
}
