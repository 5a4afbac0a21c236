/* SPDX-License-Identifier: MIT
 * tokenizer_json.h - the vocabulary in a tokenizer.json, as Hugging Face's tokenizers library saves it. */
#ifndef CS_TEXT_TOKENIZER_JSON_H
#define CS_TEXT_TOKENIZER_JSON_H

#include "base/json.h"

/* Whether the content of a file can be a tokenizer.json: its first character is "{". A file of merges begins with its
 * "#version" line. */
bool cs_tokenizer_json_is(const cs_buf *text);

/* Parse `text`, the content of `path`, and check that its model is byte-pair encoding as CLIP's: type "BPE", words end
 * in "</w>". On success the caller closes the document. Errors: CLIPSEARCH_E_MODEL (file and byte), _LIMIT (more than
 * 2^21 values), _MEMORY. */
clipsearch_status cs_tokenizer_json_open(const char *path, const cs_buf *text, cs_json_document **document,
                                         clipsearch_error *err);

/* Append its merges to `lines` as merges.txt has them: a "#version" line, then a line for each merge. In the file a
 * merge is a string "left right" or an array ["left", "right"]. Errors: CLIPSEARCH_E_MODEL (file and byte), _MEMORY. */
clipsearch_status cs_tokenizer_json_put_merges(const char *path, const cs_json_document *document, cs_buf *lines,
                                               clipsearch_error *err);

/* Its object of piece: id, for cs_vocab_check_object; NULL when it has none. */
const cs_json *cs_tokenizer_json_vocabulary(const cs_json_document *document);

#endif
