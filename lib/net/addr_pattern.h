/*
 * addr_pattern.h - "127.0.0.[2;4..8]": which answers of a DNS list count
 *
 * Four fields; a field is a number or a list of numbers and ranges in
 * brackets. Used with reject_rbl_client and its kin (NAME=PATTERN).
 */
#ifndef LIB_NET_ADDR_PATTERN_H
#define LIB_NET_ADDR_PATTERN_H

#include <stdbool.h>

struct err;

struct addr_pattern {
	/* A bit for each value that a byte of the address may have. */
	unsigned char	fields[4][32];
};

/*
 * addr_pattern_parse - 0, or -1 with ERR_SYNTAX
 *
 * err		'need decimal number 0..255 or "[" at "127.0.0.>x<"': the place
 *		stands between > and <
 */
int	addr_pattern_parse(struct addr_pattern *p, const char *text,
	    struct err *err);
/* addr_pattern_matches - bytes: an IPv4 address in network order */
bool	addr_pattern_matches(const struct addr_pattern *p,
	    const unsigned char bytes[4]);

#endif
