/*
 * What a plugin says of itself, as text for a person.
 */
#ifndef JJ_DAEMON_DESCRIBE_H
#define JJ_DAEMON_DESCRIBE_H

/* Loads the shared object and writes its descriptor and option table to stdout. Returns the exit
 * code: 0, or 1 with the reason on stderr. */
int jj_describe_plugin(const char *path);

#endif
