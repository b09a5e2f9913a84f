/*
 * restrict.h - restriction lists: parse, evaluate, reject
 *
 * A list is evaluated from left to right until a rule permits or rejects.
 * Which list at which stage, and what smtpd_delay_reject changes:
 *
 *	connect		client		(at RCPT and ETRN when delayed)
 *	HELO, EHLO	helo		(same)
 *	MAIL		sender		(at RCPT when delayed)
 *	RCPT, VRFY	relay, recipient, then the recipient must exist
 *	DATA, end	data, end-of-data
 *	ETRN		etrn
 *
 * Tables: spec/tables.md 17. Texts: spec/master.md 6.1.
 */
#ifndef DAEMON_SMTPD_RESTRICT_H
#define DAEMON_SMTPD_RESTRICT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/serve/transcript.h"

struct maps;
struct session;
struct smtpd_env;

#define RESTRICT_DEPTH_MAX 100	/* rules within rules */

enum restrict_class {		/* what a rule speaks about */
	CLASS_CLIENT, CLASS_HELO, CLASS_SENDER, CLASS_RCPT, CLASS_DATA,
	CLASS_EOD, CLASS_ETRN, CLASS_CERT, CLASS_LOGIN
};

enum restrict_result { RESTRICT_DUNNO, RESTRICT_PERMIT, RESTRICT_REJECT };

struct restrict_rule {
	const struct restrict_verb *verb;	/* NULL: not a known name */
	char		*name;		/* as written */
	char		*arg;		/* the next word, for verbs that take one */
	struct maps	*maps;		/* check_*_access */
	struct restrict_list *sub;	/* restriction class */
};

struct restrict_list {
	struct restrict_rule *rules;
	size_t		 count;
	const char	*title;		/* parameter name */
	enum restrict_class class;	/* what a bare table name means */
	bool		 names_table;	/* where there may be none */
};

/*
 * restrict_parse - words of a parameter into rules
 *
 * has_tables	false inside table results, where tables may not appear
 */
void	restrict_parse(struct restrict_list *out, const char *title,
	    const char *text, enum restrict_class class, bool has_tables);
void	restrict_done(struct restrict_list *list);
/* restrict_guards_relay - some rule of the list refuses strangers' mail for strangers */
bool	restrict_guards_relay(const struct restrict_list *list);

/*
 * The stages. Each returns NULL to go on, or the reply that refuses; it is
 * borrowed from the session until the next check.
 */
const char	*restrict_client(struct session *s);
const char	*restrict_helo(struct session *s);
const char	*restrict_sender(struct session *s);
const char	*restrict_rcpt(struct session *s);
const char	*restrict_etrn(struct session *s, const char *domain);
const char	*restrict_data(struct session *s);
const char	*restrict_eod(struct session *s);
/* restrict_local_client - is the client one of local_header_rewrite_clients? */
bool	restrict_local_client(struct session *s);

/* restrict_text - rules from a table result, evaluated in place */
enum restrict_result	restrict_text(struct session *s, const char *table,
	    const char *text, const char *reply_name,
	    enum restrict_class class);

/*
 * restrict_reject - refuse: log the line, keep the reply
 *
 * With warn_if_reject it only logs and the result is RESTRICT_DUNNO.
 */
enum restrict_result	restrict_reject(struct session *s, int code,
	    const char *dsn, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
/* restrict_reject_for - the same, for another reason than our policy */
enum restrict_result	restrict_reject_for(struct session *s,
	    enum fault fault, int code, const char *dsn, const char *fmt, ...)
	    __attribute__((format(printf, 5, 6)));
/* restrict_server_error - refuse: our configuration is at fault */
enum restrict_result	restrict_server_error(struct session *s);
/* restrict_defer_if_permit - what would be a permit later is a 450 with this text */
enum restrict_result	restrict_defer_if_permit(struct session *s, int code,
	    const char *dsn, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
enum restrict_result	restrict_defer_if_reject(struct session *s, int code,
	    const char *dsn, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
/* restrict_log_verdict - "WHAT: STAGE: TEXT; from=<> to=<> proto= helo=<>": a filter's word */
void	restrict_log_verdict(struct session *s, const char *what,
	    const char *text);
/* restrict_log - "QID: WHAT: STAGE from CLIENT: TEXT; from=<> to=<> proto= helo=<>" */
void	restrict_log(struct session *s, const char *what, const char *text);

/*
 * restrict_log_permit - log that something was let through, if
 * smtpd_log_access_permit_actions names the action
 *
 * table	where the action stands, or NULL
 */
void	restrict_log_permit(struct session *s, const char *action,
	    enum restrict_class class, const char *reply_name,
	    const char *table);

/* restrict_class_text - "Client host", "Sender address", ... */
const char	*restrict_class_text(enum restrict_class class);
/* restrict_dsn - a status X.1.y made to fit the class (tables.md 17.2) */
void	restrict_dsn(char out[16], const char *dsn, enum restrict_class class);

#endif
