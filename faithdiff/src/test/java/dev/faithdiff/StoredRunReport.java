package dev.faithdiff;

import dev.faithdiff.image.Image;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.op.Backend;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Every stored run of the published pipeline on a device, as a table of errors beside what is allowed; exit code 1 if one is beyond. In F32 the
 * fixtures say what is allowed. They have no runs in 16 bits: there it is a part of the largest value, by experience with rounding alone.
 * Outside of Maven: {@code java -cp ... -Dfixtures.dir=DIR dev.faithdiff.StoredRunReport MODEL DEVICE TYPE}, with the fixtures' checkpoint as
 * {@code faithdiff convert} writes it.
 */
public final class StoredRunReport {
    private final Table table = new Table("run", "stage", "worst error", "allowed", "verdict");
    private int failures;

    private final DType type;

    StoredRunReport(DType type) { this.type = type; }

    public static void main(String[] arguments) {
        if (arguments.length != 3) {
            System.err.println("takes a model folder, a device and a type, for example tiny cuda:0 F16");
            System.exit(2);
        }
        System.exit(new StoredRunReport(DType.valueOf(arguments[2])).run(Path.of(arguments[0]), arguments[1]) ? 0 : 1);
    }

    /** True if every stage of every run is within its tolerance. */
    boolean run(Path folder, String device) {
        try (Model model = Model.open(new ModelFolder(folder), new Compute(Backend.device(device), NumberType.valueOf(type.name()), Offload.NONE))) {
            for (String name : StoredRun.names()) run(name, model);
        } catch (RuntimeException e) {
            System.err.println("stored runs: " + e.getMessage());
            return false;
        }
        System.out.print(table);
        System.out.println(type + " on " + device + ": " + table.size() + " results, " + failures + " beyond what is allowed");
        return failures == 0;
    }

    private void run(String name, Model model) {
        int before = failures;
        try {
            new StoredRun(name, model, new StoredRun.Check() {
                @Override public void values(String stage, float[] actual, float[] expected, double atol) {
                    row(name, stage, error(actual, expected), allowed(expected, atol));
                }

                @Override public void image(String stage, Image actual, Image expected) {
                    row(name, stage, error(actual, expected), type == DType.F32 ? 2 : 255 * part());
                }
            }).run();
        } catch (RuntimeException e) {
            failures++;
            table.row(name, "", null, null, "FAILS: " + e.getMessage());
        }
        System.err.println(name + (failures == before ? " passes" : " FAILS"));
    }

    private void row(String run, String stage, double error, double allowed) {
        boolean within = error <= allowed;
        if (!within) failures++;
        table.row(run, stage, error, allowed, within ? "passes" : "FAILS");
        if (!within) System.err.printf(Locale.ROOT, "%s, %s: error %s, allowed %s%n", run, stage, Table.number(error), Table.number(allowed));
    }

    private double part() { return type == DType.F16 ? 0.02 : 0.15; }

    private double allowed(float[] expected, double atol) {
        if (type == DType.F32 || atol == 0) return atol;
        double largest = 0;
        for (float v : expected) largest = Math.max(largest, Math.abs(v));
        return part() * largest;
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
