/*
 * queue_reason.h - what kind of trouble a delay reason speaks of
 *
 * Reasons are free text of a thousand servers; people want about twenty
 * groups. The rows of share/reasons.tsv are built in; a file of the same form
 * (posthorn_reasons_file) takes their place. First match wins.
 */
#ifndef LIB_QUEUE_QUEUE_REASON_H
#define LIB_QUEUE_QUEUE_REASON_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

enum queue_reason_class {
	REASON_NONE = 0,	/* no reason: nothing failed yet */
	REASON_DNS_NODOMAIN, REASON_DNS_TEMP, REASON_CONNECT, REASON_TIMEOUT,
	REASON_LOST, REASON_TLS, REASON_AUTH, REASON_GREYLIST,
	REASON_THROTTLE, REASON_REPUTATION, REASON_CONTENT, REASON_POLICY,
	REASON_NO_USER, REASON_MAILBOX_FULL, REASON_DISABLED, REASON_SIZE,
	REASON_LOOP, REASON_PROTOCOL, REASON_LOCAL_CONFIG,
	REASON_LOCAL_RESOURCE, REASON_FILTER, REASON_EXPIRED, REASON_OTHER,
	REASON_COUNT
};

/* One row: patterns "*" match anything. */
struct queue_reason_row {
	const char	*dsn;		/* glob on the enhanced code */
	const char	*code;		/* glob on the reply code */
	const char	*regex;		/* PCRE2, case ignored */
	const char	*class;
	const char	*advice;
};
extern const struct queue_reason_row queue_reason_rows[];
extern const unsigned queue_reason_row_count;

/* queue_reason_load - use the rows of a file instead; 0, or -1 with file and line in err */
int	queue_reason_load(const char *path, struct err *err);

/*
 * queue_reason_classify - the class of one reason
 *
 * dsn		"4.4.1", or ""
 * advice	out, may be NULL
 */
enum queue_reason_class	queue_reason_classify(const char *reason,
			    const char *dsn, const char **advice);

/*
 * queue_reason_rule - the row that classified it
 *
 * line		out: of the file; of the built-in rows, which one
 *
 * False when no row fits: the class is "other", or "none" for an empty reason.
 */
bool	queue_reason_rule(const char *reason, const char *dsn,
	    struct queue_reason_row *row, unsigned *line);

/* queue_reason_peel - the reason behind "delivery temporarily suspended:"; *is_suspended says whether there was one */
const char	*queue_reason_peel(const char *reason, bool *is_suspended);
/* queue_reason_code - the SMTP reply code it holds, 0 when none */
int		 queue_reason_code(const char *reason);
/* queue_reason_relay - append the host name, or the address, that gave the answer: "name[addr]"; false when there is none */
bool		 queue_reason_relay(const char *reason, struct buf *name,
		    struct buf *addr);
/*
 * queue_reason_signature - append the reason with what varies replaced:
 * <addr> <ip> <host> <id> <url> <n>
 */
void		 queue_reason_signature(const char *reason, struct buf *out);

const char	*queue_reason_class_name(enum queue_reason_class class);
/* queue_reason_class_find - REASON_COUNT when there is no such class */
enum queue_reason_class	queue_reason_class_find(const char *name);

#endif
