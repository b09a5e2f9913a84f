/*
 * submit.h - one submission: envelope, message, and the talk with postdrop
 */
#ifndef CMD_SENDMAIL_SUBMIT_H
#define CMD_SENDMAIL_SUBMIT_H

#include <stdbool.h>

enum submit_trace {		/* values of trace_flags in queue files */
	SUBMIT_NO_TRACE	= 0,
	SUBMIT_VERIFY	= 512,	/* -bv: probe only */
	SUBMIT_REPORT	= 1024	/* -v: deliver and report */
};

struct submit {
	const char	*sender;	/* -f, NULL if not given */
	const char	*full_name;	/* -F, NULL if not given */
	const char	*encoding;	/* "7bit", "8bit" or NULL */
	const char	*envelope_id;	/* -V or NULL */
	const char	*verp;		/* two delimiters or NULL */
	unsigned	 notify, ret;	/* DSN bits, 0 if not given */
	enum submit_trace trace;
	bool		 is_gateway;	/* -G */
	bool		 ignores_dot;	/* -i */
	bool		 extracts;	/* -t */
	int		 verbose;	/* -v options to pass on */
	char		**recipients;	/* arguments, NULL-terminated */
};

/* submit_message - read standard input and queue it; returns only on success */
void	submit_message(const struct submit *s);

#endif
