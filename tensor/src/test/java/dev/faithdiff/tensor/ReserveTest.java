package dev.faithdiff.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.Pool.Reserve;
import org.junit.jupiter.api.Test;

/** Blocks that a recorded step keeps. */
class ReserveTest {
    private long next = 1 << 20;
    private final Pool pool = new Pool("toy", bytes -> next += 1 << 20, address -> {});

    @Test void whatIsTakenMeanwhileServesTheReserveAlone() {
        long idle = pool.take(1024);
        pool.give(idle, 1024);
        Reserve reserve = pool.reserve();
        long a = pool.take(1024);
        assertThat(a).as("idle blocks of the pool come first").isEqualTo(idle);
        pool.give(a, 1024);
        assertThat(pool.take(1024)).as("and are used again inside").isEqualTo(a);
        pool.give(a, 1024);
        assertThat(pool.usedBytes()).isEqualTo(1024);
        reserve.seal();
        assertThat(pool.take(1024)).as("but not outside").isNotEqualTo(a);
        assertThat(pool.idleBytes()).isZero();
        pool.trim();
        reserve.close();
        assertThat(pool.idleBytes()).isEqualTo(1024);
        assertThat(pool.take(1024)).isEqualTo(a);
    }

    @Test void whatOutlivesTheReserveComesBackToThePool() {
        Reserve reserve = pool.reserve();
        long result = pool.take(2048);
        reserve.seal();
        reserve.close();
        assertThat(pool.usedBytes()).isEqualTo(2048);
        pool.give(result, 2048);
        assertThat(pool.usedBytes()).isZero();
        assertThat(pool.take(2048)).isEqualTo(result);
    }

    @Test void blocksTakenBeforeAreNotItsOwn() {
        long before = pool.take(4096);
        Reserve reserve = pool.reserve();
        pool.give(before, 4096);
        reserve.seal();
        assertThat(pool.idleBytes()).isEqualTo(4096);
        assertThatThrownBy(() -> {
            pool.reserve();
            pool.reserve();
        }).hasMessage("a reserve of toy is being filled already");
    }
}
