/*
 * intern.h - each text once, named by a small number
 *
 * A million rows that say the same thousand things keep them once. Texts are
 * counted: what nobody names any more makes room for others, so that a
 * process may run for weeks. A text's bytes do not move while it is held.
 */
#ifndef LIB_BASE_INTERN_H
#define LIB_BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern;

/* Names a text; 0 is the empty one, which needs no counting. */
typedef uint32_t intern_ref;

#define INTERN_MAX	8192	/* bytes; what is longer is cut there */

struct intern	*intern_new(void);
void	intern_free(struct intern *in);

/* intern_add - the text's name; the caller holds it once more */
intern_ref	intern_add(struct intern *in, const char *text);
intern_ref	intern_add_len(struct intern *in, const char *text, size_t len);
/* intern_find - its name if somebody holds it, else 0; nothing is counted */
intern_ref	intern_find(const struct intern *in, const char *text);
/* intern_hold - once more; returns ref */
intern_ref	intern_hold(struct intern *in, intern_ref ref);
/* intern_drop - once less */
void	intern_drop(struct intern *in, intern_ref ref);

/* intern_text - its bytes, NUL-terminated; NUL bytes may also occur within */
const char	*intern_text(const struct intern *in, intern_ref ref);
size_t	intern_len(const struct intern *in, intern_ref ref);
/* intern_bytes - memory in use for all of it */
size_t	intern_bytes(const struct intern *in);

#endif
