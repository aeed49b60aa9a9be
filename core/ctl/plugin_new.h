/*
 * What `jejaringctl plugin new` writes.
 */
#ifndef JJ_CTL_PLUGIN_NEW_H
#define JJ_CTL_PLUGIN_NEW_H

#include <stdbool.h>

/* In both texts @NAME@ and @TYPE@ stand for the plugin's name and its event type; a line that
 * begins with @+ is there only with a type, one with @- only without. */
typedef struct jj_plugin_text {
    const char *file;
    const char *text;
    bool with_type; /* the file is there only with a type */
} jj_plugin_text;

extern const jj_plugin_text jj_plugin_texts[]; /* ended by a NULL file */

#endif
