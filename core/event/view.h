/*
 * Views: what one reader sees of one event. Rights on region and recipient first, then property by
 * property of `data`: a property is shown if its schema names one of the reader's audiences, and,
 * where the schema asks for it, the person's current consent does so too. What is not classified
 * is shown to nobody.
 *
 * A view is a new text; the stored one is never changed, and its bytes are not written anew.
 */
#ifndef JJ_EVENT_VIEW_H
#define JJ_EVENT_VIEW_H

#include "base/buf.h"
#include "event/rights.h"
#include "journal/journal.h"
#include "schema/catalogue.h"

#include <stdbool.h>
#include <stdint.h>

/* True if this reader may know of the event: it is its owner; or its region is covered and at least
 * one property of the type is for one of its audiences, given this consent of the event's person (a
 * set of audiences). A recipient keeps the event from all others; where the type has x-addressed,
 * from those audiences alone, which then see nothing of the type that is not addressed to them. */
bool jj_view_allowed(const jj_type *type, const jj_rights *rights, const jj_record *record,
                     uint32_t consent);

/* Appends what the reader may see. The subject of an event about a person is shown to its owner and
 * to whom an audience other than `public` shows any property. Readers of audience node get the
 * stored text as it is. */
void jj_view_write(const jj_type *type, const jj_rights *rights, const jj_record *record,
                   uint32_t consent, jj_buf *out);

/* True if a reader of these audiences (with JJ_AUDIENCE_OWNER for the event's owner) may see a
 * property, given the consent of the event's person. */
bool jj_view_shows(const jj_property *property, uint32_t audiences, uint32_t consent);

/* True if anything of this type that these audiences see depends on consent. */
bool jj_view_asks_consent(const jj_type *type, uint32_t audiences);

#endif
