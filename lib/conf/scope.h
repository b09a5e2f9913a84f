/*
 * scope.h - a name space: what main.cf sets, and a default for every built-in name
 *
 * What params_load and postconf have in common: the unexpanded value of a
 * name, and expansion within the same names (spec/postconf.md 2).
 */
#ifndef LIB_CONF_SCOPE_H
#define LIB_CONF_SCOPE_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/conf/macro.h"
#include "lib/conf/main_cf.h"

struct buf;

#define SCOPE_RUNTIME	4

struct scope {
	struct main_cf	 cf;
	const struct main_cf *overrides;	/* looked at before cf; or NULL */
	const char	*config_directory;
	const char	*process_name, *service_name;
	macro_lookup_fn	 fallback;		/* for names that nobody set and no row has; or NULL */
	void		*fallback_ctx;
	bool		 only_set;		/* nothing has a default */
	/* Defaults that only a running process knows, found on first use. */
	char		*runtime[SCOPE_RUNTIME];
	bool		 runtime_busy[SCOPE_RUNTIME];
	struct err	 err;			/* why one of them could not be found */
};

/*
 * scope_lookup - the unexpanded value of a name, its default when unset
 *
 * NULL for a name that has neither. ctx is a struct scope; a macro_lookup_fn.
 */
const char	*scope_lookup(const char *name, void *ctx);

/* scope_expand - append text, expanded; 0, or -1 with ERR_SYNTAX */
int	scope_expand(struct scope *scope, struct buf *out, const char *text,
	    struct err *err);

/* scope_done - free the dictionary and what was found on first use */
void	scope_done(struct scope *scope);

#endif
