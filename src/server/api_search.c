/* SPDX-License-Identifier: MIT
 * api_search.c - GET and POST /v1/search. */
#include "base/clock.h"
#include "base/decimal.h"
#include "base/mem.h"
#include "config/relevance_cache.h"
#include "server/api.h"
#include "server/hit_json.h"
#include "server/part_vector.h"
#include "server/search_json.h"
#include "server/site.h"

#include <inttypes.h>
#include <string.h>

/* A search that is being answered. */
typedef struct searching {
    cs_request *request;
    cs_search_body body;
    cs_open_collection *open;
    clipsearch_collection_info info;
    clipsearch_part *parts; /* [body.part_count] */
    float *vectors;         /* [body.part_count, dim] */
    clipsearch_search_stats stats;
    cs_held_calibration *calibration; /* NULL: not asked for */
} searching;

/* ---------------------------------------------------------------- reading the request */

static clipsearch_status read_arguments(const cs_request *request, cs_search_body *body, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < request->argument_count && status == CLIPSEARCH_OK; i++)
        status = cs_search_set(body, request->arguments[i].name, request->arguments[i].value, err);
    return status == CLIPSEARCH_OK ? cs_search_check(body, err) : status;
}

static clipsearch_status add_image(cs_search_body *body, const cs_form_field *field, clipsearch_error *err)
{
    cs_search_part *part = cs_search_add_part(body, err);
    if (!part)
        return err->code;
    if (!field->size)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the image is empty");
    part->image = cs_alloc_array(field->size, 1);
    if (!part->image)
        return cs_fail_memory(err, "an image");
    memcpy(part->image, field->data, field->size);
    part->image_size = field->size;
    return CLIPSEARCH_OK;
}

static clipsearch_status set_field(cs_search_body *body, const cs_form_field *field, clipsearch_error *err)
{
    if (strcmp(field->name, "image") == 0)
        return add_image(body, field, err);
    if (strcmp(field->name, "crop") == 0)
        return CLIPSEARCH_OK; /* read when all images are there */
    if (memchr(field->data, '\0', field->size))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the field \"%s\" has a NUL character", field->name);
    char *value = cs_strndup(field->data, field->size);
    if (!value)
        return cs_fail_memory(err, "a form");
    clipsearch_status status = cs_search_set(body, field->name, value, err);
    cs_free(value);
    return status;
}

/* The field crop is that of the form's only image. */
static clipsearch_status set_crop(cs_search_body *body, const cs_form *form, clipsearch_error *err)
{
    const cs_form_field *crop = cs_form_get(form, "crop");
    cs_search_part *image = NULL;
    size_t images = 0;
    char text[128];
    if (!crop)
        return CLIPSEARCH_OK;
    for (size_t i = 0; i < body->part_count; i++)
        if (body->parts[i].image) {
            image = &body->parts[i];
            images++;
        }
    if (images != 1 || crop->size >= sizeof text || memchr(crop->data, '\0', crop->size))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "a crop is one of an image, of which a form with a crop has one: "
                       "X,Y,W,H in per cent");
    memcpy(text, crop->data, crop->size);
    text[crop->size] = '\0';
    image->has_crop = true;
    return cs_read_crop(text, image->crop, err);
}

static clipsearch_status read_form(const cs_request *request, cs_search_body *body, clipsearch_error *err)
{
    cs_form *form = NULL;
    clipsearch_status status = cs_request_form(request, cs_search_repeats, &form, err);
    for (size_t i = 0; status == CLIPSEARCH_OK && i < form->count; i++)
        status = set_field(body, &form->fields[i], err);
    if (status == CLIPSEARCH_OK)
        status = set_crop(body, form, err);
    cs_free(form);
    return status == CLIPSEARCH_OK ? cs_search_check(body, err) : status;
}

static clipsearch_status read_request(const cs_request *request, cs_search_body *body, clipsearch_error *err)
{
    cs_json_document *document = NULL;
    clipsearch_status status;
    if (request->method[0] != 'P')
        return read_arguments(request, body, err);
    if (cs_request_has_type(request, "multipart/form-data"))
        return read_form(request, body, err);
    status = cs_request_json(request, &document, err);
    if (status == CLIPSEARCH_OK)
        status = cs_search_from_json(cs_json_root(document), body, err);
    cs_json_close(&document);
    return status;
}

