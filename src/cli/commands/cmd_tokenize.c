/* SPDX-License-Identifier: MIT
 * cmd_tokenize.c - clipsearch tokenize: texts to token ids and pieces. */
#include "cli/command.h"

#include "base/json.h"
#include "base/mem.h"
#include "cli/commands/open.h"
#include "cli/input_list.h"
#include "cli/output/write_out.h"
#include "config/names.h"

#include <inttypes.h>
#include <string.h>

/* The text of a token; "" for an id that the vocabulary does not spell. */
static const char *piece_of(const clipsearch_encoder *encoder, int32_t id)
{
    const char *piece = clipsearch_token_piece(encoder, id);
    return piece ? piece : "";
}

/* "49406 320 1929 49407<TAB><|startoftext|> a</w> dog</w> <|endoftext|>" */
static void put_text(cs_buf *buf, const clipsearch_encoder *encoder, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cs_buf_printf(buf, "%s%" PRId32, i ? " " : "", ids[i]);
    for (size_t i = 0; i < count; i++)
        cs_buf_printf(buf, "%c%s", i ? ' ' : '\t', piece_of(encoder, ids[i]));
    cs_buf_putc(buf, '\n');
}

static void put_json(cs_buf *buf, const clipsearch_encoder *encoder, const char *text, const int32_t *ids, size_t count)
{
    cs_buf_puts(buf, "{\"text\":");
    cs_json_put_string(buf, text, strlen(text));
    cs_buf_puts(buf, ",\"ids\":[");
    for (size_t i = 0; i < count; i++)
        cs_buf_printf(buf, "%s%" PRId32, i ? "," : "", ids[i]);
    cs_buf_puts(buf, "],\"pieces\":[");
    for (size_t i = 0; i < count; i++) {
        const char *piece = piece_of(encoder, ids[i]);
        cs_buf_puts(buf, i ? "," : "");
        cs_json_put_string(buf, piece, strlen(piece));
    }
    cs_buf_puts(buf, "]}\n");
}

static int tokenize_all(const cs_args *args, const cs_input_list *inputs, const clipsearch_encoder *encoder)
{
    clipsearch_error err;
    clipsearch_status status = CLIPSEARCH_OK;
    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(encoder, &info, NULL);
    clipsearch_overflow overflow =
        args->overflow ? (clipsearch_overflow)cs_name_index(args->overflow, cs_overflow_names) : CLIPSEARCH_TRUNCATE;
    int32_t *ids = cs_alloc_array(info.context_length, sizeof *ids); /* [context_length] */
    cs_buf line = cs_buf_make(SIZE_MAX / 2);
    if (!ids)
        return cs_report_memory();
    for (size_t i = 0; i < inputs->count && status == CLIPSEARCH_OK; i++) {
        size_t count;
        const char *text = inputs->items[i].text;
        status = clipsearch_tokenize(encoder, text, overflow, ids, info.context_length, &count, &err);
        if (status != CLIPSEARCH_OK)
            break;
        cs_buf_clear(&line);
        if (args->json)
            put_json(&line, encoder, text, ids, count);
        else
            put_text(&line, encoder, ids, count);
        if (line.failed)
            status = cs_fail_memory(&err, "the output");
        else
            cs_write_out(line.data, line.len, stdout);
    }
    cs_buf_free(&line);
    cs_free(ids);
    return status == CLIPSEARCH_OK        ? CS_EXIT_FOUND
           : status == CLIPSEARCH_E_LIMIT ? cs_report_with_advice(&err, CS_STAGE_INPUT, CS_ADVICE_TRUNCATE, NULL, NULL)
                                          : cs_report_error(&err, CS_STAGE_INPUT);
}

int cs_command_tokenize(const cs_args *args)
{
    clipsearch_error err;
    cs_settings settings = {0};
    cs_input_list inputs = {0};
    clipsearch_encoder *encoder = NULL;
    int code = cs_load_settings_without_token(args, &settings);
    if (code == CS_EXIT_FOUND && cs_read_inputs(args, &inputs, &err) != CLIPSEARCH_OK)
        code = cs_report_error(&err, CS_STAGE_INPUT);
    else if (code == CS_EXIT_FOUND && !inputs.count)
        code = args->list ? CS_EXIT_NOTHING
                          : cs_report_usage(CS_TOKENIZE, "no text was given; give texts in quotes, or --list FILE");
    if (code == CS_EXIT_FOUND)
        code = cs_open_model(&settings, NULL, CLIPSEARCH_TEXT_TOWER, false, &encoder);
    if (code == CS_EXIT_FOUND)
        code = tokenize_all(args, &inputs, encoder);
    clipsearch_encoder_close(&encoder);
    cs_free_inputs(&inputs);
    cs_settings_free(&settings);
    return code;
}
