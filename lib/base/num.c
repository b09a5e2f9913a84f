/*
 * num.c - numbers from text, and sums that cannot overflow
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/base/num.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/err.h"

int
num_parse_int(const char *s, int64_t min, int64_t max, int64_t *out,
    struct err *err)
{
	const char *digits = s + (*s == '-' || *s == '+');
	char *end;
	intmax_t n;

	if (!isdigit((unsigned char)*digits))
		return err_set(err, ERR_SYNTAX, "not a number: \"%s\"", s);
	errno = 0;
	n = strtoimax(s, &end, 10);
	if (*end != '\0')
		return err_set(err, ERR_SYNTAX, "not a number: \"%s\"", s);
	if (errno == ERANGE || n < min || n > max)
		return err_set(err, ERR_LIMIT, "number out of range: \"%s\"", s);
	*out = n;
	return 0;
}

int
num_parse_uint(const char *s, uint64_t max, uint64_t *out, struct err *err)
{
	const char *p;
	uint64_t n = 0;
	bool is_over = false;

	for (p = s; *p >= '0' && *p <= '9'; p++)
		is_over |= __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
	if (p == s || *p != '\0')
		return err_set(err, ERR_SYNTAX, "not a number: \"%s\"", s);
	if (is_over || n > max)
		return err_set(err, ERR_LIMIT, "number out of range: \"%s\"", s);
	*out = n;
	return 0;
}

bool
num_scan(const char **s, int64_t *out)
{
	const char *p = *s, *first;
	int64_t n = 0;
	bool is_negative;

	while (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		p++;
	is_negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	for (first = p; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, *p - '0', &n))
			return false;
	/* Counted downwards: there is one more below zero than above. */
	if (p == first || (!is_negative && n == INT64_MIN))
		return false;
	*out = is_negative ? n : -n;
	*s = p;
	return true;
}

static const char units[] = "smhdw";
static const int64_t scale[] = { 1, 60, 3600, 86400, 604800 };

int
num_parse_time(const char *s, char unit, int64_t *seconds, struct err *err)
{
	char digits[24];
	size_t n = strlen(s);
	const char *u;
	int64_t value;

	if (n > 0 && strchr(units, tolower((unsigned char)s[n - 1])) != NULL)
		unit = (char)tolower((unsigned char)s[--n]);
	if (n == 0 || n >= sizeof(digits) || (u = strchr(units, unit)) == NULL)
		return err_set(err, ERR_SYNTAX, "bad time value or unit: %s", s);
	memcpy(digits, s, n);
	digits[n] = '\0';
	if (num_parse_int(digits, INT64_MIN, INT64_MAX, &value, NULL) == -1 ||
	    __builtin_mul_overflow(value, scale[u - units], seconds))
		return err_set(err, ERR_SYNTAX, "bad time value or unit: %s", s);
	return 0;
}

int
num_parse_duration(const char *s, int64_t *seconds, struct err *err)
{
	const char *at = s, *u;
	int64_t sum = 0, n;

	do {
		for (n = 0; isdigit((unsigned char)*at); at++)
			if (__builtin_mul_overflow(n, (int64_t)10, &n) ||
			    __builtin_add_overflow(n, (int64_t)(*at - '0'),
			    &n))
				goto bad;
		if (at == s || *at == '\0' || !isdigit((unsigned char)at[-1]) ||
		    (u = strchr(units, tolower((unsigned char)*at))) == NULL)
			goto bad;
		at++;
		if (__builtin_mul_overflow(n, scale[u - units], &n) ||
		    !num_add(sum, n, &sum))
			goto bad;
	} while (*at != '\0');
	*seconds = sum;
	return 0;
bad:
	return err_set(err, ERR_SYNTAX, "bad duration: %s", s);
}

bool
num_add(int64_t a, int64_t b, int64_t *sum)
{
	int64_t r;

	if (__builtin_add_overflow(a, b, &r))
		return false;
	*sum = r;
	return true;
}
