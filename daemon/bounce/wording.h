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

enum wording_kind { WORDING_FAILURE, WORDING_DELAY, WORDING_SUCCESS,
	WORDING_VERIFY, WORDING_KINDS };

struct wording {
	char	*charset, *from, *subject, *postmaster_subject;
	char	*text;		/* unexpanded, lines end in LF */
};

struct wordings {
	struct wording	kind[WORDING_KINDS];
};

extern const char *const wording_names[WORDING_KINDS];	/* "failure", ... */

/* wording_init - the built-in texts of one kind; postmaster_subject may be NULL */
void	wording_init(struct wording *t, enum wording_kind kind);
void	wording_done(struct wording *t);
void	wordings_init(struct wordings *t);
void	wordings_done(struct wordings *t);
/*
 * wordings_parse - replace what the file's text defines (wording_parse.c)
 *
 * name		for warnings
 *
 * What a template does not say is built in. One that cannot be used is
 * ignored with a warning, the others count. Returns 0, or -1 after a warning.
 */
int	wordings_parse(struct wordings *t, const char *name,
	    const char *text);
/* wording_expand - append the text with its $names replaced; unknown ones vanish */
void	wording_expand(struct buf *out, const struct wording *t);

/* wordings_print - "X_template = <<EOF ..." as the file has it; wordings_print_expanded - "expanded_X_text = <<EOF ..." */
void	wordings_print(struct buf *out, const struct wordings *t);
void	wordings_print_expanded(struct buf *out, const struct wordings *t);

#endif
