/*
 * schema.h - the JSON schema of what postqueue writes
 */
#ifndef CMD_POSTQUEUE_SCHEMA_H
#define CMD_POSTQUEUE_SCHEMA_H

struct buf;

/* schema_print - append it (JSON Schema 2020-12): messages, groups, shapes */
void	schema_print(struct buf *out);

#endif
