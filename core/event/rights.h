/*
 * Rights: who somebody is to this hub, and what they may publish and see. An agency and a plugin
 * have rights of the same form; everything that is not allowed is forbidden.
 */
#ifndef JJ_EVENT_RIGHTS_H
#define JJ_EVENT_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct jj_rights {
    const char *agency;         /* its id; owner of what it publishes */
    uint32_t audiences;         /* bits of enum jj_audience */
    const char *const *regions; /* "33.75", "33" for all of a province, "*"; ended by NULL */
    const char *const *sees; /* regions whose events it may read, if other than these; else NULL */
    const char *const *publishes; /* event types; ended by NULL; NULL: every type */
    const char
        *node;  /* it passes on what other hubs have accepted, as this node; NULL: it does not */
    bool admin; /* local administrator: STATUS and the like */
} jj_rights;

/* True if any of the regions covers region. */
bool jj_region_covered(const char *const *regions, const char *region);

bool jj_rights_publish(const jj_rights *rights, const char *type);

/* True if type is in the list, or the list has "*" or a prefix of it that ends in ".*". */
bool jj_type_listed(const char *const *types, const char *type);

/* A Kemendagri code: two digits for a province ("33"), with a dot and two more for a regency or
 * city ("33.75"). */
bool jj_region_valid(const char *region);

#endif
