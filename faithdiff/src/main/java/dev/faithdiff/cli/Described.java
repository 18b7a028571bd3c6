package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.caption.CaptionOptions;
import dev.faithdiff.restore.caption.CaptionOptions.Style;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.Captioners;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What a captioner says of photos, where {@code --prompt auto} asks for it. It has left the memory before a restorer enters.
 *
 * @param ofTiles whether each tile has its words
 */
record Described(Map<Path, String> texts, boolean ofTiles) {
    /**
     * The captioner that is asked for.
     *
     * @param command  another program, or null
     * @param style    what becomes of sentences
     * @param rounding the type to which products round their factors, or null
     */
    static Captioner captioner(AutoPrompt prompt, String command, Style style, DType rounding, Device on) {
        if (command != null) return CommandCaptioner.of(command);
        return Captioners.open(Captioners.folder(prompt.captioner()), on, CaptionOptions.PUBLISHED.with(style).with(rounding));
    }

    /** What each of so many parts along each side of a photo shows, row by row. */
    static List<String> parts(Captioner captioner, Image photo, int along) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < along * along; i++) {
            int row = i / along, column = i % along, w = photo.width(), h = photo.height();
            int x = w * column / along, y = h * row / along;
            texts.add(captioner.describe(photo.crop(x, y, w * (column + 1) / along - x, h * (row + 1) / along - y)));
        }
        return texts;
    }

    /**
     * Photos without captions of their own. One that cannot be read has no description, and is reported when it is to be restored.
     *
     * @param open   opens the captioner
     * @param strict whether damaged photos are refused
     * @param told   hears of each photo and its description
     */
    static Described photos(Supplier<Captioner> open, List<Path> photos, boolean strict, BiConsumer<Path, String> told) {
        try (Captioner captioner = open.get()) {
            List<Path> without = photos.stream().filter(p -> Caption.of(p).text() == null).toList();
            return new Described(texts(captioner::describe, without, strict, told), false);
        }
    }

    /** Photos in tiles, also those with captions of their own. @param describe opens what cuts a photo and what describes its tiles, one by one */
    static Described tiles(Function<Image, String> describe, List<Path> photos, boolean strict, BiConsumer<Path, String> told) {
        return new Described(texts(describe, photos, strict, told), true);
    }

    private static Map<Path, String> texts(Function<Image, String> describe, List<Path> photos, boolean strict, BiConsumer<Path, String> told) {
        Map<Path, String> texts = new HashMap<>();
        for (Path photo : photos) {
            try {
                texts.put(photo, describe.apply(Batch.read(photo, strict).visible()));
            } catch (ImageError e) {
                texts.put(photo, "");
                continue;
            }
            told.accept(photo, texts.get(photo));
        }
        return texts;
    }

    /** The caption beside a photo or, without one or of tiles, the description; neither for a photo that was not described. */
    Caption caption(Path photo) {
        Caption own = Caption.of(photo);
        return own.text() != null && !ofTiles ? own : new Caption(texts.get(photo), own.remarks());
    }
}
