package dev.faithdiff.kernels.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class TableTest {
    @Test void alignsNumbersToTheRight() {
        assertThat(new Table("case", "ms").row("long-name", 12.345).row("x", 0.5).row("y", Double.NaN).toString()).isEqualTo("""
                | case      |    ms |
                |-----------|------:|
                | long-name |  12.3 |
                | x         | 0.500 |
                | y         |       |
                """);
    }

    @Test void numbersHaveThreeDigits() {
        assertThat(DoubleStream.of(0, 1234.5, 9.876, 0.00123, 0.000123).mapToObj(Table::number))
                .containsExactly("0.00", "1235", "9.88", "0.00123", "1.23e-04");
    }
}
