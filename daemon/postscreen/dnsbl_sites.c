/*
 * dnsbl_sites.c - postscreen_dnsbl_sites: lists, answers, weights
 *
 * SPDX-License-Identifier: ISC
 */
#include "daemon/postscreen/dnsbl_sites.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/net/addr_pattern.h"

#define WEIGHT_MAX	100000	/* no sum of them overflows */

struct filter {
	bool		 takes_any;
	struct addr_pattern pattern;
	int		 weight;
};

struct site {
	char		*domain;
	struct filter	*filters;
	size_t		 count;
};

struct dnsbl_sites {
	struct site	*sites;
	size_t		 count;
};

static struct site *
find_site(struct dnsbl_sites *s, const char *domain)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcasecmp(s->sites[i].domain, domain) == 0)
			return s->sites + i;
	s->sites = xreallocarray(s->sites, s->count + 1, sizeof(*s->sites));
	s->sites[s->count] = (struct site){ .domain = xstrdup(domain) };
	return s->sites + s->count++;
}

/* "domain=pattern*weight", cut in place. */
static int
parse_entry(struct dnsbl_sites *s, char *text, struct err *err)
{
	struct filter f = { .takes_any = true, .weight = 1 };
	struct err why = ERR_INIT;
	char *whole = xstrdup(text), *weight, *pattern;
	struct site *site;
	int64_t n;
	int rc = -1;

	if ((weight = strchr(text, '*')) != NULL)
		*weight++ = '\0';
	if ((pattern = strchr(text, '=')) != NULL)
		*pattern++ = '\0';
	if (weight != NULL && num_parse_int(weight, -WEIGHT_MAX, WEIGHT_MAX,
	    &n, NULL) == -1) {
		err_set(err, ERR_SYNTAX, "bad DNSBL weight factor \"%s\" in "
		    "\"%s\"", weight, whole);
	} else if (pattern != NULL &&
	    addr_pattern_parse(&f.pattern, pattern, &why) == -1) {
		err_set(err, ERR_SYNTAX, "bad DNSBL filter syntax: %s",
		    why.text);
	} else if (!address_is_hostname(text)) {
		err_set(err, ERR_SYNTAX, "bad DNSBL domain name \"%s\" in "
		    "\"%s\"", text, whole);
	} else {
		f.takes_any = pattern == NULL;
		if (weight != NULL)
			f.weight = (int)n;
		site = find_site(s, text);
		site->filters = xreallocarray(site->filters, site->count + 1,
		    sizeof(*site->filters));
		site->filters[site->count++] = f;
		rc = 0;
	}
	free(whole);
	return rc;
}

struct dnsbl_sites *
dnsbl_sites_parse(const char *list, struct err *err)
{
	struct dnsbl_sites *s = xcalloc(1, sizeof(*s));
	char *copy = xstrdup(list), *rest = copy, *word;
	int rc = 0;

	while (rc == 0 && (word = text_split(&rest, TEXT_LIST_SEP)) != NULL)
		rc = parse_entry(s, word, err);
	free(copy);
	if (rc == 0)
		return s;
	dnsbl_sites_free(s);
	return NULL;
}

void
dnsbl_sites_free(struct dnsbl_sites *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->count; i++) {
		free(s->sites[i].domain);
		free(s->sites[i].filters);
	}
	free(s->sites);
	free(s);
}

size_t
dnsbl_sites_count(const struct dnsbl_sites *s)
{
	return s->count;
}

const char *
dnsbl_sites_domain(const struct dnsbl_sites *s, size_t n)
{
	return s->sites[n].domain;
}

/* Is one of the addresses what this filter is for? */
static bool
takes(const struct filter *f, const char *addresses)
{
	char *copy = xstrdup(addresses), *rest = copy, *word;
	struct in_addr addr;
	bool found = false;

	while (!found && (word = text_split(&rest, " ")) != NULL)
		found = inet_pton(AF_INET, word, &addr) == 1 && (f->takes_any ||
		    addr_pattern_matches(&f->pattern,
		    (const unsigned char *)&addr));
	free(copy);
	return found;
}

int
dnsbl_sites_score(const struct dnsbl_sites *s, size_t n, const char *addresses)
{
	const struct site *site = s->sites + n;
	int score = 0;
	size_t i;

	for (i = 0; i < site->count; i++)
		if (takes(site->filters + i, addresses))
			score += site->filters[i].weight;
	return score;
}
