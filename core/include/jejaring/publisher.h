/*
 * For a plugin that answers the agency that has said something: the host's interface
 * "jejaring.publisher/1", to be looked up in `create`. The `source` of an event is the producer's
 * own word; the publisher is whom the hub has let in.
 *
 * Not here: who may be told what. What is addressed to a publisher (jj_draft.recipient) is shown to
 * it by the schemas, as ever.
 */
#ifndef JEJARING_PUBLISHER_H
#define JEJARING_PUBLISHER_H

#include <jejaring/plugin.h>

#define JJ_PUBLISHER "jejaring.publisher/1"

typedef struct jj_publisher {
    uint32_t size_bytes;
    /* Id of the agency, plugin or node that published this event of the batch; NULL: event is none
     * of it. Good until on_events returns. */
    const char *(*of)(const jj_host *host, const jj_event *event);
} jj_publisher;

#endif
