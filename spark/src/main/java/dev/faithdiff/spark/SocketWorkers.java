package dev.faithdiff.spark;

import dev.faithdiff.train.Workers;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Workers on several machines, of which each has a connection to each other. A sum goes in two rounds: each worker gets everyone's share of the
 * numbers that are its own to add, adds them in the order of ranks, and gives the sums to all. So each sends and receives what two copies of the
 * numbers take, however many workers there are.
 */
final class SocketWorkers implements Workers, AutoCloseable {
    private static final int GREETING_MILLIS = 10_000, JOIN_MILLIS = 120_000, CHUNK = 1 << 16;

    /** A connection to another worker. */
    private record Peer(Socket socket, DataInputStream in, DataOutputStream out) {
        static Peer of(Socket socket) throws IOException {
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            return new Peer(socket, new DataInputStream(socket.getInputStream()), new DataOutputStream(socket.getOutputStream()));
        }
    }

    /** Where a worker awaits the others, whom it knows by a word that only they can know. */
    static final class Door implements AutoCloseable {
        private final ServerSocket socket;
        private final String word = UUID.randomUUID().toString();

        /** @param host this machine's, as the others know it */
        Door(String host) throws IOException { socket = new ServerSocket(0, 0, InetAddress.getByName(host)); }

        /** What the others have to know. */
        String address() { return socket.getInetAddress().getHostAddress() + " " + socket.getLocalPort() + " " + word; }

        /** Connects all workers. @param addresses of all doors, in the order of ranks */
        SocketWorkers join(int rank, List<String> addresses) throws IOException {
            Peer[] peers = new Peer[addresses.size()];
            try {
                for (int j = 0; j < rank; j++) peers[j] = call(addresses.get(j).split(" "), rank);
                socket.setSoTimeout(JOIN_MILLIS);
                for (int left = peers.length - rank - 1; left > 0;) if (admit(peers)) left--;
                return new SocketWorkers(rank, peers);
            } catch (IOException | RuntimeException e) {
                for (Peer p : peers) if (p != null) p.socket.close();
                throw e;
            }
        }

        private static Peer call(String[] address, int rank) throws IOException {
            Socket socket = new Socket();
            socket.connect(new InetSocketAddress(address[0], Integer.parseInt(address[1])), JOIN_MILLIS);
            Peer peer = Peer.of(socket);
            peer.out.writeUTF(address[2]);
            peer.out.writeInt(rank);
            return peer;
        }

        /** False for a caller that does not belong here. */
        private boolean admit(Peer[] peers) throws IOException {
            Socket caller = socket.accept();
            try {
                Peer peer = Peer.of(caller);
                caller.setSoTimeout(GREETING_MILLIS);
                boolean known = peer.in.readUTF().equals(word);
                int rank = known ? peer.in.readInt() : -1;
                if (known && peers[rank] == null) {
                    caller.setSoTimeout(0); // a step takes as long as it takes
                    peers[rank] = peer;
                    return true;
                }
            } catch (IOException e) {
                caller.close();
                return false;
            }
            caller.close();
            return false;
        }

        @Override public void close() throws IOException { socket.close(); }
    }

    private final int rank;
    private final Peer[] peers;
    private final ExecutorService senders = Executors.newVirtualThreadPerTaskExecutor();

    private SocketWorkers(int rank, Peer[] peers) {
        this.rank = rank;
        this.peers = peers;
    }

    @Override public int rank() { return rank; }

    @Override public int count() { return peers.length; }

    /** @throws UncheckedIOException if another worker is gone */
    @Override public void sum(float[] values) {
        try {
            List<Future<?>> sent = new ArrayList<>();
            for (int j = 0; j < peers.length; j++) if (j != rank) sent.add(send(j, values, begin(values, j), begin(values, j + 1)));
            int from = begin(values, rank), length = begin(values, rank + 1) - from;
            float[] sum = new float[length], part = new float[length];
            for (int j = 0; j < peers.length; j++) {
                if (j == rank) System.arraycopy(values, from, part, 0, length);
                else receive(j, part, 0, length);
                for (int i = 0; i < length; i++) sum[i] = j == 0 ? part[i] : sum[i] + part[i];
            }
            await(sent);
            System.arraycopy(sum, 0, values, from, length);
            for (int j = 0; j < peers.length; j++) if (j != rank) sent.add(send(j, values, from, from + length));
            for (int j = 0; j < peers.length; j++) if (j != rank) receive(j, values, begin(values, j), begin(values, j + 1));
            await(sent);
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("another worker is gone: " + e, e));
        }
    }

    /** Where the numbers begin that are a worker's to add. */
    private int begin(float[] values, int worker) { return (int) ((long) values.length * worker / peers.length); }

    private Future<?> send(int to, float[] values, int from, int end) {
        return senders.submit(() -> {
            DataOutputStream out = peers[to].out;
            out.writeInt(end - from);
            ByteBuffer bytes = ByteBuffer.allocate(4 * Math.min(CHUNK, end - from));
            for (int i = from; i < end; i += CHUNK) {
                int n = Math.min(CHUNK, end - i);
                bytes.clear().asFloatBuffer().put(values, i, n);
                out.write(bytes.array(), 0, 4 * n);
            }
            return null;
        });
    }

    private void receive(int from, float[] values, int at, int end) throws IOException {
        DataInputStream in = peers[from].in;
        int length = in.readInt();
        if (length != end - at) throw new IOException("worker " + from + " sent " + length + " numbers, not " + (end - at));
        byte[] bytes = new byte[4 * Math.min(CHUNK, length)];
        for (int i = at; i < end; i += CHUNK) {
            int n = Math.min(CHUNK, end - i);
            in.readFully(bytes, 0, 4 * n);
            ByteBuffer.wrap(bytes).asFloatBuffer().get(values, i, n);
        }
    }

    private static void await(List<Future<?>> sent) throws IOException {
        try {
            for (Future<?> s : sent) s.get();
            sent.clear();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Ends the connections, at which the other workers' sums fail. */
    @Override public void close() throws IOException {
        for (Peer p : peers) if (p != null) p.socket.close();
        senders.shutdownNow();
    }
}
