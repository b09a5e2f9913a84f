/*
 * ip_pattern.h - "ADDR", "NET/LEN" and their bracketed forms (spec/tables.md 6.1)
 */
#ifndef LIB_TABLE_IP_PATTERN_H
#define LIB_TABLE_IP_PATTERN_H

#include <stdbool.h>

struct err;

struct ip_address {
	int		 family;	/* AF_INET or AF_INET6 */
	unsigned char	 bytes[16];	/* network order */
};

struct ip_pattern {
	struct ip_address net;
	int		 bits;		/* leading bits that count */
};

/* ip_address_parse - numeric text without brackets; false: no address */
bool	ip_address_parse(struct ip_address *a, const char *text);

/*
 * ip_pattern_parse - one pattern, without blanks
 *
 * Returns 0, or -1 with the reason of 6.3: ERR_LIMIT when bits are set behind
 * the mask, ERR_SYNTAX for the rest.
 */
int	ip_pattern_parse(struct ip_pattern *p, const char *text,
	    struct err *err);
/* ip_pattern_matches - same family and leading bits */
bool	ip_pattern_matches(const struct ip_pattern *p,
	    const struct ip_address *a);

#endif
