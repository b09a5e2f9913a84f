/*
 * milter.h - the filters that look at mail while it comes in
 *
 * A struct milters is the list of one session: smtpd tells it what the client
 * says, and cleanup shows it the message. Each filter is asked in turn until
 * one has an objection. What a filter that cannot be reached, or does not keep
 * to the protocol (lib/mail/milter_wire.h), stands for is its default action.
 *
 *	milters_new --> connect, helo, { mail, rcpt.., data, content | abort }.. --> milters_free
 *
 * Verdicts are what the caller does about it; the text is a whole SMTP reply.
 */
#ifndef DAEMON_CLEANUP_MILTER_H
#define DAEMON_CLEANUP_MILTER_H

#include <stdbool.h>
#include <stddef.h>

struct milter_answer;
struct milters;
struct span;

enum milter_verdict {
	MILTER_GO_ON,
	MILTER_REFUSE,		/* milters_text is the reply */
	MILTER_CLOSE,		/* the same, and end the session */
	MILTER_DROP,		/* accept the message, and forget it */
	MILTER_HOLD		/* accept the message, and put it on hold */
};

/* Value of a macro, named without braces; NULL: there is none now. */
typedef const char *(*milter_macro_fn)(const char *name, void *ctx);

/*
 * milters_new - the filters of a list: smtpd_milters, non_smtpd_milters
 *
 * "inet:host:port", "unix:path", "{ inet:host:port, default_action=accept }".
 * What cannot be read is warned about, and is a filter that refuses all mail
 * for now. NULL when the list is empty.
 */
struct milters	*milters_new(const char *list, milter_macro_fn lookup,
		    void *ctx);
/* milters_free - say goodbye to those that are still there */
void		 milters_free(struct milters *ms);

/* milters_text - the reply behind the last MILTER_REFUSE or MILTER_CLOSE */
const char	*milters_text(const struct milters *ms);

enum milter_verdict milters_connect(struct milters *ms, const char *host,
		    int family, const char *port, const char *addr);
enum milter_verdict milters_helo(struct milters *ms, const char *name);
/* milters_mail, milters_rcpt - words[0] is the address, the others ESMTP arguments */
enum milter_verdict milters_mail(struct milters *ms, const char *const *words,
		    size_t count);
enum milter_verdict milters_rcpt(struct milters *ms, const char *const *words,
		    size_t count);
/* milters_rcpt_refused - for those that want to know of these, too; their opinion does not count */
void		 milters_rcpt_refused(struct milters *ms,
		    const char *const *words, size_t count);
enum milter_verdict milters_data(struct milters *ms);
enum milter_verdict milters_unknown(struct milters *ms, const char *command);
/* milters_abort - the message, or what HELO said, is void */
void		 milters_abort(struct milters *ms);

/* A message as filters see it, and change it; see milters_content. */
struct milter_content {
	/* header - the nth one, from 0; false: there are no more */
	bool	(*header)(void *ctx, size_t n, struct span *name,
		    struct span *value);
	/* body - the next len bytes or fewer, lines ending in CR LF; 0: the end, -1: trouble */
	long	(*body)(void *ctx, bool is_first, char *data, size_t len);
	/*
	 * edit - do what the filter wants; false: it cannot be done, the
	 * message fails. keeps_blank: values bring their leading blank
	 */
	bool	(*edit)(void *ctx, const struct milter_answer *what,
		    bool is_first, bool keeps_blank);
	void	*ctx;
};

/*
 * milters_content - show headers and body, and have the message changed
 *
 * id	queue ID, the macro i
 */
enum milter_verdict milters_content(struct milters *ms, const char *id,
		    const struct milter_content *content);

#endif
