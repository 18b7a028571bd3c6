package dev.faithdiff.quality.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    @Test void theIntervalOfTwoNumbersIsBoth() {
        assertThat(Statistics.bootstrap(new double[] {0, 1})).isEqualTo(new Statistics.Interval(0.5, 0, 1, 2));
        assertThat(Statistics.bootstrap(new double[] {7})).isEqualTo(new Statistics.Interval(7, 7, 7, 1));
        assertThat(Statistics.bootstrap(new double[0]).mean()).isNaN();
    }

    /** Of many normal numbers it is 1.96 standard errors to each side. */
    @Test void theIntervalIsAsWideAsTheStandardErrorSays() {
        double[] v = new double[400];
        Random random = new Random(7);
        for (int i = 0; i < v.length; i++) v[i] = 3 + 2 * random.nextGaussian();
        Statistics.Interval i = Statistics.bootstrap(v);
        double error = Statistics.deviation(v) / Math.sqrt(v.length);
        assertThat(i.high() - i.mean()).isCloseTo(1.96 * error, within(0.06 * error));
        assertThat(i.mean() - i.low()).isCloseTo(1.96 * error, within(0.06 * error));
        assertThat(Statistics.bootstrap(v)).as("the seed is fixed").isEqualTo(i);
    }

    @Test void countsFlips() {
        assertThat(Statistics.signFlip(new double[] {1, 2, 3, 4, 5})).as("this and its opposite of 32").isEqualTo(2 / 32.0);
        assertThat(Statistics.signFlip(new double[] {1, 2, 3, -1})).as("sums of 7 and of 5, three of each sign").isEqualTo(6 / 16.0);
        assertThat(Statistics.signFlip(new double[] {1, -1})).isEqualTo(1);
        assertThat(Statistics.signFlip(new double[] {0, 0, 0})).isEqualTo(1);
        assertThat(Statistics.signFlip(new double[] {0.1, 0.1, 0.1, 0.1})).as("sums that differ in rounding are the same").isEqualTo(2 / 16.0);
        assertThat(Statistics.signFlip(new double[] {1})).isNaN();
    }

    /** Of 20 equal differences only two of a million flips are as far from 0; of ten and ten opposite ones all are. */
    @Test void drawsFlipsOfManyDifferences() {
        double[] equal = new double[20], even = new double[20];
        Arrays.fill(equal, 1);
        for (int i = 0; i < even.length; i++) even[i] = i % 2 == 0 ? 1 : -1;
        assertThat(Statistics.signFlip(equal)).isLessThan(0.001).isPositive();
        assertThat(Statistics.signFlip(even)).isEqualTo(1);
    }

    @Test void deviationAndQuantiles() {
        assertThat(Statistics.deviation(new double[] {2, 4, 4, 4, 5, 5, 7, 9})).isCloseTo(Math.sqrt(32 / 7.0), within(1e-12));
        assertThat(Statistics.quantile(new double[] {1, 2, 3, 4}, 0.5)).isEqualTo(2.5);
    }
}
