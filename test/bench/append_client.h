/*-------------------------------------------------------------------------
 *
 * append_client.h
 *	  What does an append cost in a database of which something was said?
 *
 * A client.c defines what is said, SAID, and includes this.
 *
 *	client ours|baseline SECONDS
 *
 * Prints how many events a second were appended, one by one, to one of 10,000 streams.
 *
 * ours: after SAID.
 *
 * baseline: without.
 *
 * Which server, libpq takes from the environment.
 *
 *-------------------------------------------------------------------------
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
die(PGconn *connection)
{
	fprintf(stderr, "client: %s", PQerrorMessage(connection));
	exit(1);
}

static void
check(PGconn *connection, PGresult *result)
{
	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
		die(connection);
	PQclear(result);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	PGconn	   *connection = PQconnectdb("dbname=bench options='-c synchronous_commit=off'");
	unsigned int seed = 1;
	long		appended = 0;
	double		start,
				end;

	if (PQstatus(connection) != CONNECTION_OK)
		die(connection);
	if (argc != 3)
		return 1;
	if (strcmp(argv[1], "ours") == 0)
		check(connection, PQexec(connection, SAID));
	check(connection, PQexec(connection, "CHECKPOINT"));
	check(connection, PQprepare(connection, "append",
								"SELECT * FROM azr_append('bench', NULL, ('00000000000000000000000000' || $1)::uuid, NULL,"
								" ARRAY['com.example.bank.v1.AmountWasDeposited.x'],"
								" ARRAY[decode(repeat('ab', 64), 'hex')])", 1, NULL));
	start = now();
	do
	{
		char		stream[16];
		const char *values[] = {stream};

		/* looking at the clock costs less than an append by far */
		snprintf(stream, sizeof(stream), "%d", 100000 + rand_r(&seed) % 10000);
		check(connection, PQexecPrepared(connection, "append", 1, values, NULL, NULL, 0));
		appended++;
		end = now();
	} while (end - start < atof(argv[2]));
	printf("%f\n", appended / (end - start));
	PQfinish(connection);
	return 0;
}
