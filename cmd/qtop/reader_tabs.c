/*
 * reader_tabs.c - what there is to say of one message, tab by tab
 *
 * SPDX-License-Identifier: ISC
 */
#include "cmd/qtop/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/dsn.h"
#include "lib/queue/queue_content.h"
#include "lib/queue/queue_field.h"
#include "lib/queue/queue_file.h"
#include "lib/queue/queue_message.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_rec.h"

#define TEXT_MAX	262144		/* bytes of a tab */
#define RECORDS_MAX	4000
#define LOG_READ	(8 * 1024 * 1024)	/* of the end of the mail log */

/* ---- small words ---- */

static void
put_when(struct buf *out, time_t when, time_t now)
{
	struct tm tm;
	char text[40];

	if (localtime_r(&when, &tm) == NULL || strftime(text, sizeof(text),
	    "%Y-%m-%d %H:%M:%S %z", &tm) == 0)
		return;
	buf_adds(out, text);
	buf_adds(out, when > now ? " (in " : " (");
	column_duration(out, when > now ? when - now : now - when);
	buf_adds(out, when > now ? ")" : " ago)");
}

static void
put_line(struct buf *out, const char *name, const char *value)
{
	if (value[0] != '\0')
		buf_addf(out, "%-12s %s\n", name, value);
}

static time_t
expiry_of(const struct queue_message *m)
{
	return m->created + (m->sender[0] == '\0' ?
	    params.bounce_queue_lifetime : params.maximal_queue_lifetime);
}

static bool
is_waiting(const struct queue_message *m, time_t now)
{
	return m->st.st_mtime > now && (strcmp(m->queue, "deferred") == 0 ||
	    strcmp(m->queue, "incoming") == 0);
}

/* ---- summary ---- */

static void
put_flags(struct queue_message *m, time_t now, struct buf *out)
{
	struct queue_field_context c = QUEUE_FIELD_CONTEXT_INIT;
	const struct queue_field *f;
	struct queue_value v;
	size_t i;
	bool any = false;

	c.m = m;
	c.now = now;
	for (i = 0; (f = queue_field_at(i)) != NULL; i++) {
		if (f->type != FIELD_FLAG || f->inner != NULL ||
		    f->tier > TIER_LOG)
			continue;
		queue_field_get(f, &c, 0, 0, &v);
		if (v.kind != VALUE_NUMBER || v.number == 0)
			continue;
		buf_addf(out, "%s%s", any ? ", " : "Flags        ", f->name);
		any = true;
	}
	if (any)
		buf_addc(out, '\n');
	queue_field_context_done(&c);
}

static void
put_client(const struct queue_message *m, struct buf *out)
{
	if (m->client_addr[0] == '\0')
		return;
	buf_addf(out, "Client       %s[%s]", m->client_name, m->client_addr);
	if (m->helo[0] != '\0')
		buf_addf(out, " helo=%s", m->helo);
	if (m->proto[0] != '\0')
		buf_addf(out, " %s", m->proto);
	buf_addc(out, '\n');
}

static void
put_reasons(const struct queue_message *m, struct buf *out)
{
	const char *last = "", *advice;
	size_t i, shown = 0;

	for (i = 0; i < m->rcpt_count && shown < 5; i++) {
		const struct queue_message_rcpt *r = &m->rcpts[i];

		if (r->reason[0] == '\0' || strcmp(r->reason, last) == 0)
			continue;
		last = r->reason;
		shown++;
		buf_addf(out, "\n%s: %s\n", queue_reason_class_name(
		    queue_reason_classify(r->reason, r->dsn, &advice)),
		    r->reason);
		if (advice[0] != '\0')
			buf_addf(out, "  advice: %s\n", advice);
	}
}

