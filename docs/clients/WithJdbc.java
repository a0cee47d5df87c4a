// angzarr with JDBC: load, decide, append; and all of it again after a conflict. Then follow the feed.
//
// Usage: java -cp postgresql.jar WithJdbc.java JDBC-URL, of a database that has the extension in schema es

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.postgresql.util.PSQLException;

public class WithJdbc {
    // What is worth another attempt: another writer was faster, the transaction was too old (at
    // REPEATABLE READ and SERIALIZABLE), or it was ended for a deadlock. Any other error is the caller's.
    private static final Set<String> CONFLICTS = Set.of("ZR001", "40001", "40P01");
    private static final int ATTEMPTS = 10;

    private record Account(long balance, long expected) {}

    private record Events(String[] types, byte[][] payloads) {}

    private interface Command {
        Events decide(long balance) throws SQLException;
    }

    private record Fetched(long position, String stream, long sequence, String type, byte[] payload) {}

    private interface Handler {
        void handle(Fetched event) throws SQLException, CannotHandle;
    }

    // An event that this program cannot handle as it is.
    private static class CannotHandle extends Exception {
        CannotHandle(String reason, Exception cause) {
            super(reason, cause);
        }
    }

    private final Connection connection;
    private final UUID root = UUID.randomUUID();

    private WithJdbc(Connection connection) {
        this.connection = connection;
    }

