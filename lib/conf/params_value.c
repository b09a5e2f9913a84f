/*
 * params_value.c - the text of a parameter becomes a number, a time, a yes or no
 *
 * The messages are what other software may look for (spec/postconf.md 4).
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/conf/params_internal.h"

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/num.h"

char
params_time_unit(const char *default_text)
{
	size_t n = strlen(default_text);

	if (n == 0 || !isalpha((unsigned char)default_text[n - 1]))
		return 's';
	return (char)tolower((unsigned char)default_text[n - 1]);
}

static int
parse_number(const struct params_row *row, const char *name, const char *text,
    int64_t lo, int64_t hi, int64_t *n, struct err *err)
{
	if (num_parse_int(text, lo, hi, n, NULL) == -1)
		return err_set(err, ERR_CONFIG,
		    "bad numerical configuration: %s = %s", name, text);
	if (row->min != 0 && *n < row->min)
		return err_set(err, ERR_CONFIG, "invalid %s parameter value "
		    "%lld < %ld", name, (long long)*n, row->min);
	if (row->max != 0 && *n > row->max)
		return err_set(err, ERR_CONFIG, "invalid %s parameter value "
		    "%lld > %ld", name, (long long)*n, row->max);
	return 0;
}

static int
parse_time(const struct params_row *row, const char *name, const char *text,
    char unit, int64_t *n, struct err *err)
{
	if (num_parse_time(text, unit, n, NULL) == -1 ||
	    *n < 0 || *n > INT_MAX)
		return err_set(err, ERR_CONFIG,
		    "parameter %s: bad time value or unit: %s", name, text);
	if (row->min != 0 && *n < row->min)
		return err_set(err, ERR_CONFIG, "invalid %s: %s (min %ld)",
		    name, text, row->min);
	if (row->max != 0 && *n > row->max)
		return err_set(err, ERR_CONFIG, "invalid %s: %s (max %ld)",
		    name, text, row->max);
	return 0;
}

static int
check_length(const struct params_row *row, const char *name, const char *text,
    struct err *err)
{
	bool is_raw = row->type == PARAMS_RAW;
	long len = (long)strlen(text);
	const char *sign;
	long bound;

	if (row->min != 0 && len < row->min) {
		sign = "<";
		bound = row->min;
	} else if (row->max != 0 && len > row->max) {
		sign = ">";
		bound = row->max;
	} else {
		return 0;
	}
	return err_set(err, ERR_CONFIG, is_raw ?
	    "bad string length (%ld %s %ld): %s = %s" :
	    "bad string length %ld %s %ld: %s = %s", len, sign, bound, name,
	    text);
}

int
params_store(struct params *p, const struct params_row *row,
    const char *name, const char *text, char unit, struct err *err)
{
	char *member = (char *)p + row->offset;
	int64_t n;

	switch (row->type) {
	case PARAMS_STRING:
	case PARAMS_RAW:
		if (check_length(row, name, text, err) == -1)
			return -1;
		memcpy(member, &text, sizeof(text));
		return 0;
	case PARAMS_INT:
		if (parse_number(row, name, text, INT_MIN, INT_MAX, &n,
		    err) == -1)
			return -1;
		*(int *)(void *)member = (int)n;
		return 0;
	case PARAMS_LONG:
		if (parse_number(row, name, text, LONG_MIN, LONG_MAX, &n,
		    err) == -1)
			return -1;
		*(long *)(void *)member = (long)n;
		return 0;
	case PARAMS_TIME:
		if (parse_time(row, name, text, unit, &n, err) == -1)
			return -1;
		*(int *)(void *)member = (int)n;
		return 0;
	case PARAMS_BOOL:
		if (strcasecmp(text, "yes") != 0 && strcasecmp(text, "no") != 0)
			return err_set(err, ERR_CONFIG,
			    "bad boolean configuration: %s = %s", name, text);
		*(bool *)(void *)member = strcasecmp(text, "yes") == 0;
		return 0;
	}
	return 0;
}

int
params_check_value(const struct params_row *row, const char *name,
    const char *text, char unit, struct err *err)
{
	struct params scratch;

	return params_store(&scratch, row, name, text, unit, err);
}
