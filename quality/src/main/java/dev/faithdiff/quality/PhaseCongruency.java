package dev.faithdiff.quality;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How much the waves of an image agree in phase at each pixel, 0..1 (Kovesi 1999, "Image features from phase congruency"), with the settings of
 * FSIM: four wavelengths from 6 pixels on, four directions, noise taken off by its estimate.
 */
final class PhaseCongruency {
    private static final int SCALES = 4, DIRECTIONS = 4;
    private static final double SHORTEST = 6, BANDWIDTH = 0.55, SPREAD = Math.PI / DIRECTIONS / 1.2, CUTOFF = 0.45;
    private static final int ORDER = 15;
    /** How many standard deviations of the noise's energy count as noise, and by how much the estimate is too large. */
    private static final double DEVIATIONS = 2, TOO_LARGE = 1.7;
    /** Float32's, as the published values have it. */
    private static final double EPSILON = Math.ulp(1f);

    private final int w, h;
    /** By wavelength: a band of frequencies, without direction. */
    private final double[][] bands = new double[SCALES][];
    private final double[] angles;

    PhaseCongruency(int w, int h) {
        this.w = w;
        this.h = h;
        angles = new double[w * h];
        for (int s = 0; s < SCALES; s++) bands[s] = new double[w * h];
        for (int i = 0; i < angles.length; i++) {
            double x = frequency(i % w, w), y = frequency(i / w, h), radius = Math.hypot(x, y);
            angles[i] = Math.atan2(-y, x);
            if (i == 0) continue; // the mean belongs to no band
            double low = 1 / (1 + Math.pow(radius / CUTOFF, 2 * ORDER)), width = Math.log(BANDWIDTH);
            for (int s = 0; s < SCALES; s++) {
                double octaves = Math.log(radius * SHORTEST * (1 << s));
                bands[s][i] = low * Math.exp(-octaves * octaves / (2 * width * width));
            }
        }
    }

    /** In cycles a pixel. Of an odd size the published grid reaches half a cycle, too. */
    private static double frequency(int k, int n) { return (double) (k < (n + 1) / 2 ? k : k - n) / (n % 2 == 0 ? n : n - 1); }

    /** Of a plane of levels. */
    double[] of(double[] plane) {
        double[] spectrum = new double[2 * plane.length];
        for (int i = 0; i < plane.length; i++) spectrum[2 * i] = plane[i];
        Fourier.transform(spectrum, w, h, false);
        double[] energies = new double[plane.length], amplitudes = new double[plane.length];
        for (int d = 0; d < DIRECTIONS; d++) add(d, spectrum, energies, amplitudes);
        for (int i = 0; i < energies.length; i++) energies[i] = (energies[i] + EPSILON) / (amplitudes[i] + EPSILON);
        return energies;
    }

    private void add(int direction, double[] spectrum, double[] energies, double[] amplitudes) {
        double[][] filters = filters(direction);
        double[][] waves = IntStream.range(0, SCALES).mapToObj(s -> filtered(spectrum, filters[s])).toArray(double[][]::new);
        double noise = noise(filters, waves[0]);
        for (int i = 0; i < energies.length; i++) {
            double even = 0, odd = 0, energy = 0;
            for (double[] wave : waves) {
                even += wave[2 * i];
                odd += wave[2 * i + 1];
                amplitudes[i] += Math.sqrt(wave[2 * i] * wave[2 * i] + wave[2 * i + 1] * wave[2 * i + 1]);
            }
            double length = Math.sqrt(even * even + odd * odd) + EPSILON;
            even /= length;
            odd /= length;
            for (double[] wave : waves) energy += wave[2 * i] * even + wave[2 * i + 1] * odd - Math.abs(wave[2 * i] * odd - wave[2 * i + 1] * even);
            energies[i] += Math.max(energy - noise, 0);
        }
    }

    private double[][] filters(int direction) {
        double angle = direction * Math.PI / DIRECTIONS;
        double[][] filters = new double[SCALES][w * h];
        for (int i = 0; i < angles.length; i++) {
            double sine = Math.sin(angles[i]) * Math.cos(angle) - Math.cos(angles[i]) * Math.sin(angle);
            double cosine = Math.cos(angles[i]) * Math.cos(angle) + Math.sin(angles[i]) * Math.sin(angle);
            double apart = Math.atan2(sine, cosine), spread = Math.exp(-apart * apart / (2 * SPREAD * SPREAD));
            for (int s = 0; s < SCALES; s++) filters[s][i] = bands[s][i] * spread;
        }
        return filters;
    }

    private double[] filtered(double[] spectrum, double[] filter) {
        double[] wave = new double[spectrum.length];
        for (int i = 0; i < wave.length; i++) wave[i] = spectrum[i] * filter[i / 2];
        Fourier.transform(wave, w, h, true);
        return wave;
    }

    /** The energy below which a place counts as noise: what noise of the shortest waves' median energy gives behind all filters together. */
    private double noise(double[][] filters, double[] shortest) {
        double[] squares = new double[w * h];
        double shortestFilter = 0, all = 0;
        for (int i = 0; i < squares.length; i++) {
            squares[i] = shortest[2 * i] * shortest[2 * i] + shortest[2 * i + 1] * shortest[2 * i + 1];
            shortestFilter += filters[0][i] * filters[0][i];
            // Of the filters' responses only the real part counts, whose spectrum is the even part.
            int opposite = (h - i / w) % h * w + (w - i % w) % w;
            double even = 0;
            for (double[] filter : filters) even += (filter[i] + filter[opposite]) / 2;
            all += even * even;
        }
        Arrays.sort(squares);
        double power = squares[(squares.length - 1) / 2] / Math.log(2) / shortestFilter, tau = Math.sqrt(power * all);
        return (tau * Math.sqrt(Math.PI / 2) + DEVIATIONS * tau * Math.sqrt(2 - Math.PI / 2)) / TOO_LARGE;
    }
}
