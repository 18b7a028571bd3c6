package dev.faithdiff.restore;

import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sizes of results by scale, size and long side. */
class ResultSizeTest {
    private static final Options NONE = Options.defaults();

    @ParameterizedTest
    @CsvSource({"scale, 4, 27x18, 108x72", "scale, 1.5, 27x18, 41x27", "scale, 0.1, 27x18, 3x2", "scale, 0.1, 3x40, 1x4", "scale, 16, 1x1, 16x16",
        "size, 1920x1080, 400x300, 1440x1080", "size, 1080x1920, 400x300, 1080x810", "size, 100x100, 400x300, 100x75", "size, 5x5, 1000x3, 5x1",
        "size, 1000x1000, 3x2, 1000x667", "long-side, 1600, 400x300, 1600x1200", "long-side, 1600, 300x401, 1197x1600", "long-side, 7, 400x300, 7x5"})
    void isWhatTheOptionSays(String option, String value, String photo, String result) {
        Options o = switch (option) {
            case "scale" -> NONE.parsed(SCALE, value);
            case "size" -> NONE.parsed(SIZE, value);
            default -> NONE.parsed(LONG_SIDE, value);
        };
        String[] sides = photo.split("x");
        ResultSize size = ResultSize.of(o, Integer.parseInt(sides[0]), Integer.parseInt(sides[1]));
        assertThat(size.width() + "x" + size.height()).isEqualTo(result);
    }

    /** For every photo the result touches a side of the size and goes beyond none. */
    @Test void fitsIntoTheSize() {
        for (int w = 1; w < 60; w++) {
            for (int h = 1; h < 60; h++) {
                ResultSize size = ResultSize.of(NONE.with(SIZE, "37x23"), w, h);
                assertThat(size.width()).isBetween(1, 37);
                assertThat(size.height()).isBetween(1, 23);
                assertThat(size.width() == 37 || size.height() == 23).as(w + "x" + h).isTrue();
            }
        }
    }

    @Test void refusesWhatNoArrayHolds() {
        assertThatThrownBy(() -> ResultSize.of(NONE.with(SCALE, 2.0), 14000, 14000))
                .hasMessage("the result would be 28000x28000, more than this program can hold; use a smaller scale");
        assertThatThrownBy(() -> ResultSize.of(NONE.with(LONG_SIDE, Integer.MAX_VALUE), 1, 1))
                .hasMessageContaining("more than this program can hold");
    }

    @Test void oneOfThreeIsSet() {
        Options own = NONE.with(SCALE, 2.0);
        ResultSize.check(own.with(SIZE, "8x8"), own);
        ResultSize.check(own.with(SCALE, 3.0), own);
        String rule = "scale, size and long-side exclude each other; leave out all but one";
        assertThatThrownBy(() -> ResultSize.check(own.with(SIZE, "8x8").with(LONG_SIDE, 8), own)).hasMessage(rule);
        assertThatThrownBy(() -> ResultSize.check(own.with(SCALE, 3.0).with(LONG_SIDE, 8), own)).hasMessage(rule);
        assertThatThrownBy(() -> ResultSize.check(own.with(SCALE, 3.0).with(SIZE, "8x8"), own)).hasMessage(rule);
        for (String wrong : new String[] {"8", "8x", "x8", "0x8", "8x-1", "8X8", "8x8x8", "99999999999x1"}) {
            assertThatThrownBy(() -> SIZE.parse(wrong)).hasMessage("size must be a width and a height in pixels, such as 1920x1080, not " + wrong);
        }
        assertThatThrownBy(() -> LONG_SIDE.parse("0")).hasMessage("long-side must be at least 1 pixel, not 0");
        assertThat(SIZE.otherwise()).isEqualTo("none");
    }

    @Test void someWorkNeedsAWholeScale() {
        assertThat(ResultSize.wholeScale(NONE.with(SCALE, 3.0))).isEqualTo(3);
        for (Options o : new Options[] {NONE.with(SCALE, 1.5), NONE.with(SCALE, 0.5), NONE.with(SIZE, "8x8"), NONE.with(LONG_SIDE, 8)}) {
            assertThatThrownBy(() -> ResultSize.wholeScale(o)).hasMessageContaining("a whole scale");
        }
    }
}
