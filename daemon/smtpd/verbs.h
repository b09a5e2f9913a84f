/*
 * verbs.h - the SMTP verbs: one row and one function each
 *
 * A verb function answers with session_reply and returns whether all was
 * well; what was not counts as an error of the client.
 */
#ifndef DAEMON_SMTPD_VERBS_H
#define DAEMON_SMTPD_VERBS_H

#include <stdbool.h>

#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"

#define WORDS_MAX	64	/* beyond, the rest of a line is one word */

struct words {
	struct span	 w[WORDS_MAX];
	int		 count;
};

enum verb_flags {
	VERB_JUNK	= 1,	/* does nothing for a message; counted */
	VERB_LAST	= 2,	/* the last of a pipelined group (RFC 2920 3.1) */
	VERB_CLEAR	= 4	/* allowed where TLS is required and not there yet */
};

struct verb {
	const char	*name, *counter;
	enum session_verb id;
	unsigned	 flags;
	bool		(*run)(struct session *s, const struct words *w);
};

/* Ends with the row of unknown verbs, whose run is NULL. */
extern const struct verb verb_table[];

/* verb_find - its row; that of unknown verbs for any other word */
const struct verb *verb_find(struct span name);

/* verbs_mail.c */
bool	verb_mail(struct session *s, const struct words *w);
bool	verb_rcpt(struct session *s, const struct words *w);
bool	verb_data(struct session *s, const struct words *w);
bool	verb_vrfy(struct session *s, const struct words *w);

/* chunk.c */
bool	verb_bdat(struct session *s, const struct words *w);

#endif
