/*
 * session_internal.h - what the parts of the conversation know of each other
 *
 * session.c has the picture. An on_ function takes the reply that belongs to
 * its state and says what the caller does next.
 */
#ifndef DAEMON_SMTP_SESSION_INTERNAL_H
#define DAEMON_SMTP_SESSION_INTERNAL_H

#include "daemon/smtp/smtp.h"

struct span;

/* session_enter - the one place where the state changes */
void	session_enter(struct smtp_session *s, enum smtp_state state);

/* ---- session_said.c ---- */

/* session_doing - "lost connection with H while ..." */
const char	*session_doing(const struct smtp_session *s);
/* session_reply_status - the status that goes with what a reply means to us */
void	session_reply_status(struct smtp_session *s,
	    const struct smtp_reply *r, char out[DSN_STATUS_SIZE]);
/* session_fail_said - the host is of no use, by its own words */
enum smtp_step	session_fail_said(struct smtp_session *s,
		    const struct smtp_reply *r);
/* session_fail_tls_refused - the same of a server that will not do what it offered */
enum smtp_step	session_fail_tls_refused(struct smtp_session *s,
		    const struct smtp_reply *r);
/* session_rcpt_said - refused, for now or for good */
void	session_rcpt_said(struct smtp_session *s, struct smtp_rcpt *rcpt,
	    const struct smtp_reply *r);
void	session_rcpt_sent(struct smtp_rcpt *rcpt, const struct smtp_reply *r);
/* session_all_said - one refusal for all (accepted ones) that are LEFT */
void	session_all_said(struct smtp_session *s, const struct smtp_reply *r,
	    bool accepted_only);
/* session_all_bounce - our own decision, for all that are LEFT */
void	session_all_bounce(struct smtp_session *s, const char *status,
	    const char *text);

/* ---- session_hello.c ---- */

/*
 * session_on_WHAT - a reply to WHAT has come, in the state that waits for it
 *
 * Each returns what the caller is to do next, as smtp_session_reply does.
 */
enum smtp_step	session_on_greeting(struct smtp_session *s,
		    const struct smtp_reply *r);
enum smtp_step	session_on_hello(struct smtp_session *s,
		    const struct smtp_reply *r);

/* session_say_hello - EHLO, or what it is in this state and protocol */
enum smtp_step	session_say_hello(struct smtp_session *s,
		    enum smtp_state state);

/* ---- session_tls.c ---- */

/* session_after_hello - encrypt, or go on as it is */
enum smtp_step	session_after_hello(struct smtp_session *s);
enum smtp_step	session_on_starttls(struct smtp_session *s,
		    const struct smtp_reply *r);

/* ---- session_auth.c ---- */

/* session_take_auth - the words behind AUTH in the EHLO reply */
void	session_take_auth(struct smtp_session *s, struct span words);
/* session_start_auth - log in if that is to be done, else go on */
enum smtp_step	session_start_auth(struct smtp_session *s);
enum smtp_step	session_on_auth(struct smtp_session *s,
		    const struct smtp_reply *r);
/* session_forget_login - the password, and what a login that goes on needs */
void	session_forget_login(struct smtp_session *s);

/* ---- session_xforward.c ---- */

/* session_take_xforward - the words behind XFORWARD in the EHLO reply */
void	session_take_xforward(struct smtp_session *s, struct span words);
void	session_put_xforward(struct smtp_session *s);

/* ---- session_mail.c ---- */

/* session_start_mail - MAIL FROM, and with PIPELINING what may follow at once */
enum smtp_step	session_start_mail(struct smtp_session *s);
enum smtp_step	session_on_mail(struct smtp_session *s,
		    const struct smtp_reply *r);
enum smtp_step	session_on_rcpt(struct smtp_session *s,
		    const struct smtp_reply *r);
enum smtp_step	session_on_data(struct smtp_session *s,
		    const struct smtp_reply *r);
enum smtp_step	session_on_dot(struct smtp_session *s,
		    const struct smtp_reply *r);
/* session_end_mail - the transaction is over: what becomes of the session */
enum smtp_step	session_end_mail(struct smtp_session *s);

#endif
