/*
 * proxy.c - smtpd_proxy_filter: mail passes a content filter before it is taken
 *
 * One connection for each message. Whatever goes wrong on the way to the
 * filter is a "try again later" for the client: nothing is taken that the
 * filter has not taken.
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/smtpd/proxy.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/smtpd/session.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/net/dial.h"
#include "lib/net/stream.h"
#include "lib/queue/queue_rec.h"

#define LINE_BYTES	4096	/* of a reply */
#define REPLY_LINES	100
#define COPY_SIZE	65536

#define WRITE_ERROR	"451 4.3.0 Error: queue file write error"

struct proxy {
	struct stream	*st;		/* NULL: not connected, or lost */
	bool		 is_delayed;	/* speed_adjust */
	struct buf	 rcpts;		/* delayed: arguments of RCPT, each with its NUL */
	struct buf	 pending;	/* delayed: content on its way to the file */
	int		 content;	/* delayed: descriptor; -1: none */
	bool		 in_line, is_broken;
	bool		 is_unreachable;
	struct buf	 reply;		/* the last one, without its last line end */
};

/* ---- the conversation with the filter ---- */

static void
lose(struct proxy *p)
{
	if (p->st == NULL)
		return;
	if (stream_status(p->st) == STREAM_TIMEOUT)
		log_warning("timeout talking to proxy %s",
		    params.smtpd_proxy_filter);
	else
		log_warning("lost connection with proxy %s",
		    params.smtpd_proxy_filter);
	stream_free(p->st);
	p->st = NULL;
}

/* Read a reply of one or more lines; '2', '3', '4', '5', or 0: lost. */
static char
read_reply(struct proxy *p)
{
	struct buf line = BUF_INIT;
	bool is_last = false;
	int lines;

	buf_reset(&p->reply);
	for (lines = 0; p->st != NULL && !is_last; lines++) {
		buf_reset(&line);
		if (lines == REPLY_LINES ||
		    stream_getline(p->st, &line, LINE_BYTES) != 1) {
			lose(p);
			break;
		}
		buf_trim_right(&line);
		is_last = line.len < 4 || line.ptr[3] != '-';
		buf_addf(&p->reply, "%s%s", p->reply.len > 0 ? "\r\n" : "",
		    line.ptr);
	}
	buf_done(&line);
	if (is_last && p->reply.len >= 3 && p->reply.ptr[0] >= '2' &&
	    p->reply.ptr[0] <= '5')
		return p->reply.ptr[0];
	lose(p);
	buf_sets(&p->reply, WRITE_ERROR);
	return 0;
}