static void
make_summary(struct queue_message *m, time_t now, struct buf *out)
{
	static const char *const headers[] = { "Subject", "From", "To",
	    "Message-ID", "Date" };
	struct buf text = BUF_INIT;
	size_t i;

	buf_addf(out, "%-12s %s   in %s%s%s\n", "Message", m->id, m->queue,
	    m->path[0] != '\0' ? "   " : "", m->path);
	put_line(out, "Sender", m->sender[0] != '\0' ? m->sender : "<>");
	buf_addf(out, "%-12s %zu to do", "Recipients", m->rcpt_count);
	if (m->done_count > 0)
		buf_addf(out, ", %zu done", m->done_count);
	for (i = 0; i < m->rcpt_count && i < 3; i++)
		buf_addf(out, "%s%s", i == 0 ? ": " : ", ",
		    m->rcpts[i].address);
	buf_addf(out, "%s\n%-12s ", i < m->rcpt_count ? ", ..." : "",
	    "Arrived");
	put_when(out, m->arrival.tv_sec, now);
	buf_addf(out, "\n%-12s ", "Next attempt");
	if (m->is_told && !m->is_snapshot)
		buf_adds(out, "not told by the service");
	else if (is_waiting(m, now))
		put_when(out, m->st.st_mtime, now);
	else
		buf_adds(out, strcmp(m->queue, "hold") == 0 ?
		    "none: on hold" : strcmp(m->queue, "corrupt") == 0 ?
		    "none: damaged" : strcmp(m->queue, "active") == 0 ?
		    "now: in the active queue" : "due now");
	buf_addf(out, "\n%-12s ", "Expires");
	put_when(out, expiry_of(m), now);
	buf_addf(out, "\n%-12s ", "Size");
	column_size(out, m->size);
	buf_addf(out, " (%ld bytes", m->size);
	if (m->st.st_size > 0)
		buf_addf(out, "; file %lld", (long long)m->st.st_size);
	buf_adds(out, ")\n");
	put_client(m, out);
	put_line(out, "Login", m->sasl_user);
	put_line(out, "Filter", m->filter);
	put_line(out, "Redirect", m->redirect);
	put_line(out, "Encoding", m->encoding);
	put_line(out, "Envelope ID", m->envid);
	put_flags(m, now, out);
	if (m->is_damaged)
		put_line(out, "DAMAGED", m->note != NULL ? m->note :
		    "its records cannot be read to the end");
	if ((m->has & QUEUE_MESSAGE_HEADERS) != 0) {
		buf_addc(out, '\n');
		for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
			buf_reset(&text);
			if (queue_message_header(m, headers[i], 0, &text))
				put_line(out, headers[i], text.ptr);
		}
	}
	put_reasons(m, out);
	buf_done(&text);
}

/* ---- recipients ---- */

static void
make_rcpts(const struct queue_message *m, struct buf *out)
{
	const struct queue_message_rcpt *r;
	const char *advice;
	size_t i;

	if (m->done_count > 0)
		buf_addf(out, "%zu recipients are done.\n\n", m->done_count);
	for (i = 0; i < m->rcpt_count && out->len < TEXT_MAX; i++) {
		r = &m->rcpts[i];
		buf_addf(out, "%s", r->address);
		if (strcmp(r->orig, r->address) != 0)
			buf_addf(out, "   (given as %s)", r->orig);
		buf_addc(out, '\n');
		if (r->reason[0] == '\0') {
			buf_adds(out, "    no failure yet\n");
			continue;
		}
		buf_addf(out, "    %s%s%s: %s\n", queue_reason_class_name(
		    queue_reason_classify(r->reason, r->dsn, &advice)),
		    r->dsn[0] != '\0' ? " " : "", r->dsn, r->reason);
	}
	if (i < m->rcpt_count)
		buf_addf(out, "... and %zu more\n", m->rcpt_count - i);
}

/* ---- content ---- */

static void
make_headers(struct queue_content *c, struct buf *out)
{
	const struct queue_content_part *whole = queue_content_part(c, 0);
	const struct queue_content_header *h;
	struct buf text = BUF_INIT;
	size_t i;

	for (i = 0; whole != NULL && i < whole->header_count &&
	    out->len < TEXT_MAX; i++) {
		if ((h = queue_content_header(c, i)) == NULL)
			break;
		buf_reset(&text);
		queue_content_header_text(h, &text);
		buf_addf(out, "%s: %s\n", h->name, text.ptr);
	}
	buf_done(&text);
}

static void
make_mime(struct queue_content *c, struct buf *out)
{
	const struct queue_content_part *p;
	unsigned defects;
	const char *word;
	size_t i;

	for (i = 0; (p = queue_content_part(c, i)) != NULL &&
	    out->len < TEXT_MAX; i++) {
		buf_addf(out, "%*s", (int)(2 * p->depth), "");
		queue_content_number(c, i, out);
		buf_addf(out, "  %s", p->type);
		if (p->charset[0] != '\0')
			buf_addf(out, "; %s", p->charset);
		if (p->encoding[0] != '\0')
			buf_addf(out, "  %s", p->encoding);
		buf_addc(out, ' ');
		buf_addc(out, ' ');
		column_size(out, p->encoded_bytes);
		if (p->decoded_bytes != p->encoded_bytes) {
			buf_adds(out, " (decoded ");
			column_size(out, p->decoded_bytes);
			buf_addc(out, ')');
		}
		if (p->disposition[0] != '\0')
			buf_addf(out, "  %s", p->disposition);
		if (p->file_name[0] != '\0')
			buf_addf(out, "  \"%s\"", p->file_name);
		buf_addc(out, '\n');
		for (defects = p->defects;
		    (word = queue_content_defect(&defects)) != NULL; )
			buf_addf(out, "%*s! %s\n", (int)(2 * p->depth + 4),
			    "", word);
	}
	if (queue_content_damage(c) != NULL)
		buf_addf(out, "! %s\n", queue_content_damage(c));
}

