/*
 * rules.h - the single restrictions: one row and one function each
 *
 * Rules about something not yet known (the sender at HELO, say) decide
 * nothing. How lists of rules are evaluated: restrict.h.
 */
#ifndef DAEMON_SMTPD_RULES_H
#define DAEMON_SMTPD_RULES_H

#include "daemon/smtpd/restrict.h"

enum rule_needs {
	TAKES_TABLE	= 1,
	TAKES_WORD	= 2,
	GUARDS_RELAY	= 4,	/* refuses strangers' mail for strangers */
	NEEDS_HELO	= 8,	/* decides nothing before it is known */
	NEEDS_SENDER	= 16,
	NEEDS_RCPT	= 32
};

struct ask {			/* one rule being evaluated */
	const struct restrict_rule *rule;
	const char	*reply_name;
	enum restrict_class class;
	int		 detail;	/* of the verb's row */
};

struct restrict_verb {
	const char	*name;
	unsigned	 needs;
	int		 detail;
	enum restrict_result (*run)(struct session *s, const struct ask *a);
};

/* rule_find - NULL: there is no rule of this name */
const struct restrict_verb *rule_find(const char *name);

/* rules_dns.c; detail: the kind's letter, upper case for a list that permits */
enum restrict_result	rule_dns_list(struct session *s, const struct ask *a);

#endif
