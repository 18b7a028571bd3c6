package dev.faithdiff.server.job;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What waits, by client: clients take turns, and each client's come in their order. All together are bounded, and no client may hold more than its
 * share while others could need the room.
 */
final class FairQueue {
    /** There is no room. */
    static final class Full extends RuntimeException {
        private static final long serialVersionUID = 1;

        Full(String line) { super(line); }
    }

    private final Map<String, Deque<String>> clients = new LinkedHashMap<>(); // the first one's turn is next
    private final int most, share;
    private int size;
    private boolean closed;

    /** @param most that may wait; one client's share is three quarters of it */
    FairQueue(int most) {
        this.most = most;
        share = Math.max(1, most * 3 / 4);
    }

    /** @throws Full if there is no room. @param isKept whether it waited before a restart, and so has its place */
    synchronized void add(String client, String id, boolean isKept) {
        int own = clients.getOrDefault(client, new ArrayDeque<>()).size();
        if (!isKept && size >= most) throw new Full("the queue is full: " + size + " photos wait");
        if (!isKept && own >= share) throw new Full("this client has " + own + " photos waiting, its share of the queue");
        clients.computeIfAbsent(client, c -> new ArrayDeque<>()).add(id);
        size++;
        notifyAll();
    }

    /** The next one, as soon as there is one; null once the queue is closed. */
    synchronized String take() throws InterruptedException {
        while (size == 0 && !closed) wait();
        if (closed) return null;
        String client = clients.keySet().iterator().next();
        Deque<String> own = clients.remove(client);
        String id = own.remove();
        if (!own.isEmpty()) clients.put(client, own); // behind the others
        size--;
        return id;
    }

    /** Takes one out that still waits. @return whether it did */
    synchronized boolean remove(String id) {
        for (Iterator<Deque<String>> all = clients.values().iterator(); all.hasNext(); ) {
            Deque<String> own = all.next();
            if (!own.remove(id)) continue;
            if (own.isEmpty()) all.remove();
            size--;
            return true;
        }
        return false;
    }

    /** All in the order of their turns. */
    synchronized List<String> order() {
        List<Iterator<String>> turns = new ArrayList<>();
        clients.values().forEach(own -> turns.add(own.iterator()));
        List<String> order = new ArrayList<>();
        while (order.size() < size) for (Iterator<String> own : turns) if (own.hasNext()) order.add(own.next());
        return order;
    }

    synchronized int size() { return size; }

    /** Nothing more is taken; what waits stays. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }
}
