package dev.faithdiff.restore.ram;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.restore.caption.Tagger.Tag;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The tags that a tagger knows, and the score that each must exceed: the file {@code tags.txt}, with a line for each tag, its score and a tab
 * before it.
 */
record TagList(List<String> names, double[] thresholds) {
    static final String FILE = "tags.txt";

    /** @param count of the network's labels */
    static TagList read(Path file, int count) {
        List<String> lines = lines(file);
        if (lines.size() != count) throw new ModelError(file, "has " + lines.size() + " tags, but the network has " + count);
        List<String> names = new ArrayList<>();
        double[] thresholds = new double[count];
        for (String line : lines) {
            boolean fits = line.matches("[01](\\.\\d{1,9})?\t\\S.*");
            if (!fits) throw new ModelError(file, "has a line that is no score and tag: " + ModelError.clean(line));
            int tab = line.indexOf('\t');
            thresholds[names.size()] = Double.parseDouble(line.substring(0, tab));
            names.add(line.substring(tab + 1));
        }
        return new TagList(names, thresholds);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new ModelError(file, "cannot be read: " + IoReason.of(e), e);
        }
    }

    /** The tags whose scores exceed theirs. @param logits scores before the sigmoid */
    List<Tag> of(float[] logits) {
        List<Tag> tags = new ArrayList<>();
        for (int i = 0; i < logits.length; i++) {
            float score = (float) (1 / (1 + Math.exp(-logits[i])));
            if (score > (float) thresholds[i]) tags.add(new Tag(names.get(i), score));
        }
        return tags;
    }
}