static void
make_content(const struct queue_message *m, struct buf *tabs)
{
	struct err err = ERR_INIT;
	struct queue_content *c = queue_content_open(m->path, &err);
	int rc;

	if (c == NULL) {
		buf_addf(&tabs[TAB_HEADERS], "%s\n", err.text);
		buf_addf(&tabs[TAB_TEXT], "%s\n", err.text);
		buf_addf(&tabs[TAB_MIME], "%s\n", err.text);
		return;
	}
	make_headers(c, &tabs[TAB_HEADERS]);
	rc = queue_content_text(c, TEXT_MAX, &tabs[TAB_TEXT], &err);
	if (rc == 0)
		buf_adds(&tabs[TAB_TEXT], "(nothing to read)\n");
	else if (rc == -1)
		buf_addf(&tabs[TAB_TEXT], "\n%s\n", err.text);
	make_mime(c, &tabs[TAB_MIME]);
	queue_content_free(c);
}

/* ---- records ---- */

static void
put_record(const struct queue_file *qf, int type, const char *value,
    size_t len, struct buf *out)
{
	struct buf text = BUF_INIT;
	size_t i, shown = len < 400 ? len : 400;

	/* NUL bytes would end the line before its time. */
	for (i = 0; i < shown; i++) {
		if (value[i] == '\0')
			buf_adds(&text, "\\x00");
		else
			buf_addc(&text, value[i]);
	}
	buf_addf(out, "%8lld  %c %5zu  %-22s %s%s\n",
	    (long long)queue_file_offset(qf), type > ' ' && type < 127 ? type :
	    '?', len, queue_rec_name(type), type == QUEUE_REC_PTR ? "--> " :
	    "", text.ptr);
	if (shown < len)
		buf_addf(out, "%42s... %zu bytes more\n", "", len - shown);
	buf_done(&text);
}

static void
make_records(const struct queue_message *m, struct buf *out)
{
	struct err err = ERR_INIT;
	struct queue_file *qf;
	const char *value;
	size_t len, n = 0;
	int type, got = 0;

	qf = queue_file_open_path(m->path, QUEUE_FILE_PLAIN, &err);
	if (qf == NULL) {
		buf_addf(out, "%s\n", err.text);
		return;
	}
	buf_addf(out, "%8s  %s %5s  %-22s %s\n", "offset", "T", "bytes",
	    "type", "value");
	while (n++ < RECORDS_MAX && out->len < TEXT_MAX &&
	    (got = queue_file_next(qf, &type, &value, &len, &err)) == 1)
		put_record(qf, type, value, len, out);
	if (got == -1)
		buf_addf(out, "DAMAGED: %s\n", err.text);
	else if (got == 1)
		buf_adds(out, "... more records follow (postcat -e -b shows "
		    "all)\n");
	queue_file_close(qf);
}

/* ---- log ---- */

static void
make_log(const struct queue_message *m, int fd, struct buf *out)
{
	struct buf id = BUF_INIT, text = BUF_INIT;
	char *line, *next, *end;
	struct stat st;
	off_t from;
	ssize_t n;

	if (fd == -1 || fstat(fd, &st) == -1) {
		buf_adds(out, "The mail log cannot be read.\n");
		return;
	}
	from = st.st_size > LOG_READ ? st.st_size - LOG_READ : 0;
	buf_reserve(&text, LOG_READ);
	n = pread(fd, text.ptr, LOG_READ, from);
	if (n < 0)
		n = 0;
	text.ptr[n] = '\0';
	buf_addf(&id, ": %s: ", m->id);
	end = text.ptr + n;
	for (line = text.ptr; line < end && out->len < TEXT_MAX; line = next) {
		next = memchr(line, '\n', (size_t)(end - line));
		if (next == NULL)
			break;
		*next++ = '\0';
		if (strstr(line, id.ptr) != NULL)
			buf_addf(out, "%s\n", line);
	}
	if (out->len == 0)
		buf_adds(out, from > 0 ? "No line in the last 8 MiB of the "
		    "mail log.\n" : "No line in the mail log.\n");
	buf_done(&id);
	buf_done(&text);
}

