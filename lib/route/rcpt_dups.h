/*
 * rcpt_dups.h - the same recipient again, by whatever way, counts once
 */
#ifndef LIB_ROUTE_RCPT_DUPS_H
#define LIB_ROUTE_RCPT_DUPS_H

#include <stdbool.h>

struct rcpt_dups;

struct rcpt_dups	*rcpt_dups_new(void);
void	rcpt_dups_free(struct rcpt_dups *d);
/* rcpt_dups_reset - for the next message; NULL is fine */
void	rcpt_dups_reset(struct rcpt_dups *d);
/*
 * rcpt_dups_is_new - was this recipient not seen before? It is from now on
 *
 * orcpt, notify and orig count only with enable_original_recipient. At
 * duplicate_filter_limit recipients no more are remembered.
 */
bool	rcpt_dups_is_new(struct rcpt_dups *d, const char *orcpt,
	    unsigned notify, const char *orig, const char *rcpt);

#endif
