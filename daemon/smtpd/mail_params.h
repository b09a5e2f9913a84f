/*
 * mail_params.h - the ESMTP parameters of MAIL and RCPT
 *
 * Pure: text in, struct or reply out. RFC 1870 (SIZE), 6152 (BODY), 3461
 * (RET, ENVID, NOTIFY, ORCPT), 6531 (SMTPUTF8), 4954 (AUTH).
 */
#ifndef DAEMON_SMTPD_MAIL_PARAMS_H
#define DAEMON_SMTPD_MAIL_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct mail_limits {
	bool		 may_dsn, may_utf8, may_verp;
	const char	*verp_default, *verp_filter;
};

struct mail_params {
	int64_t		 size;		/* 0: not said */
	const char	*encoding;	/* "7bit", "8bit" or NULL */
	unsigned	 ret;		/* DSN_RET_*, 0: not said */
	struct buf	 envid;		/* decoded; empty: not said */
	struct buf	 auth;		/* AUTH=, as it was said */
	bool		 has_auth;	/* and not <> */
	bool		 is_utf8;
	char		 verp[3];	/* "": no VERP */
};

struct rcpt_params {
	unsigned	 notify;	/* DSN_NOTIFY_*, 0: not said */
	struct buf	 orcpt;		/* "type;address", decoded; empty: not said */
};

/*
 * mail_params_parse, rcpt_params_parse - blank separated KEYWORD[=value]
 *
 * Returns NULL, or the whole reply that refuses, in reply.
 */
const char	*mail_params_parse(struct mail_params *out, struct span text,
	    const struct mail_limits *limits, struct buf *reply);
const char	*rcpt_params_parse(struct rcpt_params *out, struct span text,
	    const struct mail_limits *limits, struct buf *reply);
void	mail_params_init(struct mail_params *p);
void	mail_params_done(struct mail_params *p);
void	rcpt_params_init(struct rcpt_params *p);
void	rcpt_params_done(struct rcpt_params *p);

#endif
