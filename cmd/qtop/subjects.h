/*
 * subjects.h - the subjects of the messages that are on the screen
 *
 * A million headers are not read for a screen of fifty rows: what the list
 * shows is asked for before it is drawn, read by a worker, and kept for a
 * while. Subjects can be filtered by, but not sorted by.
 */
#ifndef CMD_QTOP_SUBJECTS_H
#define CMD_QTOP_SUBJECTS_H

#include <stdbool.h>
#include <stdint.h>

struct model;
struct subjects;

struct subjects	*subjects_new(void);
void	subjects_free(struct subjects *s);
/* subjects_want - let a worker read those on the screen that are not known; false when none is missing */
bool	subjects_want(struct model *m);
/* subjects_text - of the row with this serial number; "" when it is not known yet, or s is NULL */
const char	*subjects_text(const struct subjects *s, uint32_t serial);

#endif
