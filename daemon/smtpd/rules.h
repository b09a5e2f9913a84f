/*
 * rules.h - the single restrictions: one row and one function each
 *
 * Rules about something not yet known (the sender at HELO, say) decide
 * nothing. How lists of rules are evaluated: restrict.h.
 */
#ifndef DAEMON_SMTPD_RULES_H
#define DAEMON_SMTPD_RULES_H

#include "daemon/smtpd/restrict.h"

struct resolve_reply;

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

/*
 * rule_resolve - where mail to this address would go; r is initialised, and
 * freed by the caller
 */
void	rule_resolve(const struct session *s, const char *address,
	    struct resolve_reply *r);
/* rule_lookup_failure - the reply when that cannot be said now */
enum restrict_result	rule_lookup_failure(struct session *s,
			    const char *name);

/* rule_address - the sender for CLASS_SENDER, else the recipient */
const char	*rule_address(const struct session *s, int class);

/* rules_names.c; detail of the address rules: CLASS_SENDER or CLASS_RCPT */
enum restrict_result	rule_invalid_helo(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_non_fqdn_helo(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_unknown_helo(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_non_fqdn_address(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_unknown_domain(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_unlisted(struct session *s,
			    const struct ask *a);

/* rules_tls.c; detail of the permission: any trusted certificate will do */
enum restrict_result	rule_plaintext(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_permit_cert(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_cert_access(struct session *s,
			    const struct ask *a);

/* rules_login.c; detail of the mismatch: who is asked about */
enum rule_mismatch {
	MISMATCH_STRANGER	= 1,	/* is not logged in: does the sender belong to somebody? */
	MISMATCH_USER		= 2,	/* is: does it belong to this user? */
	MISMATCH_ANY		= 3,
	MISMATCH_KNOWN		= 4	/* whoever it is, if the sender belongs to somebody */
};
enum restrict_result	rule_permit_login(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_login_access(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_login_mismatch(struct session *s,
			    const struct ask *a);

/*
 * rule_tempfail - what could not be found out: as *_tempfail_action says
 *
 * action	"defer", or "defer_if_permit": only if nothing else refuses
 */
enum restrict_result	rule_tempfail(struct session *s, const char *action,
			    int code, const char *dsn, const char *fmt, ...)
			    __attribute__((format(printf, 5, 6)));

/* rules_verify.c; detail: CLASS_SENDER or CLASS_RCPT */
enum restrict_result	rule_unverified(struct session *s,
			    const struct ask *a);
/*
 * rule_plain_probe_sender - is this whom our own probes come from now? Then
 * address is replaced by the plain one, without the time
 */
bool	rule_plain_probe_sender(char **address);

/* rules_dns.c; detail: the kind's letter, upper case for a list that permits */
enum restrict_result	rule_dns_list(struct session *s, const struct ask *a);
enum restrict_result	rule_maps_rbl(struct session *s, const struct ask *a);

/* rule_permit_destination - permit_auth_destination: a recipient of ours; rules.c */
enum restrict_result	rule_permit_destination(struct session *s,
			    const struct ask *a);
enum restrict_result	rule_mx_backup(struct session *s, const struct ask *a);

#endif
