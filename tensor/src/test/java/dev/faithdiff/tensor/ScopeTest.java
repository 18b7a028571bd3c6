package dev.faithdiff.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ScopeTest {
    private static Tensor tensor() { return Tensor.of(new float[] {1, 2}, 2); }

    @Test void closingFreesAllButWhatWasKept() {
        try (Scope _ = Scope.open()) {
            Tensor kept, lost;
            try (Scope inner = Scope.open()) {
                lost = tensor();
                kept = inner.keep(tensor().reshape(1, 2));
            }
            assertThat(lost.storage().live()).isFalse();
            assertThat(kept.toFloats()).containsExactly(1, 2);
        }
    }

    @Test void keepLeavesTensorsOfOuterScopesWhereTheyAre() {
        try (Scope _ = Scope.open()) {
            Tensor t = tensor();
            try (Scope _ = Scope.open()) {
                try (Scope inner = Scope.open()) {
                    inner.keep(t);
                }
            }
            assertThat(t.storage().live()).isTrue();
        }
    }

    @Test void replaceFreesWhatItOwnsAtOnceAndUseAfterItIsAnError() {
        try (Scope _ = Scope.open()) {
            Tensor given = tensor(), next, last;
            try (Scope inner = Scope.open()) {
                Tensor h = next = inner.replace(given, given.mul(2));
                h = inner.replace(h, h.reshape(1, 2));
                assertThat(h.toFloats()).as("a view of what it replaces").containsExactly(2, 4);
                last = inner.keep(inner.replace(h, h.mul(2)));
            }
            assertThat(given.storage().live()).isTrue();
            assertThat(last.toFloats()).containsExactly(4, 8);
            assertThatThrownBy(() -> next.mul(2)).isInstanceOf(OpError.class).hasMessageContaining("used after its scope");
        }
    }

    @Test void replaceLeavesWhatATapeRecorded() {
        try (Scope _ = Scope.open()) {
            Tensor w = tensor();
            try (Tape tape = Tape.watch(w); Scope inner = Scope.open()) {
                Tensor h = w.mul(w);
                Tensor loss = inner.replace(h, h.mul(h)).mean();
                assertThat(h.storage().live()).isTrue();
                assertThat(tape.gradients(loss).get(w).toFloats()).containsExactly(2, 16);
            }
        }
    }

    @Test void nothingEnclosesTheOutermostScope() {
        try (Scope s = Scope.open()) {
            Tensor t = tensor().named("y");
            assertThatThrownBy(() -> s.keep(t)).isInstanceOf(OpError.class)
                    .hasMessage("nothing encloses this scope, so y F32[2] cannot be kept");
        }
    }

    @Test void aDetachedScopeOwnsWhatItAdopts() {
        Scope owner = Scope.detached();
        Tensor t;
        try (Scope s = Scope.open()) {
            t = owner.adopt(tensor());
            assertThat(Scope.current()).isSameAs(s);
        }
        assertThat(t.storage().live()).isTrue();
        owner.close();
        assertThat(t.storage().live()).isFalse();
    }

    @Test void closingOutOfOrderIsAnErrorThatHarmsNothing() {
        try (Scope outer = Scope.open()) {
            Tensor t = tensor();
            try (Scope _ = Scope.open()) {
                assertThatThrownBy(outer::close).isInstanceOf(OpError.class)
                        .hasMessage("scopes must be closed in the order they were opened, on their own thread");
            }
            assertThat(Scope.current()).isSameAs(outer);
            assertThat(t.storage().live()).isTrue();
        }
        assertNoScope();
    }

    @Test void closingTwiceIsHarmless() {
        Scope s = Scope.open();
        s.close();
        assertThatCode(s::close).doesNotThrowAnyException();
    }

    @Test void useAfterCloseNamesTheTensor() {
        Tensor t;
        try (Scope _ = Scope.open()) {
            t = tensor().named("down_blocks.0.bias");
        }
        try (Scope _ = Scope.open()) {
            String message = "down_blocks.0.bias F32[2] is used after its scope was closed";
            assertThatThrownBy(() -> t.get(0)).isInstanceOf(OpError.class).hasMessage(message);
            assertThatThrownBy(t::silu).isInstanceOf(OpError.class).hasMessage("UnaryOp on down_blocks.0.bias F32[2]: " + message);
        }
    }

    @Test void workOutsideAScopeIsAnError() { assertNoScope(); }

    @Test void eachThreadHasItsOwnScopes() {
        try (Scope _ = Scope.open()) {
            CompletableFuture.runAsync(ScopeTest::assertNoScope, task -> Thread.ofPlatform().start(task)).join();
        }
    }

    private static void assertNoScope() {
        assertThatThrownBy(ScopeTest::tensor).isInstanceOf(OpError.class).hasMessageStartingWith("no scope is open on this thread");
    }
}
