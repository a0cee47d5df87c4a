/*-------------------------------------------------------------------------
 *
 * client.c
 *	  8 clients on one stream, each writing a field of its own.
 *
 *	client ours|baseline SECONDS
 *
 * Prints how many commands a second were committed.
 *
 * baseline: strict appends.  A command that finds that others were faster loads what
 * is new, applies it to its state, and tries again.  The client keeps its state, so
 * that it never loads an event twice.
 *
 * ours: azr_append_commutative, which returns the state to go on with.
 *
 * A state is a message of 8 fields of type fixed32; an event is a message with the
 * field that was changed.  Which server, libpq takes from the environment.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>
#include <endian.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS		8
#define FIELD_BYTES	5			/* tag and value */
#define STATE_BYTES (CLIENTS * FIELD_BYTES)
#define ROOT		"azr_root('bench', 'hot')"

typedef struct Client
{
	PGconn	   *connection;
	int			field;			/* from 0 */
	int64_t		next;			/* sequence */
	uint8_t		state[STATE_BYTES];
} Client;

static void
die(PGconn *connection, PGresult *result)
{
	fprintf(stderr, "client: %s", result ? PQresultErrorMessage(result) : PQerrorMessage(connection));
	exit(1);
}

static void
prepare(PGconn *connection, const char *name, const char *sql)
{
	PGresult   *result = PQprepare(connection, name, sql, 0, NULL);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		die(connection, result);
	PQclear(result);
}

/*
 * Run a statement with binary parameters and results.  Returns NULL where it failed
 * with 'expected_error'.
 */
static PGresult *
run(PGconn *connection, const char *name, int nparams, const void *const *values,
	const int *lengths, const char *expected_error)
{
	static const int formats[] = {1, 1, 1};
	PGresult   *result = PQexecPrepared(connection, name, nparams, (const char *const *) values,
										lengths, formats, 1);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	if (expected_error == NULL || state == NULL || strcmp(state, expected_error) != 0)
		die(connection, result);
	PQclear(result);
	return NULL;
}

static int64_t
get_int64(PGresult *result, int row, int column)
{
	uint64_t	value;

	memcpy(&value, PQgetvalue(result, row, column), sizeof(value));
	return (int64_t) be64toh(value);
}

static void
load_new(Client *client)
{
	uint64_t	from = htobe64((uint64_t) client->next);
	const void *values[] = {&from};
	const int	lengths[] = {sizeof(from)};
	PGresult   *result = run(client->connection, "load", 1, values, lengths, NULL);

	for (int row = 0; row < PQntuples(result); row++)
	{
		const uint8_t *event = (const uint8_t *) PQgetvalue(result, row, 1);

		client->next = get_int64(result, row, 0) + 1;
		memcpy(client->state + ((event[0] >> 3) - 1) * FIELD_BYTES, event, FIELD_BYTES);
	}
	PQclear(result);
}

/*
 * Count the client's field up, and commit that.
 */
static void
command(Client *client, bool ours)
{
	PGresult   *result = NULL;

	while (result == NULL)
	{
		uint64_t	expected = htobe64((uint64_t) client->next);
		uint8_t		state[STATE_BYTES];
		uint8_t    *event = state + client->field * FIELD_BYTES;
		const void *values[] = {&expected, event, state};
		const int	lengths[] = {sizeof(expected), FIELD_BYTES, STATE_BYTES};
		uint32_t	count;

		memcpy(state, client->state, STATE_BYTES);
		memcpy(&count, event + 1, sizeof(count));
		count = htole32(le32toh(count) + 1);
		memcpy(event + 1, &count, sizeof(count));

		result = run(client->connection, "append", ours ? 3 : 2, values, lengths,
					 ours ? NULL : "ZR001");
		if (result != NULL && !ours)
			memcpy(client->state, state, STATE_BYTES);
		else if (result == NULL)
			load_new(client);
	}
	client->next = get_int64(result, 0, 0);
	if (ours)
		memcpy(client->state, PQgetvalue(result, 0, 1), STATE_BYTES);
	PQclear(result);
}

static void
run_client(int field, bool ours, time_t end, int64_t *committed)
{
	Client		client = {
		.connection = PQconnectdb("dbname=bench"),
		.field = field
	};

	if (PQstatus(client.connection) != CONNECTION_OK)
		die(client.connection, NULL);
	prepare(client.connection, "load",
			"SELECT sequence, payload FROM azr_load('bench', NULL, " ROOT ", $1::bigint)");
	prepare(client.connection, "append", ours
			? "SELECT next_sequence, state FROM azr_append_commutative('bench', NULL, " ROOT ", $1::bigint, "
			"ARRAY['Counted'], ARRAY[$2::bytea], 'Counters', $3::bytea)"
			: "SELECT next_sequence FROM azr_append('bench', NULL, " ROOT ", $1::bigint, "
			"ARRAY['Counted'], ARRAY[$2::bytea])");
	for (int i = 0; i < CLIENTS; i++)
		client.state[i * FIELD_BYTES] = (uint8_t) ((i + 1) << 3 | 5);
	load_new(&client);
	while (time(NULL) < end)
	{
		command(&client, ours);
		++*committed;
	}
	PQfinish(client.connection);
}

int
main(int argc, char **argv)
{
	bool		ours = argc == 3 && strcmp(argv[1], "ours") == 0;
	int			seconds = argc == 3 ? atoi(argv[2]) : 0;

	/* cppcheck-suppress invalidFunctionArg */
	int64_t    *committed = mmap(NULL, CLIENTS * sizeof(int64_t), PROT_READ | PROT_WRITE,
								 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t		total = 0;
	bool		failed = false;
	time_t		end;

	if (seconds <= 0 || (!ours && strcmp(argv[1], "baseline") != 0) || committed == MAP_FAILED)
	{
		fprintf(stderr, "usage: client ours|baseline SECONDS\n");
		return 1;
	}

	/* whole seconds */
	for (end = time(NULL); time(NULL) == end;)
		usleep(1000);
	end += 1 + seconds;

	for (int i = 0; i < CLIENTS; i++)
		if (fork() == 0)
		{
			run_client(i, ours, end, &committed[i]);
			return 0;
		}
	for (int i = 0; i < CLIENTS; i++)
	{
		int			status;

		wait(&status);
		failed |= status != 0;
	}
	for (int i = 0; i < CLIENTS; i++)
		total += committed[i];
	if (failed || total == 0)
		return 1;
	printf("%.1f\n", (double) total / seconds);
	return 0;
}
