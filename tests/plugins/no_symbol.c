/* A shared object that is no plugin. */
#include <jejaring/error.h>

JJ_API extern int something_else;

int something_else = 1;
