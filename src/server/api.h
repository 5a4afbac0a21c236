/* SPDX-License-Identifier: MIT
 * api.h - the functions that answer requests; docs/http.md says what each takes and gives. */
#ifndef CS_SERVER_API_H
#define CS_SERVER_API_H

#include "server/request.h"

void cs_answer_page(cs_request *request);
void cs_answer_page_file(cs_request *request);
void cs_answer_openapi(cs_request *request);
void cs_answer_login(cs_request *request);
void cs_answer_health(cs_request *request);
void cs_answer_metrics(cs_request *request);
void cs_answer_collections(cs_request *request);
void cs_answer_attributes(cs_request *request);
void cs_answer_search(cs_request *request);
void cs_answer_embed(cs_request *request);
void cs_answer_item(cs_request *request);
void cs_answer_thumbnail(cs_request *request);
void cs_answer_file(cs_request *request);
void cs_answer_labels(cs_request *request);
void cs_answer_duplicates(cs_request *request);
void cs_answer_upload(cs_request *request);
void cs_answer_delete(cs_request *request);

#endif