/* ---------------------------------------------------------------- parts */

static clipsearch_status make_part(searching *s, size_t i, cs_encode_pool *pool, clipsearch_error *err)
{
    const cs_search_part *given = &s->body.parts[i];
    clipsearch_part *part = &s->parts[i];
    float *vector = s->vectors + i * s->info.dim;
    clipsearch_part_init(part);
    part->weight = given->weight;
    if (given->id) {
        part->id = given->id;
        return CLIPSEARCH_OK;
    }
    if (given->vector && given->vector_size != s->info.dim)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "part %zu of the query: the vector has %zu numbers; those of the collection %s have %zu", i + 1,
                       given->vector_size, s->info.name, s->info.dim);
    part->vector = given->vector ? given->vector : vector;
    part->of_text = given->text != NULL;
    if (given->vector)
        return CLIPSEARCH_OK;
    const cs_upload upload = {.bytes = given->image,
                              .size = given->image_size,
                              .path = "the image",
                              .crop = given->has_crop ? given->crop : NULL};
    return given->text ? cs_text_vector(s->request, pool, given->text, vector, err)
                       : cs_upload_vector(s->request, pool, s->open->collection, &upload, vector, err);
}

static clipsearch_status make_parts(searching *s, clipsearch_error *err)
{
    cs_encode_pool *pool = NULL;
    bool encodes = false;
    clipsearch_status status = CLIPSEARCH_OK;
    s->parts = cs_alloc_array(s->body.part_count, sizeof *s->parts);
    s->vectors = cs_alloc_array(s->body.part_count, s->info.dim * sizeof *s->vectors);
    if (!s->parts || !s->vectors)
        return cs_fail_memory(err, "a query");
    for (size_t i = 0; i < s->body.part_count; i++)
        encodes |= s->body.parts[i].text || s->body.parts[i].image;
    if (encodes)
        status = cs_collection_encoder(s->request->server->collections, &s->info, &pool, err);
    for (size_t i = 0; i < s->body.part_count && status == CLIPSEARCH_OK; i++)
        status = make_part(s, i, pool, err);
    return status;
}

/* ---------------------------------------------------------------- relevance */

static clipsearch_status calibrate(void *context, clipsearch_calibration **made, clipsearch_error *err)
{
    searching *s = context;
    cs_server *server = s->request->server;
    cs_encode_pool *pool = NULL;
    char *cache = cs_relevance_cache(server->options.settings->db, s->info.name);
    clipsearch_status status = cs_collection_encoder(server->collections, &s->info, &pool, err);
    if (status == CLIPSEARCH_OK) {
        clipsearch_session *session = cs_encode_pool_borrow(pool);
        status = clipsearch_calibrate(s->open->collection, session, cache, made, err);
        cs_encode_pool_return(pool, session);
    }
    cs_free(cache);
    return status;
}

/* Give hits a relevance where that can be done. */
static clipsearch_status find_calibration(searching *s, clipsearch_search_options *options, clipsearch_error *err)
{
    if (!s->body.relevance && s->body.min_relevance <= 0)
        return CLIPSEARCH_OK;
    clipsearch_status status =
        cs_calibration_take(&s->open->calibration, s->info.count, calibrate, s, &s->calibration, err);
    if (status == CLIPSEARCH_OK)
        options->calibration = s->calibration->calibration;
    /* too few images to say: hits without a relevance */
    return status == CLIPSEARCH_E_UNSUPPORTED && s->body.min_relevance <= 0 ? CLIPSEARCH_OK : status;
}

/* ---------------------------------------------------------------- searching */

static bool go_on(void *context)
{
    const cs_request *request = context;
    return !atomic_load(&request->server->ends) && !cs_request_is_abandoned(request);
}

