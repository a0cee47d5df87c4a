/*-------------------------------------------------------------------------
 *
 * extension.h
 *	  Where the extension lives in this database, and who owns its tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_EXTENSION_H
#define AZR_EXTENSION_H

extern Oid	azr_extension_schema(void);
extern Oid	azr_extension_owner(void);
extern char *azr_extension_schema_name(void);
extern uint64 azr_extension_finding(void);

#endif							/* AZR_EXTENSION_H */
