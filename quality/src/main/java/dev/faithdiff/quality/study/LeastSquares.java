package dev.faithdiff.quality.study;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Finds where residuals are least in squares, each axis going from 0 to 1, for functions that are costly and not quite smooth: Levenberg's and
 * Marquardt's steps, by differences that begin coarse and become finer where nothing better is found.
 */
final class LeastSquares {
    private static final double COARSE = 0.1, FINE = 0.004, LEAST_GAIN = 0.02;
    /** How strongly a step is damped, as parts of the mean slope squared. One of them is taken. */
    private static final double[] DAMPED = {1e-3, 0.1, 10};

    private LeastSquares() {}

    /** Gives the residuals of points, all of one length, in their order. */
    interface Misses {
        List<double[]> of(List<double[]> points);
    }

    /** A point and its residuals. */
    record Point(double[] at, double[] residuals) {
        /** The sum of squares; infinite where a residual is none. */
        double sum() {
            double sum = 0;
            for (double r : residuals) sum += r * r;
            return Double.isNaN(sum) ? Double.POSITIVE_INFINITY : sum;
        }
    }

    /** The best point and how many were tried. */
    record Fit(Point best, int tried) {}

    /**
     * Goes from the best of some points to a better one.
     *
     * @param most points that are tried, rounded up to whole rounds
     * @param near ends the search where every residual is at most as large
     */
    static Fit fit(Misses f, List<double[]> starts, int most, double near) {
        Point best = least(points(f, starts));
        int tried = starts.size();
        for (double step = COARSE; tried < most && step >= FINE && largest(best) > near;) {
            List<Point> probes = points(f, probes(best.at, step));
            List<double[]> steps = new ArrayList<>();
            for (double damped : DAMPED) steps.add(step(best, probes, damped));
            List<Point> all = new ArrayList<>(points(f, steps));
            all.addAll(probes);
            tried += all.size();
            Point next = least(all);
            if (next.sum() > (1 - LEAST_GAIN) * best.sum()) step /= 2;
            if (next.sum() < best.sum()) best = next;
        }
        return new Fit(best, tried);
    }

    private static double largest(Point p) {
        double largest = 0;
        for (double r : p.residuals) largest = Double.isNaN(r) ? Double.POSITIVE_INFINITY : Math.max(largest, Math.abs(r));
        return largest;
    }

    private static List<Point> points(Misses f, List<double[]> at) {
        List<double[]> residuals = f.of(at);
        return IntStream.range(0, at.size()).mapToObj(i -> new Point(at.get(i), residuals.get(i))).toList();
    }

    private static Point least(List<Point> points) { return points.stream().min(Comparator.comparingDouble(Point::sum)).orElseThrow(); }

    /** One point along each axis, towards the middle. */
    private static List<double[]> probes(double[] at, double step) {
        List<double[]> all = new ArrayList<>();
        for (int i = 0; i < at.length; i++) {
            double[] probe = at.clone();
            probe[i] += at[i] > 0.5 ? -step : step;
            all.add(probe);
        }
        return all;
    }

    /** The damped step from a point, by its slopes towards the probes. */
    private static double[] step(Point from, List<Point> probes, double damped) {
        int n = from.at.length;
        double[][] slopes = new double[n][];
        for (int i = 0; i < n; i++) {
            Point p = probes.get(i);
            double along = p.at[i] - from.at[i];
            slopes[i] = IntStream.range(0, from.residuals.length).mapToDouble(k -> (p.residuals[k] - from.residuals[k]) / along).toArray();
        }
        double[][] squares = new double[n][n + 1];
        double trace = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) squares[i][j] = dot(slopes[i], slopes[j]);
            squares[i][n] = -dot(slopes[i], from.residuals);
            trace += squares[i][i];
        }
        for (int i = 0; i < n; i++) squares[i][i] += damped * trace / n + 1e-12;
        double[] step = solved(squares), to = from.at.clone();
        for (int i = 0; i < n; i++) if (Double.isFinite(step[i])) to[i] = Math.clamp(to[i] + step[i], 0, 1);
        return to;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int k = 0; k < a.length; k++) sum += a[k] * b[k];
        return sum;
    }

    /** Solves positive definite equations, each row with its right side last, by elimination. */
    private static double[] solved(double[][] rows) {
        int n = rows.length;
        for (int i = 0; i < n; i++) {
            for (int r = i + 1; r < n; r++) {
                double part = rows[r][i] / rows[i][i];
                for (int c = i; c <= n; c++) rows[r][c] -= part * rows[i][c];
            }
        }
        double[] x = new double[n];
        for (int i = n - 1; i >= 0; i--) {
            x[i] = rows[i][n];
            for (int c = i + 1; c < n; c++) x[i] -= rows[i][c] * x[c];
            x[i] /= rows[i][i];
        }
        return x;
    }
}
