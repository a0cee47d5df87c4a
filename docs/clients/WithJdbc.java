// angzarr with JDBC: append, load, conflict, retry.
//
// Usage: java -cp postgresql.jar WithJdbc.java JDBC-URL, of a database with the extension

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.UUID;
import org.postgresql.util.PSQLException;

public class WithJdbc {
    private final Connection connection;
    private final UUID root = UUID.randomUUID();

    private WithJdbc(Connection connection) {
        this.connection = connection;
    }

    // Appends events and returns what came of it.
    private String append(long expected, String[] types, byte[][] payloads, String externalId) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT * FROM azr_append('account', NULL, ?, ?, ?, ?, external_id => ?)")) {
            statement.setObject(1, root);
            statement.setLong(2, expected);
            statement.setArray(3, connection.createArrayOf("text", types));
            statement.setArray(4, connection.createArrayOf("bytea", payloads));
            statement.setString(5, externalId);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1) + " " + row.getLong(2) + " " + row.getLong(3) + " " + row.getLong(4);
            }
        }
    }

    private void load() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT sequence, type, payload FROM azr_load('account', NULL, ?)")) {
            statement.setObject(1, root);
            try (ResultSet event = statement.executeQuery()) {
                while (event.next()) {
                    System.out.println("load: " + event.getLong(1) + " " + event.getString(2) + " "
                            + HexFormat.of().formatHex(event.getBytes(3)));
                }
            }
        }
    }

    private long nextSequence() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT azr_next_sequence('account', NULL, ?)")) {
            statement.setObject(1, root);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    public static void main(String[] args) throws SQLException {
        try (Connection connection = DriverManager.getConnection(args[0])) {
            WithJdbc store = new WithJdbc(connection);
            String[] types = {"Opened", "Deposited"};
            byte[][] payloads = {"{\"owner\": \"Alice\"}".getBytes(), {0x00, (byte) 0xff}};

            System.out.println("append: " + store.append(0, types, payloads, "request-1"));
            store.load();

            // somebody else was faster: load, decide again, append
            try {
                store.append(1, new String[] {"Withdrawn"}, new byte[][] {"50".getBytes()}, null);
            } catch (PSQLException error) {
                System.out.println("conflict: " + error.getSQLState() + " " + error.getServerErrorMessage().getDetail());
                System.out.println("append: " + store.append(store.nextSequence(), new String[] {"Withdrawn"},
                        new byte[][] {"50".getBytes()}, null));
            }

            // the answer to the first request got lost: the same request again
            System.out.println("again: " + store.append(0, types, payloads, "request-1"));
        }
    }
}
