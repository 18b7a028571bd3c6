package dev.faithdiff.quality.ocr;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.MeasureError;
import dev.faithdiff.tensor.host.IoReason;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Recognises words by any command that prints Tesseract's table (TSV). What it read of the last two images is kept, so that several measures ask
 * once.
 */
public final class TextReader {
    /** Stands for the image's file in a command; without it the file comes last. */
    public static final String IMAGE = "IMAGE", INITIAL = "tesseract IMAGE stdout --psm 6 tsv";

    private record Reading(Image image, List<Word> words) {}

    private final List<String> command;
    private final Reading[] last = new Reading[2];

    /** @param command words between blanks; no shell sees them */
    public TextReader(String command) {
        if (command.isBlank()) throw new MeasureError("the command that recognises text is empty");
        this.command = new ArrayList<>(Arrays.asList(command.strip().split("\\s+")));
        if (!this.command.contains(IMAGE)) this.command.add(IMAGE);
    }

    /** Null if the command is there; else the reason in words. */
    public String missing() {
        String program = command.getFirst();
        if (program.contains(File.separator)) return Files.isExecutable(Path.of(program)) ? null : "there is no program " + program;
        for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) return null;
        }
        return "there is no program " + program + " on the PATH";
    }

    /** The words in the order of the table. @throws MeasureError if the command fails or prints something else */
    synchronized List<Word> read(Image image) {
        for (Reading r : last) if (r != null && r.image == image) return r.words;
        List<Word> words = words(printed(image));
        last[0] = last[1];
        last[1] = new Reading(image, words);
        return words;
    }

    private String printed(Image image) {
        Path file = null;
        try {
            file = Files.createTempFile("faithdiff", ".png");
            ImageFiles.write(image, file);
            String name = file.toString();
            List<String> words = command.stream().map(w -> w.equals(IMAGE) ? name : w).toList();
            Process process = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            process.getOutputStream().close();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            if (code != 0) throw new MeasureError("recognising text failed: " + command.getFirst() + " ended with code " + code);
            return text;
        } catch (IOException e) {
            throw new MeasureError("recognising text failed: " + IoReason.of(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MeasureError("recognising text was interrupted", e);
        } finally {
            if (file != null) file.toFile().delete();
        }
    }

    /** Words are rows of level 5 with a confidence and a text. */
    static List<Word> words(String tsv) {
        List<String> lines = tsv.lines().toList(), names = lines.isEmpty() ? List.of() : Arrays.asList(lines.getFirst().split("\t"));
        int[] at = List.of("level", "conf", "text", "left", "top", "width", "height").stream().mapToInt(names::indexOf).toArray();
        if (Arrays.stream(at).anyMatch(i -> i < 0)) throw new MeasureError("the command that recognises text did not print Tesseract's table (TSV)");
        List<Word> words = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] cells = line.split("\t", -1);
            if (cells.length < names.size() || !cells[at[0]].equals("5") || cells[at[2]].isBlank()) continue;
            try {
                double[] box = new double[4];
                for (int k = 0; k < 4; k++) box[k] = Double.parseDouble(cells[at[3 + k]]);
                if (Double.parseDouble(cells[at[1]]) < 0) continue;
                words.add(Word.inBox(cells[at[2]], box[0], box[1], box[0] + box[2], box[1] + box[3]));
            } catch (NumberFormatException e) {
                throw new MeasureError("the command that recognises text printed a row without numbers: " + line, e);
            }
        }
        return words;
    }
}
