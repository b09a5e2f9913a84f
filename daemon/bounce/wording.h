/*
 * wording.h - the texts of notices, built in or from bounce_template_file
 *
 * A template file holds, per kind of notice,
 *
 *	failure_template = <<EOF
 *	Charset: us-ascii
 *	From: Mail Delivery System <MAILER-DAEMON>
 *	Subject: ...
 *	Postmaster-Subject: ...
 *
 *	text with $myhostname, $delay_warning_time_hours, ...
 *	EOF
 *
 * Names are main.cf parameters; time parameters also with _seconds, _minutes,
 * _hours, _days, _weeks behind their names, and _text for people ("5 days").
 */
#ifndef DAEMON_BOUNCE_WORDING_H
#define DAEMON_BOUNCE_WORDING_H

#include <stddef.h>

struct buf;
struct err;

enum wording_kind { WORDING_FAILURE, WORDING_DELAY, WORDING_SUCCESS,
	WORDING_VERIFY, WORDING_KINDS };

struct wording {
	char	*charset, *from, *subject, *postmaster_subject;
	char	*text;		/* unexpanded, lines end in LF */
};

struct wordings {
	struct wording	kind[WORDING_KINDS];
};

void	wordings_init(struct wordings *t);	/* the built-in ones */
void	wordings_done(struct wordings *t);
/*
 * wordings_parse - replace what the file's text defines
 *
 * name		for messages
 *
 * On -1 err says "NAME, line N: ..." and t is unchanged.
 */
int	wordings_parse(struct wordings *t, const char *name,
	    const char *text, struct err *err);
/* wording_expand - append the text with its $names replaced; unknown ones vanish */
void	wording_expand(struct buf *out, const struct wording *t);

/* wordings_print - "X_template = <<EOF ..." as the file has it; wordings_print_expanded - "expanded_X_text = <<EOF ..." */
void	wordings_print(struct buf *out, const struct wordings *t);
void	wordings_print_expanded(struct buf *out, const struct wordings *t);

#endif
