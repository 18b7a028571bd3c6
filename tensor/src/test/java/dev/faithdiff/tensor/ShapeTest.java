package dev.faithdiff.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test void axesCountFromBothEnds() {
        Shape s = Shape.of(2, 3, 5);
        assertThat(s.size(-1)).isEqualTo(5);
        assertThat(s.axis(-3)).isZero();
        assertThat(s.count()).isEqualTo(30);
        assertThat(s.count(1, 3)).isEqualTo(15);
        assertThat(s.with(-2, 7)).isEqualTo(Shape.of(2, 7, 5)).hasToString("[2, 7, 5]");
        assertThatThrownBy(() -> s.size(3)).isInstanceOf(OpError.class).hasMessage("axis 3 does not exist in shape [2, 3, 5]");
    }

    @Test void aScalarHasOneElement() {
        assertThat(Shape.of().rank()).isZero();
        assertThat(Shape.of().count()).isEqualTo(1);
    }

    @Test void impossibleSizesAreRefused() {
        assertThatThrownBy(() -> Shape.of(2, -1)).isInstanceOf(OpError.class).hasMessage("shape [2, -1] has a negative size");
        assertThatThrownBy(() -> Shape.of(1 << 30, 1 << 30, 8)).isInstanceOf(OpError.class).hasMessageEndingWith("is too large");
    }

    @Test void broadcastAlignsAtTheEnd() {
        assertThat(Shape.broadcast(Shape.of(2, 3, 5), Shape.of(5))).isEqualTo(Shape.of(2, 3, 5));
        assertThat(Shape.broadcast(Shape.of(3, 1), Shape.of(2, 1, 4))).isEqualTo(Shape.of(2, 3, 4));
        assertThat(Shape.broadcast(Shape.of(), Shape.of(2))).isEqualTo(Shape.of(2));
        assertThat(Shape.broadcast(Shape.of(1), Shape.of(0))).isEqualTo(Shape.of(0));
        assertThat(Shape.broadcast(Shape.of(2, 3), Shape.of(2))).isNull();
    }
}
