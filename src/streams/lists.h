/*-------------------------------------------------------------------------
 *
 * lists.h
 *	  Which domains have streams, in SQL.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZR_LISTS_H
#define AZR_LISTS_H

/*
 * d(domain): the domains that have streams, and a NULL.  One index probe a domain, however many
 * streams each has: PostgreSQL's wiki calls it a loose index scan.
 */
#define AZR_WITH_DOMAINS \
	"WITH RECURSIVE d AS (" \
	"(SELECT s.domain FROM %s.azr_streams s ORDER BY s.domain LIMIT 1) " \
	"UNION ALL " \
	"SELECT (SELECT s.domain FROM %s.azr_streams s " \
	"WHERE s.domain > d.domain ORDER BY s.domain LIMIT 1) " \
	"FROM d WHERE d.domain IS NOT NULL) "

#endif							/* AZR_LISTS_H */
