package dev.faithdiff.server.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.server.job.Restoration.Order;
import dev.faithdiff.server.job.Restoration.Result;
import dev.faithdiff.server.job.Restoration.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestorationStoreTest {
    @TempDir Path dir;

    private static Restoration queued(int n) {
        return Restoration.of(String.format("%024x", n), new Order("me", "a.png", "model", Map.of("scale", "2"), true, 3, 2));
    }

    private static Restoration done(int n) throws Exception {
        Thread.sleep(2); // so that each has a time of its own
        return queued(n).running().done(new Result(6, 4, 1.5, Map.of("seed", 42L, "strength", 1.0, "model", "m"), List.of("a remark")));
    }

    @Test void whatIsPutIsThereAfterwardsToTheLastDigit() throws Exception {
        Restoration waits = queued(1), is = done(2);
        try (RestorationStore store = new RestorationStore(dir)) {
            store.put(waits);
            store.put(is);
            store.write(is.id(), RestorationStore.RESULT, new byte[] {1, 2, 3});
        }
        try (RestorationStore store = new RestorationStore(dir)) {
            assertThat(store.get(waits.id())).isEqualTo(waits);
            assertThat(store.get(is.id())).isEqualTo(is);
            assertThat(store.open()).containsExactly(waits);
            assertThat(store.list(1, Long.MAX_VALUE)).hasSize(1);
            assertThat(store.list(9, waits.created())).isEmpty();
            assertThat(store.file(is.id(), RestorationStore.RESULT)).hasBinaryContent(new byte[] {1, 2, 3});
            store.delete(is.id());
            assertThat(store.get(is.id())).isNull();
            assertThat(dir.resolve("jobs").resolve(is.id())).doesNotExist();
        }
    }

    /** A server without its database would take all results for strays and delete them. */
    @Test void resultsWithoutADatabaseStay() throws Exception {
        Path database = dir.resolve("restorations.mv.db");
        try (RestorationStore store = new RestorationStore(dir)) {
            store.write("a", RestorationStore.RESULT, new byte[1]);
        }
        for (boolean isEmpty : new boolean[] {true, false}) {
            if (isEmpty) Files.write(database, new byte[0]);
            else Files.delete(database);
            assertThatThrownBy(() -> new RestorationStore(dir)).isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("cannot use the folder " + dir + ": its database is gone, but there are restorations");
        }
        assertThat(dir.resolve("jobs/a/" + RestorationStore.RESULT)).exists();
        Files.move(dir.resolve("jobs"), dir.resolve("rescued"));
        new RestorationStore(dir).close();
    }

    @Test void aLongTextIsKeptWhole() throws Exception {
        Restoration r = Restoration.of("a".repeat(24), new Order("me", "a.png", "model", Map.of("prompt", "word ".repeat(300_000)), true, 3, 2));
        try (RestorationStore store = new RestorationStore(dir)) {
            store.put(r);
        }
        try (RestorationStore store = new RestorationStore(dir)) {
            assertThat(store.get(r.id())).isEqualTo(r);
        }
    }

    @Test void theOldestGoFirstAndWhatWaitsStays() throws Exception {
        try (RestorationStore store = new RestorationStore(dir)) {
            Restoration old = done(1), middle = done(2), young = done(3), waits = queued(4);
            for (Restoration r : List.of(old, middle, young, waits)) {
                store.write(r.id(), RestorationStore.PHOTO, new byte[100]);
                store.put(r);
            }
            assertThat(store.expired(0, 1000)).isEmpty();
            assertThat(store.expired(0, 250)).containsExactly(old);
            assertThat(store.expired(0, 100)).containsExactly(old, middle);
            assertThat(store.expired(young.ended(), 1000)).containsExactly(old, middle);
            assertThat(store.expired(Long.MAX_VALUE, 1000)).extracting(Restoration::state).containsOnly(State.DONE).hasSize(3);
        }
    }
}
