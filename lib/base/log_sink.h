/*
 * log_sink.h - where the objects of log_json.h are written, without waiting
 *
 * A file is appended to with one write a line, so that lines of many processes
 * do not mix. A socket, of datagrams or of a stream, gets what it has room
 * for. Nothing here waits for a reader: what cannot be written is lost and
 * counted. That a target fails is logged once, and how much was lost when it
 * works again.
 */
#ifndef LIB_BASE_LOG_SINK_H
#define LIB_BASE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* log_sink_open - see log_json_open; false for "" or what is no target */
bool	log_sink_open(const char *target, const char *relative, mode_t mode);
/* log_sink_is_target - "", "/FILE", "unix:/SOCKET" or "stdout" */
bool	log_sink_is_target(const char *target);
/* log_sink_write - a line with its end, at most LOG_JSON_LINE_MAX bytes */
void	log_sink_write(const char *line, size_t len);
/* log_sink_lost - one more line could not be written */
void	log_sink_lost(void);

#endif
