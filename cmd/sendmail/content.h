/*
 * content.h - a message from a file descriptor as queue text records
 *
 * Rules: spec/commands.md 2.4, points 6 and 7.
 */
#ifndef CMD_SENDMAIL_CONTENT_H
#define CMD_SENDMAIL_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

enum content_endings {	/* sendmail_fix_line_endings */
	CONTENT_ALWAYS,		/* CRs before a newline go */
	CONTENT_STRICT,		/* so if the first line ends that way */
	CONTENT_NEVER
};

struct content_options {
	enum content_endings endings;
	bool		 ignores_dot;
	size_t		 line_limit;	/* longer lines become several records */
};

/* content_sink - gets each text record: QUEUE_REC_TEXT or QUEUE_REC_PART */
typedef void (*content_sink)(int type, const char *data, size_t len,
	    void *ctx);

/*
 * content_read - read fd up to its end or a lone dot
 *
 * Returns 0, or -1 with ERR_SYSTEM.
 */
int	content_read(int fd, const struct content_options *opt,
	    content_sink sink, void *ctx, struct err *err);

/*
 * struct extract - recipients from headers, line by line (sendmail -t)
 *
 * Zero is the initial state; after the message normal and resent hold the
 * addresses, each NUL-terminated, and resent counts if seen_resent.
 */
struct extract {
	struct buf	*header, *normal, *resent;
	bool		 seen_resent, is_body, in_line;
};

void	extract_init(struct extract *x);
void	extract_done(struct extract *x);
void	extract_record(struct extract *x, int type, const char *data,
	    size_t len);
/* extract_finish - the message is over: the last header counts too */
void	extract_finish(struct extract *x);

#endif
