/* A child process that is asked and answers by lines, within time limits. It may crash, hang and print: its standard
 * output and error are kept from the user's, and of them only the last line is known. */
#ifndef CLAE_BASE_CHILD_H
#define CLAE_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/* Where the child finds its end of the line. */
#define CHILD_DESCRIPTOR 3

typedef struct child child;

/* Starts a program by posix_spawn, which threads of the host and its handlers of signals do not disturb. `environment`
 * is a NULL-terminated list of "NAME=VALUE", to be set, and "NAME", to be removed. NULL when it cannot be started. */
child *child_start(const char *program, char *const *arguments, const char *const *environment);
/* A line without its end; false when the child is gone. */
bool child_ask(child *c, const char *line);
/* The next line of an answer, valid until the next call. NULL when the child has died, or is late and has been killed.
 */
const char *child_answer(child *c, double limit_ms);
/* After a NULL: how it died, as "was ended by SIGSEGV", "ended with exit code 1", "did not answer within 10 s". */
void child_describe_death(child *c, char *text, size_t size);
/* The last line that it printed, "" for none. */
const char *child_last_words(const child *c);
/* Hangs up, and kills it where that does not end it; takes NULL. */
void child_end(child *c);

#endif
