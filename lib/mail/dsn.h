/*
 * dsn.h - delivery status: codes (RFC 3463), notify and return options
 * (RFC 3461), and the result of one delivery attempt for one recipient
 */
#ifndef LIB_MAIL_DSN_H
#define LIB_MAIL_DSN_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

#define DSN_STATUS_SIZE	12	/* "5.999.999" and NUL, RFC 3463 2 */

enum dsn_notify {		/* notify_flags in queue files */
	DSN_NOTIFY_NEVER = 1, DSN_NOTIFY_SUCCESS = 2, DSN_NOTIFY_FAILURE = 4,
	DSN_NOTIFY_DELAY = 8
};
enum dsn_ret { DSN_RET_FULL = 1, DSN_RET_HDRS = 2 };

/*
 * struct dsn - what happened: each text is never NULL, "" means absent
 */
struct dsn {
	const char	*status;	/* "4.4.1" */
	const char	*action;	/* failed delayed delivered relayed expanded */
	const char	*reason;	/* one line for people and logs */
	const char	*diag_type;	/* "smtp", "x-unix" */
	const char	*diag_text;
	const char	*mta_type;	/* "dns" */
	const char	*mta_name;
};

/*
 * dsn_keep - a copy of from, whose texts are those of others, for to to own
 *
 * texts	emptied; to points into it from then on
 */
void	dsn_keep(struct dsn *to, const struct dsn *from, struct buf *texts);

/* dsn_status_len - length of a valid X.Y.Z at the start of text, else 0 */
size_t	dsn_status_len(const char *text);
/*
 * dsn_split - cut "5.1.1 text" into status and text
 *
 * fallback	status to use when text has none
 * status	out
 * Returns the text behind it.
 */
const char	*dsn_split(const char *text, const char *fallback,
		    char status[DSN_STATUS_SIZE]);
/* dsn_notify_parse - "SUCCESS,FAILURE" or "NEVER" -> bits, 0 when malformed */
unsigned	dsn_notify_parse(const char *text);
/* dsn_ret_parse - "FULL" or "HDRS", 0 when malformed */
unsigned	dsn_ret_parse(const char *text);
/* xtext (RFC 3461 4): decode appends and returns false when malformed */
void	xtext_encode(struct buf *out, const char *text);
bool	xtext_decode(struct buf *out, const char *text);

#endif
