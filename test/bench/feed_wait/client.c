/*-------------------------------------------------------------------------
 *
 * client.c
 *	  How soon is a waiter told of an append?
 *
 *	client ours|baseline SECONDS
 *
 * Prints how many appends a second a waiter was told of, one after the other; and to
 * standard error, the median and the 99th percentile of the time from the sending of an
 * append to the waiter's return.
 *
 * ours: one connection waits by azr_feed_wait(), another one appends.
 *
 * baseline: one connection listens, another one appends, and notifies in the same
 * transaction.
 *
 * Both are driven by one process, which sends the append only when the waiter waits.  Which
 * server, libpq takes from the environment.
 *
 *-------------------------------------------------------------------------
 */
#include <libpq-fe.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define APPEND \
	"SELECT * FROM azr_append('bench', NULL, azr_root('bench', 'wait'), NULL, ARRAY['T'], ARRAY['']::bytea[])"

#define MAX_ROUNDS	1000000

/* Long enough that the waiter has begun to wait, in microseconds. */
#define PAUSE		300

static double times[MAX_ROUNDS];

static void
die(PGconn *connection)
{
	fprintf(stderr, "client: %s", PQerrorMessage(connection));
	exit(1);
}

static PGconn *
connect_to_bench(void)
{
	PGconn	   *connection = PQconnectdb("dbname=bench");

	if (PQstatus(connection) != CONNECTION_OK)
		die(connection);
	return connection;
}

static void
run(PGconn *connection, const char *sql)
{
	PGresult   *result = PQexec(connection, sql);

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

static void
send_query(PGconn *connection, const char *sql)
{
	if (!PQsendQuery(connection, sql))
		die(connection);
}

static void
wait_for_input(PGconn *connection)
{
	struct pollfd fd = {.fd = PQsocket(connection),.events = POLLIN};

	if (poll(&fd, 1, -1) != 1 || !PQconsumeInput(connection))
		die(connection);
}

/* Returns the head of the feed. */
static long long
finish_wait(PGconn *connection)
{
	PGresult   *result = PQgetResult(connection);
	long long	head;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		die(connection);
	head = atoll(PQgetvalue(result, 0, 0));
	PQclear(result);
	while ((result = PQgetResult(connection)) != NULL)
		PQclear(result);
	return head;
}

static void
finish_append(PGconn *connection)
{
	PGresult   *result;

	while ((result = PQgetResult(connection)) != NULL)
	{
		if (PQresultStatus(result) == PGRES_FATAL_ERROR)
			die(connection);
		PQclear(result);
	}
}

static void
await_notification(PGconn *connection)
{
	PGnotify   *notification;

	while ((notification = PQnotifies(connection)) == NULL)
		wait_for_input(connection);
	PQfreemem(notification);
}

static int
by_size(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	bool		ours = argc > 1 && strcmp(argv[1], "ours") == 0;
	double		seconds = argc > 2 ? atof(argv[2]) : 1;
	PGconn	   *waiter = connect_to_bench();
	PGconn	   *writer = connect_to_bench();
	long long	head = -1;
	double		end = now() + seconds;
	double		told = 0;
	int			rounds = 0;

	if (ours)
	{
		send_query(waiter, "SELECT azr_feed_wait(-1)");
		head = finish_wait(waiter);
	}
	else
		run(waiter, "LISTEN appended");

	while (now() < end && rounds < MAX_ROUNDS)
	{
		double		start;

		if (ours)
		{
			char		sql[100];

			snprintf(sql, sizeof(sql), "SELECT azr_feed_wait(%lld)", head);
			send_query(waiter, sql);
		}
		usleep(PAUSE);
		start = now();
		send_query(writer, ours ? APPEND : "BEGIN;" APPEND ";NOTIFY appended;COMMIT");
		if (ours)
		{
			long long	last = head;

			while ((head = finish_wait(waiter)) == last)
			{
				char		sql[100];

				snprintf(sql, sizeof(sql), "SELECT azr_feed_wait(%lld)", head);
				send_query(waiter, sql);
			}
		}
		else
			await_notification(waiter);
		times[rounds] = now() - start;
		told += times[rounds++];
		finish_append(writer);
	}
	qsort(times, rounds, sizeof(double), by_size);
	fprintf(stderr, "%s: p50 %.3f ms, p99 %.3f ms of %d\n", argv[1], times[rounds / 2] * 1e3,
			times[(int) (rounds * 0.99)] * 1e3, rounds);
	printf("%.1f\n", rounds / told);
	return 0;
}
