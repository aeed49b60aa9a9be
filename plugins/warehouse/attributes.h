/*
 * What the ABI does not give of an event and the raw log stores: the text of `data`, the attributes
 * that have no column, and `recordedtime`. Walks the top level of the event's text without parsing
 * what is below; no value is written anew.
 */
#ifndef JJ_WAREHOUSE_ATTRIBUTES_H
#define JJ_WAREHOUSE_ATTRIBUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jj_attributes {
    const char *data; /* within the event's text */
    size_t data_size;
    int64_t recorded_us; /* recordedtime, microseconds since 1970; valid if has_recorded */
    bool has_recorded;
} jj_attributes;

/* Appends the other attributes as "name":value,... to extra (room for size_bytes of the text is
 * always enough); *extra_size is what was written, 0: none. False: the text is no JSON object, has
 * no `data`, or writes a name with escapes. */
bool jj_attributes_read(const char *text, size_t size_bytes, jj_attributes *rest, char *extra,
                        size_t *extra_size);

/* RFC 3339 with any offset and up to six digits of a fraction. */
bool jj_time_us(const char *text, size_t length, int64_t *time_us);

#endif
