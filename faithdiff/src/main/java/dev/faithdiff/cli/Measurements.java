package dev.faithdiff.cli;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.quality.Better;
import dev.faithdiff.quality.Consistency;
import dev.faithdiff.quality.FolderDistance;
import dev.faithdiff.quality.Measure;
import dev.faithdiff.quality.MeasureError;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Values of measures, photo by photo, and distances of whole folders. A value that a measure cannot give is NaN. */
final class Measurements {
    private final List<Measure> measures;
    private final boolean isStrict;
    private final int border;
    private final Consumer<String> remarks;
    private final List<PhotoPair> pairs = new ArrayList<>();
    private final List<double[]> values = new ArrayList<>();
    private Map<FolderDistance, Double> distances = Map.of();
    /** How many photos the folders have. */
    private String sizes = "";

    /** @param isStrict whether a photo that is too small for a measure is an error; else a remark */
    Measurements(List<Measure> measures, boolean isStrict, int border, Consumer<String> remarks) {
        this.measures = measures;
        this.isStrict = isStrict;
        this.border = border;
        this.remarks = remarks;
    }

    /** Whether anything is measured photo by photo. */
    boolean isOfPhotos() { return !measures.isEmpty(); }

    /** Measures two folders as a whole. */
    void add(List<Path> a, List<Path> b, List<FolderDistance> wanted, Path weights, Device device) {
        distances = FolderDistance.between(a, b, wanted, this::read, weights, device);
        sizes = a.size() + " and " + b.size();
    }

    /** Measures one more photo. */
    void add(PhotoPair pair) {
        Image image = read(pair.photo()), reference = pair.reference() == null ? null : read(pair.reference());
        boolean isOneSize = reference == null || image.width() == reference.width() && image.height() == reference.height();
        if (!isOneSize && measures.stream().anyMatch(m -> m.needsReference() && !(m instanceof Consistency))) {
            throw new MeasureError(pair.photo() + " has " + size(image) + " pixels and " + pair.reference() + " " + size(reference)
                    + ": photos of one size are compared (--only consistency shrinks the first)");
        }
        pairs.add(pair);
        values.add(measures.stream().mapToDouble(m -> value(m, image, reference, pair)).toArray());
    }

    private double value(Measure measure, Image image, Image reference, PhotoPair pair) {
        try {
            return measure.of(image, reference);
        } catch (MeasureError e) {
            if (isStrict) throw new MeasureError(pair.photo() + ": " + e.getMessage(), e);
            remarks.accept(pair.photo() + ": " + e.getMessage());
            return Double.NaN;
        }
    }

    /** A photo without its border. */
    private Image read(Path file) {
        Image image = ImageFiles.read(file);
        int w = image.width() - 2 * border, h = image.height() - 2 * border;
        if (w <= 0 || h <= 0) throw new MeasureError(file + ": nothing of " + size(image) + " is left without " + border + " pixels at each side");
        return image.crop(border, border, w, h);
    }

    private static String size(Image image) { return image.width() + "x" + image.height(); }

    /** The photos, if any, and below them the folders. */
    String table() {
        if (distances.isEmpty()) return ofPhotos();
        Table table = new Table("measure", "value", "better", "photos");
        distances.forEach((d, value) -> table.row(d, String.format(Locale.ROOT, "%.6f", value), Better.LOWER, sizes));
        return (isOfPhotos() ? ofPhotos() + "\n" : "") + table;
    }

    /** One row for each measure of a single photo, one for each photo of several, with their mean last. */
    private String ofPhotos() {
        if (values.size() == 1) {
            Table table = new Table("measure", "value", "better");
            for (int i = 0; i < measures.size(); i++) {
                Measure m = measures.get(i);
                table.row(m.name(), cell(values.getFirst()[i]), m.better());
            }
            return table.toString();
        }
        Table table = new Table(headings("photo"));
        for (int i = 0; i < values.size(); i++) table.row(cells(pairs.get(i).name(), values.get(i)));
        return table.row(cells("mean of " + values.size(), means())).toString();
    }

    private String[] headings(String first) {
        List<String> all = new ArrayList<>(List.of(first));
        for (Measure m : measures) all.add(m.name());
        return all.toArray(String[]::new);
    }

    private static Object[] cells(String first, double[] numbers) {
        List<Object> all = new ArrayList<>(List.of(first));
        for (double n : numbers) all.add(cell(n));
        return all.toArray();
    }

    private static String cell(double v) { return Double.isNaN(v) ? "" : String.format(Locale.ROOT, "%.4f", v); }

    /** Over the photos that have a value. */
    private double[] means() {
        double[] means = new double[measures.size()];
        for (int m = 0; m < means.length; m++) {
            int at = m;
            means[m] = values.stream().mapToDouble(v -> v[at]).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
        }
        return means;
    }

    String json() {
        JsonObject all = new JsonObject();
        JsonArray photos = new JsonArray();
        for (int i = 0; i < values.size(); i++) {
            JsonObject photo = new JsonObject();
            photo.addProperty("photo", pairs.get(i).photo().toString());
            if (pairs.get(i).reference() != null) photo.addProperty("reference", pairs.get(i).reference().toString());
            photo.add("values", json(values.get(i)));
            photos.add(photo);
        }
        all.add("photos", photos);
        all.add("mean", json(means()));
        JsonObject folders = new JsonObject();
        distances.forEach((d, value) -> folders.addProperty(d.toString(), value));
        if (!distances.isEmpty()) all.add("folders", folders);
        return new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create().toJson(all) + "\n";
    }

    private JsonObject json(double[] numbers) {
        JsonObject json = new JsonObject();
        for (int m = 0; m < numbers.length; m++) json.addProperty(measures.get(m).name(), Double.isFinite(numbers[m]) ? numbers[m] : null);
        return json;
    }

    void writeCsv(Path file) {
        String heads = distances.keySet().stream().map(d -> "," + d).collect(Collectors.joining()), blanks = ",".repeat(distances.size());
        StringBuilder text = new StringBuilder(String.join(",", headings("photo")) + heads + "\n");
        for (int i = 0; i < values.size(); i++) {
            String numbers = Arrays.stream(values.get(i)).mapToObj(v -> Double.isNaN(v) ? "" : Double.toString(v)).collect(Collectors.joining(","));
            text.append('"').append(pairs.get(i).name().replace("\"", "\"\"")).append("\",").append(numbers).append(blanks).append('\n');
        }
        String folders = distances.values().stream().map(v -> "," + v).collect(Collectors.joining());
        if (!distances.isEmpty()) text.append("\"all\"").append(",".repeat(measures.size())).append(folders).append('\n');
        OutputFile.write(file, text.toString());
    }
}
