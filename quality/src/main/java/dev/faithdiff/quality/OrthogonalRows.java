package dev.faithdiff.quality;

/** Turns the rows of a matrix, two at a time, until all are orthogonal (Hestenes 1958): their lengths are then its singular values. */
final class OrthogonalRows {
    private static final int MOST_SWEEPS = 60;

    private OrthogonalRows() {}

    /** In place. Of a symmetric matrix without negative eigenvalues the rows become its eigenvectors, each times its eigenvalue. */
    static void of(double[][] rows) {
        for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
            boolean isTurned = false;
            for (int i = 1; i < rows.length; i++) for (int j = 0; j < i; j++) isTurned |= turn(rows[j], rows[i]);
            if (!isTurned) return;
        }
    }

    static double length(double[] row) { return Math.sqrt(dot(row, row)); }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int k = 0; k < a.length; k++) sum += a[k] * b[k];
        return sum;
    }

    private static boolean turn(double[] p, double[] q) {
        double pp = dot(p, p), qq = dot(q, q), pq = dot(p, q);
        if (Math.abs(pq) <= 1e-15 * Math.sqrt(pp * qq) || pp == 0 || qq == 0) return false;
        double cotangent = (qq - pp) / (2 * pq);
        double tangent = Math.copySign(1, cotangent) / (Math.abs(cotangent) + Math.sqrt(1 + cotangent * cotangent));
        double cosine = 1 / Math.sqrt(1 + tangent * tangent), sine = cosine * tangent;
        for (int k = 0; k < p.length; k++) {
            double a = p[k];
            p[k] = cosine * a - sine * q[k];
            q[k] = sine * a + cosine * q[k];
        }
        return true;
    }
}
