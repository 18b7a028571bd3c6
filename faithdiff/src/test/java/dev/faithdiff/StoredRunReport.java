package dev.faithdiff;

import dev.faithdiff.image.Image;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Every stored run of the published pipeline on a device, as a table of errors beside what the fixtures allow; exit code 1 if one is beyond.
 * Outside of Maven: {@code java -cp ... -Dfixtures.dir=DIR dev.faithdiff.StoredRunReport MODEL DEVICE}, with the fixtures' checkpoint as
 * {@code faithdiff convert} writes it.
 */
public final class StoredRunReport {
    private final Table table = new Table("run", "stage", "worst error", "allowed", "verdict");
    private boolean passed = true;

    private StoredRunReport() {}

    public static void main(String[] arguments) {
        if (arguments.length != 2) {
            System.err.println("takes a model folder and a device, for example tiny cuda:0");
            System.exit(2);
        }
        System.exit(new StoredRunReport().run(Path.of(arguments[0]), arguments[1]) ? 0 : 1);
    }

    /** True if every stage of every run is within its tolerance. */
    boolean run(Path folder, String device) {
        try (Model model = Model.open(folder, Device.of(device))) {
            for (String name : StoredRun.names()) run(name, model);
        } catch (RuntimeException e) {
            System.err.println("stored runs: " + e.getMessage());
            return false;
        }
        System.out.print(table);
        return passed;
    }

    private void run(String name, Model model) {
        try {
            new StoredRun(name, model, new StoredRun.Check() {
                @Override public void values(String stage, float[] actual, float[] expected, double atol) { row(name, stage, error(actual, expected), atol); }

                @Override public void image(String stage, Image actual, Image expected) { row(name, stage, error(actual, expected), 2); }
            }).run();
        } catch (RuntimeException e) {
            passed = false;
            table.row(name, "", null, null, "FAILS: " + e.getMessage());
        }
    }

    private void row(String run, String stage, double error, double allowed) {
        boolean within = error <= allowed;
        passed &= within;
        table.row(run, stage, error, allowed, within ? "passes" : "FAILS");
        if (!within) System.err.printf(Locale.ROOT, "%s, %s: error %s, allowed %s%n", run, stage, Table.number(error), Table.number(allowed));
    }

    /** The largest difference; infinite where one side has another length or a NaN. */
    private static double error(float[] actual, float[] expected) {
        double worst = actual.length == expected.length ? 0 : Double.POSITIVE_INFINITY;
        for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
            double d = Math.abs((double) actual[i] - expected[i]);
            worst = Math.max(worst, Double.isNaN(d) ? Double.POSITIVE_INFINITY : d);
        }
        return worst;
    }

    /** The largest difference of 8-bit samples. */
    private static double error(Image actual, Image expected) {
        boolean alike = actual.width() == expected.width() && actual.height() == expected.height();
        return alike ? error(actual.toFloats(), expected.toFloats()) * 127.5 : Double.POSITIVE_INFINITY;
    }
}
