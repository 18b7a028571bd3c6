package dev.faithdiff.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

class PoolTest {
    private static final long LIMIT = 10_000;

    private final List<Long> sizes = new ArrayList<>(), freed = new ArrayList<>();
    /** A device with LIMIT bytes in all, whose addresses are 1000, 2000, ... */
    private final Pool pool = new Pool("toy", this::allocate, address -> freed.add(address));

    private long allocate(long bytes) {
        long held = 0;
        for (int i = 0; i < sizes.size(); i++) held += freed.contains(1000L * (i + 1)) ? 0 : sizes.get(i);
        if (held + bytes > LIMIT) return 0;
        sizes.add(bytes);
        return 1000L * sizes.size();
    }

    @Test void freedBlocksComeBackForTheSameSize() {
        long a = pool.take(1000), b = pool.take(1000);
        pool.give(a, 1000);
        assertThat(pool.take(1000)).isEqualTo(a).isNotEqualTo(b);
        assertThat(sizes).hasSize(2);
    }

    @Test void sizesAreRoundedUpByAtMostAnEighth() {
        for (long bytes : new long[] {1, 64, 65, 1000, 1025, 4097}) {
            long before = pool.usedBytes();
            pool.give(pool.take(bytes), bytes);
            assertThat(sizes.getLast()).isBetween(bytes, Math.max(bytes + bytes / 8, 64 * ((bytes + 63) / 64)));
            assertThat(pool.usedBytes()).isEqualTo(before);
            pool.trim();
        }
    }

    @Test void peakIsTheMostHeldAtOnce() {
        pool.give(pool.take(2048), 2048);
        pool.take(1024);
        assertThat(pool.usedBytes()).isEqualTo(1024);
        assertThat(pool.peakBytes()).isEqualTo(3072);
        pool.trim();
        pool.resetPeak();
        assertThat(pool.peakBytes()).isEqualTo(1024);
    }

    @Test void idleBlocksGoBeforeMemoryRunsOut() {
        long a = pool.take(8192);
        pool.give(a, 8192);
        assertThat(pool.take(4096)).isPositive();
        assertThat(freed).containsExactly(a);
    }

    @Test void beyondTheLimitTheBlocksLongestIdleGoFirst() {
        Pool small = new Pool("toy", this::allocate, freed::add, () -> Long.MAX_VALUE, 2048);
        long a = small.take(1024), b = small.take(1024), c = small.take(1024);
        small.give(b, 1024);
        small.give(a, 1024);
        small.give(c, 1024);
        assertThat(small.take(1024)).as("the last one comes back first").isEqualTo(c);
        small.give(c, 1024);
        assertThat(freed).isEmpty();
        small.take(512);
        assertThat(freed).containsExactly(b);
        assertThat(small.idleBytes()).isEqualTo(2048);
        assertThat(List.of(small.take(1024), small.take(1024))).containsExactly(c, a);
        assertThat(small.idleBytes()).isZero();
    }

    @Test void idleBlocksHardlyRaiseThePeak() {
        Pool small = new Pool("toy", this::allocate, freed::add, () -> Long.MAX_VALUE, 4096);
        long a = small.take(2048), b = small.take(2048);
        small.give(a, 2048);
        small.give(b, 2048);
        long c = small.take(4096);
        assertThat(freed).containsExactly(a, b);
        assertThat(small.peakBytes()).isEqualTo(4096);
        small.give(c, 4096);
        small.take(512);
        assertThat(small.idleBytes()).as("an eighth of the limit more than was ever in use").isEqualTo(4096);
        assertThat(small.peakBytes()).isEqualTo(4608);
    }

    @Test void emptyBlocksGoBackToo() {
        long none = pool.take(0);
        pool.give(none, 0);
        pool.trim();
        assertThat(freed).containsExactly(none);
    }

    @Test void aReserveIsFilledByItsOwnThread() throws Exception {
        Pool.Reserve reserve = pool.reserve();
        long own = pool.take(1000);
        FutureTask<Long> others = new FutureTask<>(() -> pool.take(1000));
        Thread.ofPlatform().start(others);
        long other = others.get();
        reserve.seal();
        pool.give(own, 1000);
        assertThat(pool.idleBytes()).as("the reserve keeps its block").isZero();
        pool.give(other, 1000);
        assertThat(pool.take(1000)).isEqualTo(other);
        reserve.close();
        assertThat(pool.take(1000)).isEqualTo(own);
    }

    @Test void runningOutSaysWhatWasAskedAndHeld() {
        pool.take(8192);
        assertThatThrownBy(() -> pool.take(3 << 20)).isInstanceOf(OutOfMemoryError.class)
                .hasMessageStartingWith("out of memory on toy: asked for 3 MB while 1 MB are in use");
    }

    @Test void runningOutSaysWhatIsLeftWhereThatIsKnown() {
        Pool full = new Pool("toy", bytes -> 0, address -> {}, () -> 5 << 20, 0);
        assertThatThrownBy(() -> full.take(8 << 20)).hasMessageStartingWith("out of memory on toy: asked for 8 MB while 0 MB are in use and 5 "
                + "MB are free");
    }

    @Test void theSameShapeGetsTheSameAddressAgain() {
        long first, second;
        try (Scope _ = Scope.open()) {
            first = Tensor.empty(Device.CPU, DType.F32, Shape.of(123, 457)).address();
        }
        try (Scope _ = Scope.open()) {
            second = Tensor.empty(Device.CPU, DType.F32, Shape.of(123, 457)).address();
        }
        assertThat(second).isEqualTo(first);
        assertThat(first % 64).isZero();
    }
}
