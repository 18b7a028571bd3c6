package dev.faithdiff.report;

import dev.faithdiff.model.Checksums;
import dev.faithdiff.quality.trust.Calibration;
import dev.faithdiff.restore.Compute;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The model that results come from.
 *
 * @param asked       the flags by which a command line asked for it, by name; none for the default
 * @param sums        SHA-256 of each file, by the folder's name and its path there
 * @param calibration null: none
 */
public record ReportedModel(Map<String, Object> asked, Map<String, String> sums, Compute on, Calibration calibration) {
    /** SHA-256 of files by name. */
    public static Map<String, String> sums(Map<String, Path> files) {
        Map<String, String> sums = new LinkedHashMap<>();
        files.forEach((name, file) -> sums.put(name, Checksums.of(file)));
        return sums;
    }
}