/* Say it and read the reply; true when that begins with what is wanted. */
static bool
command(struct proxy *p, char wanted, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool
command(struct proxy *p, char wanted, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	bool ok = false;
	va_list ap;
	char got = 0;

	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	if (p->st != NULL) {
		stream_printf(p->st, "%s\r\n", line.ptr);
		got = read_reply(p);
		ok = got == wanted;
		if (!ok && got != 0)
			log_warning("proxy %s rejected \"%s\": \"%s\"",
			    params.smtpd_proxy_filter, line.ptr, p->reply.ptr);
	} else {
		buf_sets(&p->reply, WRITE_ERROR);
	}
	buf_done(&line);
	return ok;
}

/* ---- XFORWARD: for whom the mail comes ---- */

static void
add_xforward(struct buf *out, const char *offered, const char *name,
    const char *value)
{
	char *copy = xstrdup(offered), *rest = copy, *word;

	while ((word = text_split(&rest, " \t")) != NULL)
		if (strcasecmp(word, name) == 0)
			break;
	if (word != NULL) {
		buf_addf(out, " %s=", name);
		if (value == NULL || strcmp(value, "unknown") == 0)
			buf_adds(out, "[UNAVAILABLE]");
		else
			xtext_encode(out, value);
	}
	free(copy);
}

static bool
xforward(struct session *s, struct proxy *p, const char *offered)
{
	const struct forwarded *f = &s->forwarded;
	bool told = session_is_forwarded(s);
	struct buf args = BUF_INIT;
	bool ok;

	add_xforward(&args, offered, "NAME", told ? f->name : s->peer.name);
	add_xforward(&args, offered, "ADDR", told ? f->addr :
	    s->peer.rfc_addr);
	add_xforward(&args, offered, "PORT", told ? f->port : s->peer.port);
	add_xforward(&args, offered, "HELO", told ? f->helo : s->helo);
	add_xforward(&args, offered, "IDENT", f->ident);
	add_xforward(&args, offered, "PROTO", told ? f->proto : s->protocol);
	add_xforward(&args, offered, "SOURCE", session_is_local(s) ? "LOCAL" :
	    "REMOTE");
	ok = args.len == 0 || command(p, '2', "XFORWARD%s", args.ptr);
	buf_done(&args);
	return ok;
}

/* The keywords behind XFORWARD in the reply to EHLO; "": not offered. */
static char *
find_offer(const struct proxy *p)
{
	const char *line, *end;

	for (line = p->reply.ptr; line != NULL; line = end) {
		end = strchr(line, '\n');
		if (end != NULL)
			end++;
		if (strlen(line) > 4 &&
		    strncasecmp(line + 4, "XFORWARD ", 9) == 0)
			return xstrndup(line + 13, strcspn(line + 13, "\r\n"));
	}
	return xstrdup("");
}

/* ---- opening ---- */

static bool
connect_filter(struct session *s, struct proxy *p)
{
	struct err err = ERR_INIT;
	char *offered;
	bool ok;
	int fd;

	fd = dial(params.smtpd_proxy_filter, params.smtpd_proxy_timeout, &err);
	if (fd == -1) {
		log_warning("connect to proxy filter %s: %s",
		    params.smtpd_proxy_filter, err.kind == ERR_SYSTEM ?
		    strerror(err.errnum) : err.text);
		p->is_unreachable = true;
		buf_sets(&p->reply, WRITE_ERROR);
		return false;
	}
	p->st = stream_new(fd, params.smtpd_proxy_timeout);
	if (read_reply(p) != '2' ||
	    !command(p, '2', "EHLO %s", params.smtpd_proxy_ehlo)) {
		buf_sets(&p->reply, WRITE_ERROR);
		return false;
	}
	offered = find_offer(p);
	ok = xforward(s, p, offered);
	free(offered);
	if (!ok)
		buf_sets(&p->reply, WRITE_ERROR);
	return ok;
}

static bool
send_mail(struct session *s, struct proxy *p)
{
	return connect_filter(s, p) &&
	    command(p, '2', "MAIL %s", s->mail_args);
}

static bool
has_option(const char *name)
{
	char *copy = xstrdup(params.smtpd_proxy_options), *rest = copy, *word;
	bool found = false;

	while ((word = text_split(&rest, TEXT_LIST_SEP)) != NULL) {
		if (strcasecmp(word, name) == 0)
			found = true;
		else
			log_warning("unknown smtpd_proxy_options value \"%s\"",
			    word);
	}
	free(copy);
	return found;
}

/* A file without a name; in memory where the queue's file system has none. */
static int
open_content(void)
{
	int fd = open("incoming", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd != -1 ? fd : memfd_create("content", MFD_CLOEXEC);
}

/* What the filter said, or that it cannot be asked, is for the client. */
static void
refuse(struct session *s, const struct proxy *p)
{
	session_fault(s, p->is_unreachable ? FAULT_SOFTWARE : FAULT_POLICY);
	session_reply(s, "%s", p->reply.ptr);
}

bool
proxy_open(struct session *s)
{
	struct proxy *p = xcalloc(1, sizeof(*p));
	bool ok;

	p->content = -1;
	buf_init(&p->rcpts);
	buf_init(&p->pending);
	buf_init(&p->reply);
	p->is_delayed = has_option("speed_adjust");
	if (p->is_delayed) {
		buf_sets(&p->reply, WRITE_ERROR);
		ok = (p->content = open_content()) != -1;
	} else {
		ok = send_mail(s, p);
	}
	if (!ok) {
		refuse(s, p);
		proxy_close(p);
		return false;
	}
	s->proxy = p;
	return true;
}

bool
proxy_rcpt(struct session *s, const char *args)
{
	struct proxy *p = s->proxy;

	if (p->is_delayed) {
		buf_add(&p->rcpts, args, strlen(args) + 1);
		return true;
	}
	if (command(p, '2', "RCPT %s", args))
		return true;
	refuse(s, p);
	return false;
}

bool
proxy_data(struct session *s)
{
	struct proxy *p = s->proxy;

	if (p->is_delayed || command(p, '3', "DATA"))
		return true;
	refuse(s, p);
	return false;
}

/* ---- content ---- */

static void
put(struct proxy *p, const char *data, size_t len)
{
	if (!p->is_delayed) {
		if (p->st != NULL && stream_write(p->st, data, len) == -1)
			lose(p);
		return;
	}
	buf_add(&p->pending, data, len);
	if (p->pending.len < COPY_SIZE)
		return;
	if (file_write_all(p->content, p->pending.ptr, p->pending.len) == -1)
		p->is_broken = true;
	buf_reset(&p->pending);
}

void
proxy_rec(struct proxy *p, int type, const char *data, size_t len)
{
	if (type != QUEUE_REC_TEXT && type != QUEUE_REC_PART)
		return;
	if (!p->in_line && len > 0 && *data == '.')
		put(p, ".", 1);		/* RFC 5321 4.5.2 */
	put(p, data, len);
	p->in_line = type == QUEUE_REC_PART;
	if (!p->in_line)
		put(p, "\r\n", 2);
}

/* Now the filter gets what the client has sent. */
static bool
replay(struct session *s, struct proxy *p)
{
	char data[COPY_SIZE];
	const char *rcpt, *end = p->rcpts.ptr + p->rcpts.len;
	ssize_t n;

	if (p->is_broken || file_write_all(p->content, p->pending.ptr,
	    p->pending.len) == -1 || lseek(p->content, 0, SEEK_SET) == -1) {
		buf_sets(&p->reply, WRITE_ERROR);
		return false;
	}
	if (!send_mail(s, p))
		return false;
	for (rcpt = p->rcpts.ptr; rcpt < end; rcpt += strlen(rcpt) + 1)
		if (!command(p, '2', "RCPT %s", rcpt))
			return false;
	if (!command(p, '3', "DATA"))
		return false;
	p->is_delayed = false;
	while ((n = read(p->content, data, sizeof(data))) > 0)
		put(p, data, (size_t)n);
	if (n == 0)
		return true;
	/* Without its dot the filter will not take what it has. */
	lose(p);
	buf_sets(&p->reply, WRITE_ERROR);
	return false;
}

bool
proxy_finish(struct session *s)
{
	struct proxy *p = s->proxy;
	bool ok = !p->is_delayed || replay(s, p);

	if (ok) {
		if (p->st != NULL)
			stream_puts(p->st, ".\r\n");
		ok = read_reply(p) == '2';
	}
	restrict_log_verdict(s, ok ? "proxy-accept" : "proxy-reject",
	    p->reply.ptr);
	if (!ok)
		refuse(s, p);
	else
		session_reply(s, "%s", p->reply.ptr);
	return ok;
}

void
proxy_close(struct proxy *p)
{
	if (p == NULL)
		return;
	if (p->st != NULL) {
		stream_puts(p->st, "QUIT\r\n");
		stream_flush(p->st);
		stream_free(p->st);
	}
	if (p->content != -1)
		close(p->content);
	buf_done(&p->rcpts);
	buf_done(&p->pending);
	buf_done(&p->reply);
	free(p);
}
