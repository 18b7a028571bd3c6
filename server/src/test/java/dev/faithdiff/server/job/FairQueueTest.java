package dev.faithdiff.server.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FairQueueTest {
    private final FairQueue queue = new FairQueue(8);

    private List<String> takeAll() throws InterruptedException {
        List<String> all = new ArrayList<>();
        while (queue.size() > 0) all.add(queue.take());
        return all;
    }

    @Test void clientsTakeTurnsAndEachKeepsItsOrder() throws Exception {
        for (String id : List.of("a1", "a2", "a3", "b1", "c1", "c2")) queue.add(id.substring(0, 1), id, false);
        List<String> order = List.of("a1", "b1", "c1", "a2", "c2", "a3");
        assertThat(queue.order()).isEqualTo(order);
        assertThat(takeAll()).isEqualTo(order);
    }

    @Test void whoWasServedGoesBehindTheOthers() throws Exception {
        for (String id : List.of("a1", "a2", "b1", "b2")) queue.add(id.substring(0, 1), id, false);
        assertThat(queue.take()).isEqualTo("a1");
        queue.add("c", "c1", false);
        assertThat(takeAll()).containsExactly("b1", "a2", "c1", "b2");
    }

    @Test void neitherAllNorOneClientHoldMoreThanTheirShare() {
        for (int i = 0; i < 6; i++) queue.add("a", "a" + i, false);
        assertThatThrownBy(() -> queue.add("a", "a6", false)).isInstanceOf(FairQueue.Full.class).hasMessageContaining("its share");
        queue.add("b", "b0", false);
        queue.add("c", "c0", false);
        assertThatThrownBy(() -> queue.add("d", "d0", false)).isInstanceOf(FairQueue.Full.class).hasMessageContaining("8 photos wait");
        queue.add("d", "d0", true);
        assertThat(queue.size()).isEqualTo(9);
    }

    @Test void whatIsTakenOutIsGoneAndAClosedQueueGivesNothing() throws Exception {
        queue.add("a", "a1", false);
        queue.add("b", "b1", false);
        assertThat(queue.remove("a1")).isTrue();
        assertThat(queue.remove("a1")).isFalse();
        assertThat(queue.order()).containsExactly("b1");
        queue.close();
        assertThat(queue.take()).isNull();
        assertThat(queue.order()).containsExactly("b1");
    }
}
