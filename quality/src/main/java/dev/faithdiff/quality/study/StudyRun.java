package dev.faithdiff.quality.study;

import dev.faithdiff.image.Damage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.quality.Consistency;
import dev.faithdiff.quality.Measure;
import dev.faithdiff.quality.Measures.Entry;
import dev.faithdiff.quality.NetworkMeasure;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.tensor.PeakMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;

/** Does the cells of a study that are not done yet, one system after the other, and writes the report. */
public final class StudyRun {
    private static final String CELLS = "cells.jsonl", SETTINGS = "study.json";

    private final Study study;
    private final Path folder;
    private final Compute on;
    private final Consumer<String> says;
    /** Systems that could not be opened, and why. */
    private final Map<String, String> closed = new LinkedHashMap<>();

    /**
     * A study with its folder.
     *
     * @param on   where systems compute
     * @param says gets what is done, in lines
     * @throws ImageError in one line if the folder cannot be written or belongs to another study
     */
    public StudyRun(Study study, Path folder, Compute on, Consumer<String> says) {
        this.study = study;
        this.folder = folder;
        this.on = on;
        this.says = says;
        try {
            Files.createDirectories(folder);
            Path settings = folder.resolve(SETTINGS);
            if (!Files.exists(settings)) OutputFile.write(settings, study.settings());
            else if (!Files.readString(settings).equals(study.settings())) {
                throw new ImageError(folder + " holds another study, see its " + SETTINGS + ": name another folder");
            }
        } catch (IOException e) {
            throw new ImageError("cannot write " + folder + ": " + ImageFiles.reason(e), e);
        }
    }

    /**
     * Does what is left and writes the report.
     *
     * @param retries whether cells that failed are done again
     * @return the report
     */
    public Path run(boolean retries) {
        try (CellFile cells = new CellFile(folder.resolve(CELLS), retries)) {
            doLeft(cells);
            return new StudyReport(new Summary(study, cells.cells()), closed, folder).write();
        } finally {
            study.measures().forEach(e -> close(e.measure()));
        }
    }

    /** Does what is left and writes no report. The weights of measures stay open. */
    Summary cells() {
        try (CellFile cells = new CellFile(folder.resolve(CELLS), false)) {
            doLeft(cells);
            return new Summary(study, cells.cells());
        }
    }

    private void doLeft(CellFile cells) {
        for (StudySystem system : study.systems()) {
            List<Cell.Key> left = keys(system).stream().filter(k -> !cells.cells().containsKey(k)).toList();
            if (!left.isEmpty()) run(system, left, cells);
        }
    }

    /** Systems that could not be opened, and why. */
    Map<String, String> closed() { return closed; }

    /** Frees the weights of a measure that is a network. */
    static void close(Measure m) { if (m instanceof NetworkMeasure network) network.close(); }

    /** All cells of a system, in their order. */
    private List<Cell.Key> keys(StudySystem system) {
        List<Cell.Key> keys = new ArrayList<>();
        for (long seed : system.seeds()) {
            for (StudyDegradation d : study.degradations()) {
                for (String photo : study.photos().names()) keys.add(new Cell.Key(system.name(), d.name(), photo, seed));
            }
        }
        return keys;
    }

    private void run(StudySystem system, List<Cell.Key> left, CellFile cells) {
        says.accept(system.name() + ": " + left.size() + " of " + keys(system).size() + " cells to do");
        boolean isFirst = true;
        try (StudySystem.Opened opened = system.open(on, study.photos().scale())) {
            for (Cell.Key key : left) {
                Cell cell = cell(opened, key, isFirst);
                cells.add(cell);
                if (cell.failure() == null) isFirst = false;
                else says.accept(key.system() + ", " + key.degradation() + ", " + key.photo() + ": " + cell.failure());
            }
        } catch (CancellationException | ImageError e) {
            throw e;
        } catch (RuntimeException e) {
            closed.put(system.name(), line(e));
            says.accept(system.name() + " is left out: " + line(e));
        }
    }

    private Cell cell(StudySystem.Opened opened, Cell.Key key, boolean isFirst) {
        StudyPhotos photos = study.photos();
        Cell.Bad seen = null;
        try {
            int at = photos.names().indexOf(key.photo());
            Image good = photos.photo(at);
            Image bad = photos.hasReferences() ? degradation(key).degrade(good, photos.scale(), photos.seed(at)) : good;
            Damage damage = Damage.of(bad);
            seen = new Cell.Bad(damage.toString(), damage.isMild());
            double[] millis = new double[study.effort().repeats()];
            Image result = null;
            PeakMemory.reset();
            for (int i = 0; i < millis.length; i++) {
                long begin = System.nanoTime();
                result = opened.result(bad, good, key.seed());
                millis[i] = (System.nanoTime() - begin) / 1e6;
            }
            long peak = PeakMemory.bytes();
            Map<String, Double> values = new LinkedHashMap<>();
            Map<String, String> missing = new LinkedHashMap<>();
            for (Entry e : study.measures()) if (e.missing() == null) measure(e.measure(), result, good, bad, values, missing);
            keep(key, result, bad, good);
            return new Cell(key, values, missing, null, seen, new Cell.Cost(isFirst, millis, peak));
        } catch (CancellationException e) {
            throw e;
        } catch (RuntimeException | OutOfMemoryError e) {
            return new Cell(key, Map.of(), Map.of(), line(e), seen, null);
        }
    }

    private StudyDegradation degradation(Cell.Key key) {
        return study.degradations().stream().filter(d -> d.name().equals(key.degradation())).findFirst().orElseThrow();
    }

    private void measure(Measure m, Image result, Image good, Image bad, Map<String, Double> values, Map<String, String> missing) {
        try {
            double value = m.of(result.to8Bits(), m instanceof Consistency ? bad : study.photos().hasReferences() ? good : null);
            if (Double.isFinite(value)) values.put(m.name(), value);
            else missing.put(m.name(), m.name() + " is " + value);
        } catch (CancellationException e) {
            throw e;
        } catch (RuntimeException e) { // damaged weights cost a measure, not the cell
            missing.put(m.name(), line(e));
        }
    }

    /** Keeps the images of the contact sheets. */
    private void keep(Cell.Key key, Image result, Image bad, Image good) {
        ContactSheet sheet = new ContactSheet(study, folder);
        if (!sheet.shows(key)) return;
        sheet.keep(key, result);
        sheet.keepInput(key, bad, study.photos().hasReferences() ? good : null);
    }

    /** The reason of a failure, in one line. */
    private static String line(Throwable e) {
        boolean isInternal = e.getMessage() == null || e instanceof NullPointerException || e instanceof IndexOutOfBoundsException;
        return (isInternal ? e.toString() : e.getMessage()).replaceAll("\\s*\\R\\s*", " ");
    }
}