static clipsearch_status ask(searching *s, clipsearch_hits **hits, clipsearch_error *err)
{
    const cs_search_body *body = &s->body;
    clipsearch_search_options options;
    clipsearch_question question;
    clipsearch_status status = CLIPSEARCH_OK;
    clipsearch_search_options_init(&options);
    clipsearch_search_stats_init(&s->stats);
    options.filter = body->filter;
    options.has_limit = body->has_min_score || body->has_max_distance;
    options.limit = body->has_min_score ? body->min_score : body->max_distance;
    options.exact = body->exact;
    options.ef = body->ef;
    options.gone = body->gone;
    options.fold_copies = !body->all;
    options.stats = &s->stats;
    options.timeout = s->request->server->options.timeout;
    options.go_on = go_on;
    options.context = s->request;
    options.min_relevance = body->min_relevance;
    if (options.has_limit && body->has_max_distance != (s->info.metric == CLIPSEARCH_L2))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the collection %s has %s; give %s", s->info.name,
                       body->has_min_score ? "distances" : "scores",
                       body->has_min_score ? "max_distance" : "min_score");
    status = find_calibration(s, &options, err);
    clipsearch_question_init(&question);
    question.parts = s->parts;
    question.part_count = body->part_count;
    question.name = "the query";
    question.with_self = body->with_self;
    const double start = cs_clock_ms();
    if (status == CLIPSEARCH_OK)
        status =
            clipsearch_ask(s->open->collection, NULL, &question, 1, body->offset + body->k + 1, &options, hits, err);
    s->request->step_ms[CS_STEP_SEARCH] += cs_clock_ms() - start;
    return status;
}

static clipsearch_status list(searching *s, clipsearch_hits **hits, clipsearch_error *err)
{
    clipsearch_list_options options;
    clipsearch_list_options_init(&options);
    options.filter = s->body.filter;
    options.limit = s->body.k + 1;
    options.offset = s->body.offset;
    options.gone = s->body.gone;
    options.newest_first = true;
    clipsearch_status status = clipsearch_list(s->open->collection, &options, hits, err);
    options.newest_first = false; /* where the storage cannot: in the rising order */
    return status == CLIPSEARCH_E_UNSUPPORTED ? clipsearch_list(s->open->collection, &options, hits, err) : status;
}

static void put_answer(searching *s, const clipsearch_hits *hits, bool listed)
{
    cs_buf *out = cs_reply_json(&s->request->reply);
    const size_t first = listed ? 0 : s->body.offset, count = clipsearch_hits_count(hits, 0);
    cs_buf_printf(out, "{\"took_ms\":%.3f,\"encode_ms\":%.3f,\"search_ms\":%.3f,", cs_clock_ms() - s->request->arrived,
                  s->request->step_ms[CS_STEP_DECODE] + s->request->step_ms[CS_STEP_ENCODE],
                  s->request->step_ms[CS_STEP_SEARCH]);
    if (s->body.filter)
        cs_buf_puts(out, "\"total\":null,");
    else
        cs_buf_printf(out, "\"total\":%" PRIu64 ",", s->info.count - (s->body.gone ? 0 : s->info.gone));
    cs_buf_printf(out, "\"more\":%s,\"hits\":[", count > first + s->body.k ? "true" : "false");
    for (size_t i = first; i < count && i < first + s->body.k; i++) {
        cs_buf_puts(out, i > first ? ",\n {" : "\n {");
        cs_put_hit(out, clipsearch_hits_get(hits, 0, i));
        cs_buf_putc(out, '}');
    }
    cs_buf_puts(out, "]}\n");
}

void cs_answer_search(cs_request *request)
{
    searching s = {.request = request};
    clipsearch_error err;
    clipsearch_hits *hits = NULL;
    cs_search_body_init(&s.body);
    s.body.relevance = false;
    clipsearch_status status = read_request(request, &s.body, &err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_take(request->server->collections, s.body.collection, &s.open, &s.info, &err);
    if (status == CLIPSEARCH_OK && s.body.part_count)
        status = make_parts(&s, &err);
    if (status == CLIPSEARCH_OK)
        status = s.body.part_count ? ask(&s, &hits, &err) : list(&s, &hits, &err);
    if (status == CLIPSEARCH_OK)
        put_answer(&s, hits, !s.body.part_count);
    else
        cs_reply_error(&request->reply, &err);
    clipsearch_hits_free(&hits);
    cs_free(s.parts);
    cs_free(s.vectors);
    if (s.open)
        cs_calibration_give(&s.open->calibration, s.calibration);
    cs_collection_give(request->server->collections, s.open);
    cs_search_body_free(&s.body);
}
