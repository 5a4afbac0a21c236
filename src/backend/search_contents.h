/* SPDX-License-Identifier: MIT
 * search_contents.h - a search whose hits all have different contents. */
#ifndef CS_BACKEND_SEARCH_CONTENTS_H
#define CS_BACKEND_SEARCH_CONTENTS_H

#include "backend/backend.h"

/* As cs_collection_search with request->fold_copies, which it is a part of; the request is valid. */
clipsearch_status cs_search_contents(clipsearch_collection *collection, const cs_search_request *request,
                                     clipsearch_hits **hits, clipsearch_error *err);

#endif
