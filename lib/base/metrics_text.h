/*
 * metrics_text.h - the forms of OpenMetrics text
 */
#ifndef LIB_BASE_METRICS_TEXT_H
#define LIB_BASE_METRICS_TEXT_H

struct buf;

/*
 * metrics_family - begin a family: TYPE, UNIT, HELP
 *
 * name		without "posthorn_", and without "_total" of a counter
 * unit		"", or the last word of the name
 */
void	metrics_family(struct buf *out, const char *name, const char *type,
	    const char *unit, const char *help);
/* metrics_label - append a label's value, from a stranger: visible, backslash and quote escaped */
void	metrics_label(struct buf *out, const char *value);
/* metrics_end - how long the look took, whether it saw everything, and the end of the text */
void	metrics_end(struct buf *out, long long took_ms, int is_up);

#endif
