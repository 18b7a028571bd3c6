package dev.faithdiff.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataOutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Sums over sockets. */
class SocketWorkersTest {
    private interface Part<T> {
        T of(SocketWorkers workers) throws Exception;
    }

    /** Lets so many workers do their parts, and gives what each gave. @param stranger an address to call before they join */
    private static <T> List<T> work(int count, boolean stranger, Part<T> part) throws Exception {
        List<SocketWorkers.Door> doors = new ArrayList<>();
        for (int r = 0; r < count; r++) doors.add(new SocketWorkers.Door("127.0.0.1"));
        List<String> addresses = doors.stream().map(SocketWorkers.Door::address).toList();
        if (stranger) {
            String[] first = addresses.getFirst().split(" ");
            Socket s = new Socket(first[0], Integer.parseInt(first[1]));
            new DataOutputStream(s.getOutputStream()).writeUTF("let me in");
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
            List<Future<T>> all = new ArrayList<>();
            for (int r = 0; r < count; r++) {
                int rank = r;
                Callable<T> work = () -> {
                    try (SocketWorkers.Door door = doors.get(rank); SocketWorkers workers = door.join(rank, addresses)) {
                        return part.of(workers);
                    }
                };
                all.add(threads.submit(work));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> f : all) results.add(f.get());
            return results;
        }
    }

    private static float[] values(int rank, int length) {
        Random random = new Random(rank);
        float[] v = new float[length];
        for (int i = 0; i < length; i++) v[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(8) - 4));
        return v;
    }

    @Test void allGetTheSumsInTheOrderOfRanks() throws Exception {
        for (int length : new int[] {0, 1, 2, 1000, 500_000}) {
            float[] sum = values(0, length);
            for (int r = 1; r < 3; r++) {
                float[] v = values(r, length);
                for (int i = 0; i < length; i++) sum[i] += v[i];
            }
            List<float[]> got = work(3, true, w -> {
                float[] v = values(w.rank(), length);
                w.sum(v);
                return v;
            });
            assertThat(got).hasSize(3).allMatch(v -> Arrays.equals(v, sum), length + " numbers");
        }
    }

    @Test void oneWorkerAlone() throws Exception {
        float[] v = {1, 2};
        work(1, false, w -> {
            w.sum(v);
            return null;
        });
        assertThat(v).containsExactly(1, 2);
    }

    @Test void aWorkerThatLeavesEndsTheOthersSums() {
        assertThatThrownBy(() -> work(3, false, w -> {
            float[] v = values(w.rank(), 100);
            w.sum(v);
            if (w.rank() == 2) return null;
            w.sum(v);
            return IntStream.of(1);
        })).hasCauseInstanceOf(UncheckedIOException.class).hasMessageContaining("another worker is gone");
    }
}
