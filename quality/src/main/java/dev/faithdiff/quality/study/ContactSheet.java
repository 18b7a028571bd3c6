package dev.faithdiff.quality.study;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Pictures of some photos side by side: the bad photo, each system's first seed, the good photo. Results wait in the folder {@code results}. */
record ContactSheet(Study study, Path folder) {
    private static final int SIDE = 256, HEAD = 20, GAP = 4;
    private static final String INPUT = "input", ORIGINAL = "original";

    /** Whether a cell's result is shown. */
    boolean shows(Cell.Key key) {
        List<String> shown = photos();
        return shown.contains(key.photo()) && system(key.system()).seeds().getFirst() == key.seed();
    }

    private List<String> photos() {
        List<String> all = study.photos().names();
        return all.subList(0, Math.min(study.effort().sheets(), all.size()));
    }

    private StudySystem system(String name) { return study.systems().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow(); }

    void keep(Cell.Key key, Image result) { write(result, file(key.degradation(), study.systems().indexOf(system(key.system())) + "", key.photo())); }

    /** Keeps the bad photo, and the good one if there is one. */
    void keepInput(Cell.Key key, Image bad, Image good) {
        Path input = file(key.degradation(), INPUT, key.photo());
        if (!Files.exists(input)) write(bad, input);
        Path original = file(key.degradation(), ORIGINAL, key.photo());
        if (good != null && !Files.exists(original)) write(good, original);
    }

    private static void write(Image image, Path file) {
        try {
            Files.createDirectories(file.getParent());
            ImageFiles.write(image, file);
        } catch (IOException e) {
            throw new ImageError("cannot write " + file + ": " + ImageFiles.reason(e), e);
        }
    }

    private Path file(String degradation, String what, String photo) {
        return folder.resolve("results").resolve(place(degradation)).resolve(what + "-" + study.photos().names().indexOf(photo) + ".png");
    }

    /** Number and name of a degradation, as a file is named. */
    private String place(String degradation) {
        int at = study.degradations().stream().map(StudyDegradation::name).toList().indexOf(degradation);
        return at + "-" + degradation.replaceAll("[^\\p{L}\\p{N}.]+", "-");
    }

    /** Writes the sheet of a degradation. Null if nothing of it is there. */
    Path write(StudyDegradation degradation) {
        List<String> columns = new ArrayList<>(List.of(INPUT)), heads = new ArrayList<>(List.of(INPUT));
        for (int i = 0; i < study.systems().size(); i++) {
            columns.add(i + "");
            heads.add(study.systems().get(i).name());
        }
        if (study.photos().hasReferences()) {
            columns.add(ORIGINAL);
            heads.add(ORIGINAL);
        }
        int width = columns.size() * (SIDE + GAP), height = HEAD + photos().size() * (SIDE + GAP);
        BufferedImage sheet = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet.createGraphics();
        g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        boolean isEmpty = true;
        for (int c = 0; c < columns.size(); c++) {
            g.setClip(c * (SIDE + GAP), 0, SIDE, height);
            g.setColor(Color.WHITE);
            g.drawString(heads.get(c), c * (SIDE + GAP) + 3, HEAD - 6);
            for (int r = 0; r < photos().size(); r++) {
                Path file = file(degradation.name(), columns.get(c), photos().get(r));
                if (!Files.exists(file)) continue;
                g.drawImage(tile(ImageFiles.read(file)), c * (SIDE + GAP), HEAD + r * (SIDE + GAP), null);
                isEmpty = false;
            }
        }
        g.dispose();
        if (isEmpty) return null;
        Path out = folder.resolve("sheet-" + place(degradation.name()) + ".jpg");
        ImageFiles.write(image(sheet), out);
        return out;
    }

    /** An image as large as fits into the sheet's square: a small one is enlarged pixel by pixel. */
    private static BufferedImage tile(Image image) {
        double factor = (double) SIDE / Math.max(image.width(), image.height());
        int width = Math.max((int) Math.round(image.width() * factor), 1), height = Math.max((int) Math.round(image.height() * factor), 1);
        Image fit = factor == 1 ? image : Resize.resize(image, width, height, factor > 1 ? Filter.NEAREST : Filter.LANCZOS);
        BufferedImage tile = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            tile.setRGB(i % width, i / width, fit.sample(3 * i) << 16 | fit.sample(3 * i + 1) << 8 | fit.sample(3 * i + 2));
        }
        return tile;
    }

    private static Image image(BufferedImage from) {
        byte[] rgb = Image.blank(from.getWidth(), from.getHeight());
        for (int i = 0; i < rgb.length / 3; i++) {
            int p = from.getRGB(i % from.getWidth(), i / from.getWidth());
            rgb[3 * i] = (byte) (p >> 16);
            rgb[3 * i + 1] = (byte) (p >> 8);
            rgb[3 * i + 2] = (byte) p;
        }
        return Image.of(from.getWidth(), from.getHeight(), rgb);
    }
}
