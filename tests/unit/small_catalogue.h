/* A catalogue of a few types that tests of intake and views understand at a glance. */
#ifndef TESTS_SMALL_CATALOGUE_H
#define TESTS_SMALL_CATALOGUE_H

#include "schema/catalogue.h"

/* Types: alumni.graduated, consent.granted, consent.withdrawn (about a person), order.completed
 * (about an order; a person in data), vacancy.opened. Fails the test if it cannot be made. */
jj_catalogue *small_catalogue(void);

#endif