    // Appends events and returns what came of it. Without an expected sequence they take what is next.
    private String append(Long expected, Events events, String externalId) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT * FROM es.azr_append('account', NULL, ?, ?, ?, ?, external_id => ?)")) {
            statement.setObject(1, root);
            statement.setObject(2, expected, Types.BIGINT);
            statement.setArray(3, connection.createArrayOf("text", events.types()));
            statement.setArray(4, connection.createArrayOf("bytea", events.payloads()));
            statement.setString(5, externalId);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return describe(row);
            }
        }
    }

    private static String describe(ResultSet row) throws SQLException {
        return row.getString(1) + " " + row.getLong(2) + " " + row.getLong(3) + " " + row.getLong(4);
    }

    // Returns what came of the append with this id, or null. What a cascade has revoked is not committed.
    private String find(String externalId) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT 'duplicate', min(sequence), max(sequence), max(sequence) + 1 "
                        + "FROM es.azr_find_by_external_id('account', NULL, ?, ?) WHERE committed HAVING count(*) > 0")) {
            statement.setObject(1, root);
            statement.setString(2, externalId);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? describe(row) : null;
            }
        }
    }

    // Replays the stream: the balance, and the sequence that the next event gets.
    private Account load() throws SQLException {
        long balance = 0;
        long expected = 0;
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT sequence, type, payload FROM es.azr_load_effective('account', NULL, ?)")) {
            statement.setObject(1, root);
            try (ResultSet event = statement.executeQuery()) {
                while (event.next()) {
                    switch (event.getString(2)) {
                        case "Deposited" -> balance += Long.parseLong(new String(event.getBytes(3), UTF_8));
                        case "Withdrawn" -> balance -= Long.parseLong(new String(event.getBytes(3), UTF_8));
                        default -> { }
                    }
                    expected = event.getLong(1) + 1;
                }
            }
        }
        return new Account(balance, expected);
    }

    // Runs a command. What it decides depends on the balance, so a conflict has it decide again.
    //
    // A command that is stored already is not decided again: on its own result it might be refused.
    // It is looked for after the load, so that what is not found is not in the balance either.
    private String execute(Command command, String commandId) throws SQLException {
        for (int attempt = 1; ; attempt++) {
            Account account = load();
            String stored = find(commandId);
            if (stored != null) {
                return stored;
            }
            Events events = command.decide(account.balance());
            try {
                return append(account.expected(), events, commandId);
            } catch (PSQLException error) {
                if (!CONFLICTS.contains(error.getSQLState()) || attempt == ATTEMPTS) {
                    throw error;
                }
                System.out.println("conflict: " + error.getSQLState() + " " + error.getServerErrorMessage().getDetail());
            }
        }
    }

    private Events withdraw(long balance) throws SQLException {
        System.out.println("decide: the balance is " + balance);
        // To show a conflict, somebody else deposits between our load and our append. The id makes
        // that happen once, however often we decide.
        append(null, new Events(new String[] {"Deposited"}, new byte[][] {"5".getBytes(UTF_8)}), "transfer-9");
        if (balance < 60) {
            throw new IllegalStateException("not enough");
        }
        return new Events(new String[] {"Withdrawn"}, new byte[][] {"60".getBytes(UTF_8)});
    }

    // Works for a group. A program that goes on waits for longer, and does not return.
    private void follow(String group, Handler handler) throws SQLException {
        for (long head = -1, found; ; head = found) {
            while (work("azr_fetch", group, handler) > 0) { }
            // nothing is left, or other workers have it: a transaction of its own that waits for more
            try (PreparedStatement statement = connection.prepareStatement(
                    "SELECT es.azr_feed_wait(?, timeout => '100 ms')")) {
                statement.setLong(1, head);
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    found = row.getLong(1);
                }
            }
            if (found == head) {
                return;
            }
        }
    }

    // Handles a batch in one transaction, with what the handler does in this database, and returns
    // its size. After an error that is no CannotHandle, the events are given again.
    private int work(String function, String group, Handler handler) throws SQLException {
        connection.setAutoCommit(false);
        try {
            List<Fetched> events = fetch(function, group);
            Set<String> parked = new HashSet<>();
            for (int i = 0, next; i < events.size(); i = next) {
                Fetched first = events.get(i);
                // a confirmation gives several events at its one position: all of them are handled, or none
                for (next = i + 1; next < events.size() && events.get(next).position() == first.position(); next++) { }
                if (parked.contains(first.stream())) {
                    continue; // they wait for what is parked: azr_retry gives them after it
                }
                Savepoint savepoint = connection.setSavepoint();
                try {
                    for (Fetched event : events.subList(i, next)) {
                        handler.handle(event);
                    }
                } catch (CannotHandle error) {
                    connection.rollback(savepoint);
                    park(group, first.position(), error.getMessage());
                    parked.add(first.stream());
                }
                connection.releaseSavepoint(savepoint);
            }
            connection.commit();
            return events.size();
        } finally {
            connection.rollback(); // after the commit, there is nothing to roll back
            connection.setAutoCommit(true);
        }
    }

    private List<Fetched> fetch(String function, String group) throws SQLException {
        List<Fetched> events = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT position, domain || '/' || root, sequence, type, payload FROM es." + function + "(?)")) {
            statement.setString(1, group);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    events.add(new Fetched(row.getLong(1), row.getString(2), row.getLong(3), row.getString(4), row.getBytes(5)));
                }
            }
        }
        return events;
    }

    private void park(String group, long position, String reason) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT es.azr_park(?, ?, ?)")) {
            statement.setString(1, group);
            statement.setLong(2, position);
            statement.setString(3, reason);
            statement.execute();
        }
    }

    // A group is created once. This one begins after what is there.
    private void createGroup(String group) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT es.azr_group_create(?, after => es.azr_feed_advance(), domains => ARRAY['account'])")) {
            statement.setString(1, group);
            statement.execute();
        }
    }

    private static void handleText(Fetched event) throws CannotHandle {
        String text;
        try {
            text = UTF_8.newDecoder().decode(ByteBuffer.wrap(event.payload())).toString();
        } catch (CharacterCodingException error) {
            System.out.println("park: " + event.sequence() + " " + event.type());
            throw new CannotHandle("the payload is no text", error);
        }
        System.out.println("handle: " + event.sequence() + " " + event.type() + " " + text);
    }

    private static void handleBytes(Fetched event) {
        System.out.println("retry: " + event.sequence() + " " + event.type() + " "
                + HexFormat.of().formatHex(event.payload()));
    }

    private void printEvents() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT sequence, type, payload FROM es.azr_load('account', NULL, ?)")) {
            statement.setObject(1, root);
            try (ResultSet event = statement.executeQuery()) {
                while (event.next()) {
                    System.out.println("load: " + event.getLong(1) + " " + event.getString(2) + " "
                            + HexFormat.of().formatHex(event.getBytes(3)));
                }
            }
        }
    }

    public static void main(String[] args) throws SQLException {
        try (Connection connection = DriverManager.getConnection(args[0])) {
            WithJdbc store = new WithJdbc(connection);
            String group = "statements " + store.root; // a name for this run
            store.createGroup(group);

            // A payload is any bytes. Here an amount is the text of a number.
            System.out.println("append: " + store.append(0L, new Events(
                    new String[] {"Opened", "Signed", "Deposited"},
                    new byte[][] {"Alice".getBytes(UTF_8), {0x00, (byte) 0xff}, "100".getBytes(UTF_8)}), null));
            store.printEvents();

            System.out.println("append: " + store.execute(store::withdraw, "command-1"));
            // The answer got lost, and the caller sends the same command again. 45 is left: not enough
            // for another one.
            System.out.println("again: " + store.execute(store::withdraw, "command-1"));

            store.follow(group, WithJdbc::handleText);
            // Once the program can handle what was parked, the stream goes on from there.
            store.work("azr_retry", group, WithJdbc::handleBytes);
        }
    }
}
