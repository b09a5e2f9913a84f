/*
 * macro.h - the $name language of main.cf values (spec/postconf.md 2)
 *
 * One grammar, many name spaces: main.cf itself, the raw parameters
 * (luser_relay, default_rbl_reply, ...), pipe(8) arguments.
 */
#ifndef LIB_CONF_MACRO_H
#define LIB_CONF_MACRO_H

#include <stdbool.h>

struct buf;
struct err;

/*
 * macro_lookup_fn - value of a name, NULL when unset
 *
 * The result is expanded in turn when recurse was asked for. Borrowed until
 * the next call.
 */
typedef const char *(*macro_lookup_fn)(const char *name, void *ctx);

#define MACRO_RECURSE	1	/* expand what comes out, as main.cf does */
#define MACRO_SCAN	2	/* visit every name in every branch; the output means nothing */

/*
 * macro_expand - append text with every reference replaced
 *
 * allowed	characters that may stand in a replacement; others become '_'. NULL: all
 *
 * Returns 0 or -1 with ERR_SYNTAX and the sentence of spec/postconf.md 2.2.
 */
int	macro_expand(struct buf *out, const char *text, unsigned flags,
	    const char *allowed, macro_lookup_fn lookup, void *ctx,
	    struct err *err);

#endif
