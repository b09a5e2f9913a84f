/*
 * queue_select_value.c - values of a selection, made comparable once
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/queue/queue_select.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/queue/queue_reason.h"
#include "lib/queue/queue_select_lex.h"

bool
test_is_id(const struct test *t)
{
	return t->field != NULL && strcmp(t->field->name, "id") == 0;
}

/* The A-label form of a domain that is not ASCII; letters in lower case. */
static void
fold_domain(struct buf *out, const char *domain)
{
	char *ascii = NULL;
	size_t from = out->len;

	if (!text_is_ascii(domain) && idn2_to_ascii_8z(domain, &ascii,
	    IDN2_NONTRANSITIONAL) == IDN2_OK)
		buf_adds(out, ascii);
	else
		buf_adds(out, domain);
	idn2_free(ascii);
	text_lower(out->ptr + from);
}

void
literal_fold(struct buf *out, enum queue_field_type type, bool is_id,
    const char *text)
{
	const char *at;
	struct buf local = BUF_INIT;

	if (is_id) {
		buf_adds(out, text);
		return;
	}
	switch (type) {
	case FIELD_DOMAIN:
		fold_domain(out, text);
		break;
	case FIELD_ADDRESS:
		if (strcmp(text, "<>") == 0)
			return;
		if ((at = strrchr(text, '@')) == NULL) {
			text_fold(out, text);
			break;
		}
		buf_add(&local, text, (size_t)(at - text));
		text_fold(out, local.ptr);
		buf_addc(out, '@');
		fold_domain(out, at + 1);
		buf_done(&local);
		break;
	default:
		text_fold(out, text);
		break;
	}
}

bool
literal_ip(const char *text, struct literal *out)
{
	char copy[64];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	uint64_t prefix;
	unsigned most;

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, out->ip) == 1)
		out->family = AF_INET;
	else if (inet_pton(AF_INET6, copy, out->ip) == 1)
		out->family = AF_INET6;
	else
		return false;
	most = out->family == AF_INET ? 32 : 128;
	out->prefix = most;
	if (slash != NULL) {
		if (num_parse_uint(slash + 1, most, &prefix, NULL) == -1)
			return false;
		out->prefix = (unsigned)prefix;
	}
	return true;
}

static bool
parse_size(const char *text, int64_t *out)
{
	int64_t n = 0, unit = 1;
	const char *p;

	for (p = text; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(n, (int64_t)10, &n) ||
		    __builtin_add_overflow(n, (int64_t)(*p - '0'), &n))
			return false;
	if (p == text)
		return false;
	switch (toupper((unsigned char)*p)) {
	case 'K': unit = 1024; p++; break;
	case 'M': unit = 1024 * 1024; p++; break;
	case 'G': unit = 1024 * 1024 * 1024; p++; break;
	}
	return *p == '\0' && !__builtin_mul_overflow(n, unit, out);
}

static int64_t
midnight(time_t now, int days)
{
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return now;
	tm.tm_sec = tm.tm_min = tm.tm_hour = 0;
	tm.tm_mday += days;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

/* RFC 3339; without an offset it is local time, without a time midnight. */
static bool
parse_date(const char *text, int64_t *out)
{
	struct tm tm = { 0 };
	int n = 0, sign, hours, minutes;

	if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon,
	    &tm.tm_mday, &n) != 3 || n != 10)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	tm.tm_isdst = -1;
	text += n;
	if (*text == 'T' || *text == 't' || *text == ' ') {
		text++;
		if (sscanf(text, "%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &n)
		    != 2 || n != 5)
			return false;
		text += n;
		if (*text == ':') {
			if (sscanf(text, ":%2d%n", &tm.tm_sec, &n) != 1 ||
			    n != 3)
				return false;
			text += n;
		}
	}
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour < 0 || tm.tm_hour > 24 ||
	    tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
	    tm.tm_sec > 60)
		return false;
	if (*text == '\0') {
		*out = mktime(&tm);
		return true;
	}
	tm.tm_isdst = 0;
	*out = timegm(&tm);
	if (strcasecmp(text, "Z") == 0)
		return true;
	if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 ||
	    n != 5 || text[1 + n] != '\0' || (*text != '+' && *text != '-'))
		return false;
	sign = *text == '+' ? -1 : 1;
	*out += sign * (hours * 3600 + minutes * 60);
	return true;
}

