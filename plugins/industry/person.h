/*
 * Graduates: who waits for work, where, in what order.
 *
 * State: g/ q/ wait able (see industry.c).
 */
#ifndef INDUSTRY_PERSON_H
#define INDUSTRY_PERSON_H

#include <jejaring/lines.h>

/* An event about a person, whose subject has been through jj_name. */
void person_event(jj_turn *turn, const jj_event *event, const json_t *data);

#endif