/* ---- timeline ---- */

/* The date at the end of a Received field; 0 when it is none. */
static time_t
received_date(const char *text)
{
	const char *p = strrchr(text, ';'), *comma;
	struct tm tm;

	if (p == NULL)
		return 0;
	p += 1 + strspn(p + 1, " \t");
	if ((comma = strchr(p, ',')) != NULL && comma - p < 5)
		p = comma + 1 + strspn(comma + 1, " \t");
	memset(&tm, 0, sizeof(tm));
	if (strptime(p, "%d %b %Y %H:%M:%S %z", &tm) == NULL)
		return 0;
	return timegm(&tm) - tm.tm_gmtoff;
}

static void
put_word_after(const char *text, const char *word, struct buf *out)
{
	const char *p = strstr(text, word);

	if (p != NULL && (p == text || p[-1] == ' '))
		buf_addf(out, " %s%.*s", word, (int)strcspn(p + strlen(word),
		    " ;("), p + strlen(word));
}

static void
put_hops(const struct queue_message *m, time_t now, struct buf *out)
{
	struct buf text = BUF_INIT;
	time_t when, before = 0;
	size_t n = 0;

	while (n < 100 && queue_message_header(m, "Received", n, &text)) {
		n++;
		buf_reset(&text);
	}
	while (n-- > 0) {
		buf_reset(&text);
		queue_message_header(m, "Received", n, &text);
		when = received_date(text.ptr);
		buf_adds(out, "hop          ");
		if (when != 0)
			put_when(out, when, now);
		put_word_after(text.ptr, "from ", out);
		put_word_after(text.ptr, "by ", out);
		if (before != 0 && when != 0)
			buf_addf(out, "  %+llds", (long long)(when - before));
		buf_addc(out, '\n');
		before = when;
	}
	buf_done(&text);
}

static void
put_attempts(const struct buf *log, struct buf *out)
{
	const char *line = log->ptr, *end, *status;
	size_t n = 0;

	for (; *line != '\0'; line = end + (*end == '\n')) {
		end = line + strcspn(line, "\n");
		status = memmem(line, (size_t)(end - line), "status=", 7);
		if (status == NULL)
			continue;
		buf_addf(out, "attempt %-4zu %.15s  %.*s\n", ++n, line,
		    (int)(end - status), status);
	}
	if (n == 0)
		buf_adds(out, "attempts     none in the mail log\n");
}

static void
make_timeline(const struct queue_message *m, time_t now,
    const struct buf *log, struct buf *out)
{
	if ((m->has & QUEUE_MESSAGE_HEADERS) != 0)
		put_hops(m, now, out);
	buf_adds(out, "arrived      ");
	put_when(out, m->arrival.tv_sec, now);
	buf_addc(out, '\n');
	put_attempts(log, out);
	if (is_waiting(m, now)) {
		buf_adds(out, "next attempt ");
		put_when(out, m->st.st_mtime, now);
		buf_addc(out, '\n');
	}
	if (params.delay_warning_time > 0 && m->warn_at != -1) {
		buf_adds(out, "delay notice ");
		put_when(out, m->warn_at > 0 ? m->warn_at :
		    m->arrival.tv_sec + params.delay_warning_time, now);
		buf_addc(out, '\n');
	}
	buf_adds(out, "expires      ");
	put_when(out, expiry_of(m), now);
	buf_addc(out, '\n');
}

void
reader_make(struct queue_message *m, time_t now, int log_fd,
    struct buf *tabs)
{
	int i;

	if (!m->is_told)
		queue_message_want(m, QUEUE_MESSAGE_HEADERS, NULL);
	make_summary(m, now, &tabs[TAB_SUMMARY]);
	make_rcpts(m, &tabs[TAB_RCPTS]);
	make_log(m, log_fd, &tabs[TAB_LOG]);
	make_timeline(m, now, &tabs[TAB_LOG], &tabs[TAB_TIMELINE]);
	if (m->is_told) {
		for (i = TAB_HEADERS; i <= TAB_RECORDS; i++)
			if (i != TAB_TIMELINE)
				buf_adds(&tabs[i], "Needs direct access to "
				    "the queue.\n");
		return;
	}
	make_content(m, tabs);
	make_records(m, &tabs[TAB_RECORDS]);
}
