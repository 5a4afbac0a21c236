/* SPDX-License-Identifier: MIT
 * target.c - opens, and when it is needed makes, the collection that an ingestion stores into. */
#include "ingest/target.h"

clipsearch_status cs_target_use(cs_target *target, clipsearch_collection *collection, const clipsearch_encoder *encoder,
                                clipsearch_error *err)
{
    const cs_collection_identity *own = cs_collection_identify(collection);
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    cs_collection_state state;
    clipsearch_status status = cs_collection_describe(collection, &state, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_check_encoder(collection, &identity, err);
    *target = (cs_target){.collection = collection, .dim = own->dim, .metric = own->metric};
    return status;
}

/* Make the collection unless it exists. The database does. */
static clipsearch_status ensure_collection(cs_target *target, clipsearch_error *err)
{
    const clipsearch_ingest_target *wanted = target->wanted;
    const cs_encoder_identity identity = cs_encoder_identify(target->encoder);
    return cs_collection_ensure(target->db, wanted->collection, &identity, wanted->metric, wanted->index,
                                &target->collection, err);
}

static clipsearch_status open_database(cs_target *target, unsigned flags, clipsearch_error *err)
{
    const clipsearch_ingest_target *wanted = target->wanted;
    clipsearch_status status = target->opener->open(wanted->database, flags, &target->db, err);
    if (status == CLIPSEARCH_OK)
        cs_database_on_wait(target->db, target->go_on, target->go_on_context);
    if (status == CLIPSEARCH_OK && wanted->note)
        cs_database_on_note(target->db, wanted->note, wanted->context);
    return status;
}

clipsearch_status cs_target_open(cs_target *target, const clipsearch_ingest_target *wanted,
                                 const cs_database_opener *opener, const clipsearch_encoder *encoder, bool read_only,
                                 clipsearch_error *err)
{
    *target = (cs_target){.dim = cs_encoder_identify(encoder).dim,
                          .metric = wanted->metric,
                          .go_on = target->go_on,
                          .go_on_context = target->go_on_context,
                          .wanted = wanted,
                          .opener = opener,
                          .encoder = encoder};
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    clipsearch_status status = open_database(target, read_only ? CLIPSEARCH_READ_ONLY : 0, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_open(target->db, wanted->collection, NULL, &target->collection, err);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        return read_only ? CLIPSEARCH_OK
                         : opener->check_new(wanted->database, wanted->collection, &identity, wanted->metric,
                                             wanted->index, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_collection_close(&target->collection);
    return ensure_collection(target, err); /* it exists: this checks that it is as it is wanted */
}

clipsearch_status cs_target_create(cs_target *target, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (target->collection)
        return CLIPSEARCH_OK;
    if (!target->db)
        status = open_database(target, CLIPSEARCH_CREATE, err);
    if (status == CLIPSEARCH_OK)
        status = ensure_collection(target, err);
    target->created = status == CLIPSEARCH_OK;
    return status;
}

void cs_target_drop_created(cs_target *target)
{
    cs_collection_state state;
    if (!target->created || cs_collection_describe(target->collection, &state, NULL) != CLIPSEARCH_OK || state.count)
        return;
    cs_collection_close(&target->collection);
    cs_collection_drop(target->db, target->wanted->collection, NULL);
    target->created = false;
}

void cs_target_close(cs_target *target)
{
    if (target->wanted) {
        cs_collection_close(&target->collection);
        cs_database_close(&target->db);
    }
    *target = (cs_target){0};
}