/* p's token is the first word of the time; "now - 2h" may take three. */
static bool
parse_time(struct parser *p, int64_t *out)
{
	const char *text = p->value.ptr, *minus;
	int64_t back = 0;
	bool with_blanks;

	if (strcasecmp(text, "today") == 0) {
		*out = midnight(p->now, 0);
		return true;
	}
	if (strcasecmp(text, "yesterday") == 0) {
		*out = midnight(p->now, -1);
		return true;
	}
	if (strncasecmp(text, "now", 3) != 0)
		return parse_date(text, out);
	minus = text + 3;
	with_blanks = *minus == '\0' && lex_next_is_word(p, "-");
	if (with_blanks) {
		lex_advance(p);
		lex_advance(p);
		if (p->token != T_WORD || num_parse_duration(
		    p->value.ptr, &back, NULL) == -1)
			return false;
	} else if (*minus == '-') {
		if (num_parse_duration(minus + 1, &back, NULL) == -1)
			return false;
	} else if (*minus != '\0') {
		return false;
	}
	*out = p->now - back;
	return true;
}

const char *
literal_type_name(enum queue_field_type type)
{
	static const char *const names[] = { "an address", "a domain",
	    "a text", "a number", "a size such as 4k or 10M",
	    "a duration such as 90s or 1d12h",
	    "a time such as 2026-11-21T14:00, today, now-2h",
	    "an IP address or network", "a queue", "a reason class",
	    "a flag" };

	return names[type];
}

static bool
is_queue(const char *name)
{
	static const char *const queues[] = { "incoming", "active",
	    "deferred", "hold", "maildrop", "corrupt", "trash" };
	size_t i;

	for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		if (strcasecmp(queues[i], name) == 0)
			return true;
	return false;
}

/*
 * Make text comparable for a test. quoted: a string, in which '*' is no glob.
 * False when it is not of the field's type.
 */
bool
literal_make(struct parser *p, const struct test *t, const char *text,
    bool quoted, struct literal *out)
{
	enum queue_field_type type = t->field != NULL ? t->field->type :
	    FIELD_TEXT;
	struct buf folded = BUF_INIT;

	memset(out, 0, sizeof(*out));
	switch (type) {
	case FIELD_NUMBER:
		return num_parse_int(text, INT64_MIN, INT64_MAX, &out->number,
		    NULL) == 0;
	case FIELD_SIZE:
		return parse_size(text, &out->number);
	case FIELD_DURATION:
		return num_parse_duration(text, &out->number, NULL) == 0;
	case FIELD_TIME:
		return parse_time(p, &out->number);
	case FIELD_IP:
		return literal_ip(text, out);
	case FIELD_QUEUE:
		if (!is_queue(text))
			return false;
		break;
	case FIELD_CLASS:
		if (queue_reason_class_find(text) == REASON_COUNT)
			return false;
		break;
	default:
		out->is_glob = !quoted && strpbrk(text, "*?") != NULL;
		break;
	}
	literal_fold(&folded, type, test_is_id(t), text);
	out->text = buf_take(&folded);
	return true;
}

bool
queue_select_time(const char *text, time_t now, time_t *out)
{
	struct parser p = { .text = text, .next = text, .at = text,
	    .value = BUF_INIT, .now = now };
	int64_t when;
	bool is_good = true;

	if (num_parse_duration(text, &when, NULL) == 0) {
		*out = now - when;
		return true;
	}
	lex_advance(&p);
	is_good = p.token == T_WORD && parse_time(&p, &when);
	if (is_good) {
		lex_advance(&p);
		is_good = p.token == T_END && !p.has_failed;
	}
	if (is_good)
		*out = (time_t)when;
	buf_done(&p.value);
	return is_good;
}
