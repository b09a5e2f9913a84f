/*
 * mapped.h - the addresses that a lookup yields: canonical, virtual, generic
 *
 * A result that begins with '@' gets the local part, each address is
 * completed, and the extension that no key held is inserted. Source:
 * spec/tables.md 15.6.
 */
#ifndef LIB_TABLE_MAPPED_H
#define LIB_TABLE_MAPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/table/table.h"

struct buf;
struct maps;

struct mapped {
	bool	 propagates;	/* propagate_unmatched_extensions is on for this */
	/* complete an address, in internal form (@$myorigin); NULL: they stay as they are */
	void	(*complete)(const char *address, struct buf *out);
	/* gets each address, in internal form */
	void	(*fn)(const char *address, void *ctx);
	void	*ctx;
};

/*
 * mapped_addresses - look address, in internal form, up
 *
 * Returns what the lookup did; m->fn is called on TABLE_FOUND only. A result
 * without an address is a warning and TABLE_RETRY.
 */
enum table_result	mapped_addresses(struct maps *maps,
			    const char *address, const struct mapped *m);

/*
 * mapped_result - take apart what search_mapping found
 *
 * extension	what search_mapping said
 * value	the result; changed
 *
 * Returns how many addresses there were.
 */
size_t	mapped_result(const char *address, const char *extension,
	    struct buf *value, const struct mapped *m);

/* mapped_propagates - is feature named in propagate_unmatched_extensions? */
bool	mapped_propagates(const char *feature);

#endif
